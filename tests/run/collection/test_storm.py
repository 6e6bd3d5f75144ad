"""A platform that refuses a third of the first requests loses nothing, and is never asked inside its pause."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from tests.support.platform.crowd import Crowd, addresses, collect, collecting_study, crowd

CLOCK_S = 0.02  # between the server's note of an answer and its arrival


def test_f6_a_storm_of_refusals(tmp_path: Path, size: Callable[[int, int], int], tell: Callable[[str], None]) -> None:
    posts, retry_after_s = size(40, 300), size(1, 3)
    with crowd(tmp_path, share_refused=0.3, retry_after_s=retry_after_s) as (_, way):
        study = collecting_study(tmp_path, way["proxy"], addresses(posts))
        report = collect(study)
        log = list(Crowd.log)
    refused = [time for time, _, status in log if status == 429]
    assert len(refused) >= 0.2 * posts
    assert report.passed == {"download": posts, "audio": posts}
    assert not report.failed
    assert report.waiting == 0
    for time in refused:
        inside = [path for other, path, _ in log if time < other < time + retry_after_s - CLOCK_S]
        assert inside == [], "nothing is asked while the platform wants its pause"
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        states = connection.execute("SELECT state, sum(posts) FROM collection_status GROUP BY state").fetchall()
        actions = connection.execute("SELECT DISTINCT action FROM attempts WHERE status = 'failed'").fetchall()
    assert states == [("arrived", posts)]
    assert actions == [("pause_lane",)]
    tell(
        f"{posts} posts, {len(refused)} answers of 429 with a Retry-After of {retry_after_s} s: all arrive, "
        "0 requests inside a pause, 0 posts lost"
    )
