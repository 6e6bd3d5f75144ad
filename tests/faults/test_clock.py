"""F14: a clock that jumps back an hour or on a day changes no result, and no pause."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import Reason
from pipeline.run import collector
from pipeline.sources.platforms.rate_limit import Pace
from tests.run.executors.test_platform_lanes import Line as LaneLine
from tests.run.executors.test_platform_lanes import say
from tests.support.rig import go, state, study_of
from tests.support.zygote import Zygote

CLIPS = 20


@pytest.mark.slow
def test_f14_a_clock_that_jumps(failing: Zygote, tmp_path: Path, tell: Callable[[str], None]) -> None:
    undisturbed = study_of(tmp_path / "undisturbed", CLIPS)
    go(undisturbed)
    study = study_of(tmp_path / "jumping", CLIPS)
    assert failing.run(study, save_every_s=0.0, publish_every_s=0.5, clock_jumps=True) == 0
    assert failing.run(study, clock_jumps=True) == 0
    assert state(study) == state(undisturbed)
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        spread, least = connection.execute(
            "SELECT date_diff('hour', min(finished_at), max(finished_at)), min(seconds) FROM attempts"
        ).fetchall()[0]
    assert spread >= 20, "the clock did jump"
    assert least >= 0
    tell(f"a clock that jumps -1 h and +1 day during a run of {CLIPS} clips: the same tables, no negative time")


@pytest.mark.slow
@pytest.mark.parametrize("jump_s", [-3_600, 86_400])
def test_f14_pauses_of_a_lane_do_not_follow_the_clock(
    monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None], jump_s: float
) -> None:
    true_time = time.time
    lane = LaneLine(Pace((0.2, 0.2)))
    lane.lane.add(lane.job("a", say, Reason.RATE_LIMITED, 0.5))
    lane.lane.add(lane.job("b"))
    monkeypatch.setattr(time, "time", lambda: true_time() + jump_s)
    lane.lane.start()
    lane.finish()
    lane.lane.stop()
    assert 0.5 <= lane.times[1] - lane.times[0] < 30
    tell("a pause of 0.5 s stays one")


def test_a_date_of_an_earlier_run_that_the_clock_left_behind_is_now() -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    assert collector._until(now - timedelta(days=1)) == 0.0
    assert 50 < collector._until(now + timedelta(seconds=60)) <= 60
