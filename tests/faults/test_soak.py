"""F17 and F18: a long run holds no more at its end than at its beginning, and what is derived can be made again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from pipeline.store.compact import rebuild
from pipeline.store.database_files import SPARE
from tests.support.rig import STEPS, attempts_stored_twice, go, state, study_of
from tests.support.zygote import Zygote

Size, Tell = Callable[[int, int], int], Callable[[str], None]
GROWTH = 1.05  # of memory from the middle third to the last, at most: before, DuckDB fills its log and its caches
FIXED_MIB = 48  # that a short run may take for these
MIB = 1 << 20


@pytest.mark.slow
def test_f17_soak(zygote: Zygote, tmp_path: Path, size: Size, tell: Tell) -> None:
    clips = size(400, 40_000)
    study = study_of(tmp_path / "study", clips)
    began = time.monotonic()
    assert zygote.run(study, measure_into=str(tmp_path / "held"), publish_every_s=5.0) == 0
    seconds = time.monotonic() - began
    lines = [tuple(map(int, one.split())) for one in (tmp_path / "held").read_text(encoding="ascii").splitlines()]
    third = len(lines) // 3
    early, late = lines[third : 2 * third], lines[-third:]
    memory = [median(bytes_held for bytes_held, _ in part) for part in (early, late)]
    files = [max(count for _, count in part) for part in (early, late)]
    assert memory[1] <= GROWTH * memory[0] + size(FIXED_MIB, 0) * MIB
    assert files[1] <= files[0] + 2
    assert attempts_stored_twice(study) == 0
    assert state(study)["attempts"].endswith(f"of {clips * STEPS} rows")
    tell(
        f"soak of {clips} clips from a folder and {clips * STEPS} steps in {seconds / 60:.1f} min, not 24 h: "
        f"{memory[0] / MIB:.0f} MiB in the middle and {memory[1] / MIB:.0f} MiB late, "
        f"{files[0]} and {files[1]} open files, "
        "sums exact"
    )


@pytest.mark.slow
def test_f18_what_is_derived_is_made_again(tmp_path: Path, tell: Tell) -> None:
    study = study_of(tmp_path, 10)
    go(study)
    wanted = state(study)
    study.folder.published.unlink()
    study.folder.working.with_name(SPARE).unlink(missing_ok=True)
    assert go(study).idle
    assert state(study) == wanted, "the published file, from the working database"
    rebuild(study.folder.working)
    study.folder.published.unlink()
    assert go(study).idle
    assert state(study) == wanted, "the working database, copied anew"
    shutil.rmtree(study.folder.root)
    assert go(study).passed == dict.fromkeys(("download", "audio", "length", "double"), 10)
    assert state(study) == wanted, "everything, from the sources"
    tell("made again: the published file, the working database (copied anew), the whole study: 3 of 3 the same tables")
