"""F12 and F13: of two runs at once one works, and readers of the published file never meet half of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.study.config import Study, load_study
from tests.support.rig import BY_NAME, attempts_stored_twice, go, state, study_of
from tests.support.zygote import BUSY, Zygote

Size, Tell = Callable[[int, int], int], Callable[[str], None]
CLIPS = 12


@pytest.mark.slow
def test_f12_two_runs_at_once(zygote: Zygote, tmp_path: Path, size: Size, tell: Tell) -> None:
    times, options = size(4, 50), "[length]\npause_s = 0.1\n"
    undisturbed = study_of(tmp_path / "undisturbed", CLIPS, options)
    go(undisturbed)
    for number in range(times):
        study = study_of(tmp_path / str(number), CLIPS, options)
        start_at = time.monotonic() + 0.2
        runs = [zygote.fork(study, start_at=start_at) for _ in range(2)]
        assert sorted(zygote.wait(run) for run in runs) == [0, BUSY], "exactly one proceeds"
        assert attempts_stored_twice(study) == 0
        assert state(study) == state(undisturbed)
    tell(f"two runs started together, {times} times: exactly one proceeds, {times} of {times}")


#: Opens the file again and again, as a notebook would; prints how often, and what was wrong.
READER = """
import sys, time, duckdb
path, times = sys.argv[1], int(sys.argv[2])
wrong = []
for number in range(times):
    try:
        with duckdb.connect(path, read_only=True) as connection:
            found = connection.execute('''
                WITH last AS (
                    SELECT clip_id, arg_min(fingerprint, attempt_id) AS was, arg_max(fingerprint, attempt_id) AS is_now
                    FROM attempts WHERE stage = 'length' GROUP BY clip_id
                )
                SELECT count(*) FILTER (halves IS NULL), -- no row beside its attempt
                    count(*) FILTER ((is_now <> was) <> (halves > 2 * duration_s)), -- an old row beside a new attempt
                    count(*) FILTER (doubled <> 2 * halves) -- rows of two configurations
                FROM last JOIN audio USING (clip_id) LEFT JOIN lengths USING (clip_id) LEFT JOIN doubles USING (clip_id)
                WHERE duration_s > 0
            ''').fetchall()[0]
        if any(found):
            wrong.append(f"half of it: {found}")
    except duckdb.Error as error:
        wrong.append(str(error).splitlines()[0])
    if number == 0:
        print("open", flush=True)
print(len(wrong), *wrong[:3], sep="; ")
"""


@pytest.mark.slow
def test_f13_readers_during_a_run(zygote: Zygote, tmp_path: Path, size: Size, tell: Tell) -> None:
    times, clips = size(60, 1_000), size(30, 600)
    study = study_of(tmp_path, clips)
    go(study)
    study = _slower(study.file.path)
    arguments = [sys.executable, "-c", READER, str(study.folder.published), str(times)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        run = zygote.fork(study, save_every_s=0.0, publish_every_s=0.05)
        found = reader.stdout.readline()
    assert zygote.wait(run) == 0
    assert found == "0\n"
    tell(f"the published file opened {times} times by another process during a run: 0 lock errors, 0 torn states")


def _slower(path: Path) -> Study:
    """The study with another option, so that all its clips run again."""
    path.write_text(path.read_text(encoding="utf-8") + "[length]\nfactor = 4\npause_s = 0.01\n", encoding="utf-8")
    return load_study(path, BY_NAME)


@pytest.mark.slow
def test_what_two_studies_of_the_same_clips_end_in_is_the_same(tmp_path: Path) -> None:
    one, two = study_of(tmp_path / "one", 3), study_of(tmp_path / "two", 3)
    go(one)
    go(two)
    assert state(one) == state(two)
    three = study_of(tmp_path / "three", 3, "[length]\nfactor = 3\n")
    go(three)
    assert state(three) != state(one), "the digests would show a difference"
