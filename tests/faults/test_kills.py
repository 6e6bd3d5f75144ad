"""F1, F2 and F11: whatever is killed and whenever, the tables end as those of a run that nobody disturbed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.run.executors.local import TRIES
from pipeline.study.config import Study
from tests.support.demo_part import demo_part, rows_of_part
from tests.support.kills import is_alive, run_and_kill
from tests.support.rig import STEPS, attempts_stored_twice, calls, go, rests, state, study_of, until
from tests.support.zygote import Zygote

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="forks runs and looks for processes in /proc")
CLIPS = 60
STEPS_OF_PART = 35  # three clips through eleven stages, and one that has no sound through two
SEED = 20261123
Size, Tell = Callable[[int, int], int], Callable[[str], None]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> dict[str, str]:
    study = study_of(tmp_path_factory.mktemp("undisturbed"), CLIPS)
    go(study)
    return state(study)


@pytest.mark.slow
def test_f1_kill_of_the_run(
    zygote: Zygote, undisturbed: dict[str, str], tmp_path: Path, size: Size, tell: Tell
) -> None:
    wanted, kills, repeated = size(10, 200), 0, 0
    draw = random.Random(SEED)
    for number in range(wanted):
        study = study_of(tmp_path / str(number), CLIPS)
        here = draw.randint(6, 12)
        goals = sorted(draw.sample(range(2 * CLIPS - 4), min(here, wanted - kills)))
        killed = run_and_kill(
            zygote, study, goals, lambda study=study: len(calls(study)), draw, save_every_s=0.0, publish_every_s=1.0
        )
        kills += killed
        assert state(study) == undisturbed
        assert attempts_stored_twice(study) == 0
        again = len(calls(study)) - len(set(calls(study)))
        assert again <= killed, "at most the clip in hand is done again"
        repeated += again
        assert rests(study) == []
        if kills >= wanted:
            break
    assert kills == wanted
    tell(
        f"kill -9 of the run at {wanted} random points of {CLIPS} clips: after {kills} of {wanted} the same tables, "
        f"{repeated} clips in hand done again (at most 1 a kill)"
    )


@pytest.mark.model
@pytest.mark.slow
def test_f1_kill_of_a_run_with_models(zygote: Zygote, demo: Study, tmp_path: Path, size: Size, tell: Tell) -> None:
    steps, wanted = tmp_path / "steps", size(4, 12)
    steps.touch()
    study = demo_part(tmp_path / "killed", like=demo)
    draw = random.Random(SEED)
    goals = sorted(draw.sample(range(STEPS_OF_PART - 4), wanted))
    kills = run_and_kill(
        zygote, study, goals, lambda: len(steps.read_text(encoding="utf-8").splitlines()), draw,
        stages="shipped", note_into=str(steps), save_every_s=0.0,
    )  # fmt: skip
    assert kills == wanted
    assert rows_of_part(study) == rows_of_part(demo)
    assert attempts_stored_twice(study) == 0
    assert rests(study) == []
    assert zygote.run(study, stages="shipped", note_into=str(tmp_path / "idle")) == 0
    assert not (tmp_path / "idle").exists(), "nothing is left to do"
    tell(f"kill -9 of a run with all models at {wanted} points: the rows of the demo")


def comes_to(study: Study, run: int, goal: int) -> bool:
    """Wait until a study has seen more calls of stages than that, or its run has ended."""
    return until(lambda: len(calls(study)) > goal or not is_alive(run))


def workers_of(run: int) -> list[int]:
    """The worker processes of a run."""
    found = Path(f"/proc/{run}/task/{run}/children").read_text(encoding="ascii").split()
    return [pid for pid in map(int, found) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.slow
def test_f2_kill_of_a_worker(
    zygote: Zygote, undisturbed: dict[str, str], tmp_path: Path, size: Size, tell: Tell
) -> None:
    wanted = size(4, 100)
    studies = kill_workers(zygote, undisturbed, tmp_path, wanted)
    tell(f"kill -9 of a worker at {wanted} random points of {studies} runs: each run goes on to the same tables")


@pytest.mark.slow
def test_f11_kill_of_a_worker_that_holds_a_batch(
    zygote: Zygote, undisturbed: dict[str, str], tmp_path: Path, size: Size, tell: Tell
) -> None:
    wanted = size(4, 20)
    studies = kill_workers(zygote, undisturbed, tmp_path, wanted, "fakes in batches")
    tell(f"kill -9 of a worker with a batch in hand, {wanted} times in {studies} runs: each ends in the same tables")


def kill_workers(zygote: Zygote, undisturbed: dict[str, str], folder: Path, wanted: int, stages: str = "fakes") -> int:
    """Kill -9 workers of runs that often, and look at what the runs end in; gives how many runs it took.

    In each stage one fewer than a clip may cost: whoever loses more is put into quarantine, and rightly.
    """
    draw, kills, number = random.Random(SEED), 0, 0
    while kills < wanted:
        study = study_of(folder / str(number), CLIPS, "[length]\npause_s = 0.02\n")
        number += 1
        run = zygote.fork(study, workers=2, stages=stages)
        reached, here = 0, Counter[str]()
        while kills < wanted and comes_to(study, run, reached) and is_alive(run):
            time.sleep(draw.uniform(0, 0.05))
            stage = calls(study)[-1].split()[0]
            if here[stage] < TRIES - 1 and (workers := workers_of(run)):
                os.kill(draw.choice(workers), signal.SIGKILL)
                kills, here[stage] = kills + 1, here[stage] + 1
            reached = len(calls(study)) + 6
        assert zygote.wait(run) == 0
        assert_same(state(study), undisturbed)
        assert attempts_stored_twice(study) == 0
    return number


def assert_same(found: dict[str, str], wanted: dict[str, str]) -> None:
    """The same but for the options of the fakes, which are part of the fingerprint."""
    names = set(wanted) - {"fingerprints", "attempts"}
    assert {name: found[name] for name in names} == {name: wanted[name] for name in names}
    assert found["attempts"].split()[-2] == wanted["attempts"].split()[-2] == str(CLIPS * STEPS)
