"""F10: a clip that crashes, hangs, runs out of memory or leaves costs itself, and every other one is done."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import Reason
from tests.support.fake_stages import Length
from tests.support.rig import calls, go, study_of, until
from tests.support.zygote import Zygote

CLIPS = 50
TROUBLE = {
    "clip00003": ("crash", Reason.QUARANTINED),
    "clip00017": ("hang", Reason.TIMEOUT),
    "clip00029": ("memory", Reason.OUT_OF_MEMORY),
    "clip00041": ("exit", Reason.QUARANTINED),
}


def failures(path: Path) -> dict[str, str]:
    """The reason of each clip that failed, by clip."""
    sql = "SELECT clip_id, arg_max(reason, attempt_id) FROM attempts WHERE status = 'failed' GROUP BY ALL"
    with duckdb.connect(str(path), read_only=True) as connection:
        return dict(connection.execute(sql).fetchall())


@pytest.mark.slow
def test_f10_four_bad_clips_of_fifty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None]
) -> None:
    monkeypatch.setattr("pipeline.run.executors.local.BUILD_ALLOWANCE_S", 20.0)
    monkeypatch.setattr("tests.support.rig.Counted.deadline_s", Length.deadline_s)
    trouble = ",".join(f"{name}={what}" for name, (what, _) in TROUBLE.items())
    study = study_of(tmp_path, CLIPS, f'[length]\ntrouble = "{trouble}"\n')
    report = go(study, workers=2)
    assert report.passed["length"] == CLIPS - len(TROUBLE)
    assert failures(study.folder.published) == {f"file:{name}.wav": reason for name, (_, reason) in TROUBLE.items()}
    again = go(study, workers=2)
    assert again.failed == {"length": Counter({Reason.TIMEOUT: 1, Reason.OUT_OF_MEMORY: 1})}, "two are left alone"
    done = CLIPS - len(TROUBLE)
    tell(f"a crash, a hang, no memory and an exit among {CLIPS} clips: {done} done, {len(TROUBLE)} with their reason")


@pytest.mark.slow
@pytest.mark.parametrize(("in_batches", "crashes"), [(False, 3), (True, 4)])
def test_a_clip_that_crashes_the_whole_run_is_left_alone_after_three_times(
    zygote: Zygote, tmp_path: Path, in_batches: bool, crashes: int
) -> None:
    study = study_of(tmp_path, 4, '[run]\nworkers = 0\n[length]\ntrouble = "clip00001=crash"\n')

    def run(**told: bool) -> int:
        stages = "fakes in batches" if in_batches else "fakes"
        return zygote.run(study, as_its_file_says=True, stages=stages, **told)

    for _ in range(crashes):  # of a batch, the first one only tells that its clips are to run by themselves
        assert run() == -signal.SIGSEGV
    assert run() == 0
    assert failures(study.folder.published) == {"file:clip00001.wav": Reason.QUARANTINED}
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM lengths").fetchall() == [(3,)]
    assert run() == 0, "it stays alone"
    assert run(retry_failed=True) == -signal.SIGSEGV, "until somebody asks for it"


@pytest.mark.slow
def test_a_run_that_is_killed_says_nothing_of_its_clips(zygote: Zygote, tmp_path: Path) -> None:
    study = study_of(tmp_path, 2, "[run]\nworkers = 0\n[length]\npause_s = 1.0\n")
    for _ in range(4):
        begun = len(calls(study))
        run = zygote.fork(study, as_its_file_says=True)
        assert until(lambda begun=begun: len([one for one in calls(study)[begun:] if one.startswith("length")]) > 0)
        os.kill(run, signal.SIGKILL)
        assert zygote.wait(run) == -signal.SIGKILL
    assert zygote.run(study, as_its_file_says=True) == 0
    assert failures(study.folder.published) == {}
