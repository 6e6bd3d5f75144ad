"""A platform that refuses a third of the first requests loses nothing, and is never asked inside its pause."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipeline.records import Seconds
from pipeline.run.executors import platform_lanes
from tests.support.platform.crowd import Crowd, collect, collecting_study, crowd, post_urls

RETRY_AFTER_S = 30


class QuickClock(platform_lanes.Clock):
    """A clock that goes faster than time: pauses keep their length by it, and cost little."""

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def now(self) -> Seconds:
        return super().now() * self._speed

    def wait(self, changed: threading.Condition, seconds: Seconds) -> None:
        super().wait(changed, seconds / self._speed)


@pytest.mark.slow
def test_f6_a_storm_of_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: Callable[[int, int], int], tell: Callable[[str], None]
) -> None:
    posts, speed = size(40, 300), size(100, 10)
    monkeypatch.setattr(platform_lanes, "CLOCK", QuickClock(speed))
    with crowd(tmp_path, share_refused=0.3, retry_after_s=RETRY_AFTER_S) as (_, way):
        study = collecting_study(tmp_path, way["proxy"], post_urls(posts))
        report = collect(study)
        log = list(Crowd.log)
    refused = [time for time, _, status in log if status == 429]
    assert len(refused) >= 0.2 * posts
    assert report.passed == {"download": posts, "audio": posts}
    assert not report.failed
    assert report.waiting == 0
    for time in refused:
        inside = [path for other, path, _ in log if time < other < time + RETRY_AFTER_S / speed]
        assert inside == [], "nothing is asked while the platform wants its pause"
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        states = connection.execute("SELECT state, sum(posts) FROM collection_status GROUP BY state").fetchall()
        actions = connection.execute("SELECT DISTINCT action FROM attempts WHERE status = 'failed'").fetchall()
    assert states == [("arrived", posts)]
    assert actions == [("pause_lane",)]
    tell(
        f"{posts} posts, {len(refused)} answers of 429 with a Retry-After of {RETRY_AFTER_S} s: all arrive, "
        "0 requests inside a pause, 0 posts lost"
    )
