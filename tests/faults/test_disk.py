"""F3 and F4: a call of the system that fails, and a disk that is full, stop a run cleanly; the next one goes on."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.rig import calls, go, rests, state, study_of
from tests.support.zygote import BROKEN, DISK_FULL, MISTAKE, Zygote

FEW, MANY = 2, 60
#: How a call fails: once with an error of the device, or for want of room, as all after it do.
WAYS = ((errno.EIO, False), (errno.ENOSPC, True))
SEED = 20261123
Size, Tell = Callable[[int, int], int], Callable[[str], None]


@pytest.mark.slow
def test_f3_the_nth_write_sync_or_rename_fails(failing: Zygote, tmp_path: Path, size: Size, tell: Tell) -> None:
    whole = study_of(tmp_path / "whole", FEW)
    assert failing.run(whole, save_every_s=0.0, count_into=str(tmp_path / "calls")) == 0
    most, wanted = int((tmp_path / "calls").read_text(encoding="ascii")), state(whole)
    some = random.Random(SEED).sample(range(1, most + 1), min(most, size(5, most)))
    ends: Counter[int] = Counter()
    for number in sorted(some):
        code, fails_on = WAYS[number % len(WAYS)]
        study = study_of(tmp_path / str(number), FEW)
        ended = failing.run(study, save_every_s=0.0, fail_at=number, fail_with=code, fails_on=fails_on)
        assert ended in ((0, DISK_FULL) if fails_on else (0, DISK_FULL, MISTAKE, BROKEN)), f"call {number}: {ended}"
        assert failing.run(study) == 0
        assert state(study) == wanted, f"call {number}, {os.strerror(code)}"
        assert rests(study) == []
        shutil.rmtree(tmp_path / str(number))
        ends[ended] += 1
    tell(
        f"the n-th write, sync or rename fails, {len(some)} n of 1 to {most}, by turns once (EIO) and for good "
        f"(ENOSPC): {ends[0]} runs end well all the same, {ends[DISK_FULL]} say that the disk is full, "
        f"{ends[MISTAKE] + ends[BROKEN]} that it fails; {len(some)} of {len(some)} go on to the same tables"
    )


@contextmanager
def small_disk(place: Path, size_bytes: int) -> Iterator[str]:
    """A file system of a given size in memory; a skip where none can be mounted; gives the command."""
    place.mkdir(parents=True, exist_ok=True)
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("nothing here mounts a small disk")
    command = [mount, "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        yield mount
    finally:
        subprocess.run([umount, "-l", str(place)], check=True)


@pytest.mark.slow
def test_f4_a_disk_that_is_too_small(zygote: Zygote, tmp_path: Path, size: Size, tell: Tell) -> None:
    clips = size(20, MANY)
    undisturbed = study_of(tmp_path / "undisturbed", clips)
    go(undisturbed)
    wanted, stops = state(undisturbed), []
    need = _least_disk(zygote, tmp_path / "least", clips, _bytes_below(undisturbed.folder.root))
    for share in (0.5, 0.9, 1.1):
        disk = tmp_path / f"disk{share}"
        with small_disk(disk, int(share * need)) as mount:
            study = study_of(tmp_path / f"study{share}", clips, output=disk)
            ended = zygote.run(study, save_every_s=0.0)
            assert ended in (0, DISK_FULL)
            stops.append("done" if ended == 0 else "stopped")
            subprocess.run([mount, "-o", f"remount,size={4 * need}", str(disk)], check=True)
            assert zygote.run(study) == 0
            assert state(study) == wanted
            assert rests(study) == []
            assert len(calls(study)) <= 2 * clips + 1, "what was stored is not done again"
    assert stops[0] == "stopped"  # at 0.9 it depends on when the database tidies up its log
    assert stops[-1] == "done"
    tell(
        f"disks of 0.5, 0.9 and 1.1 of the need, {clips} clips: {', '.join(stops)}; with room the next run ends in "
        "the same tables"
    )


def _least_disk(zygote: Zygote, folder: Path, clips: int, enough: int) -> int:
    """The smallest disk on which a run comes to its end, to a twentieth: less than it takes where there is room."""
    least = 0
    while enough - least > enough / 20:
        here = (least + enough) // 2
        with small_disk(folder / f"disk{here}", here):
            study = study_of(folder / f"study{here}", clips, output=folder / f"disk{here}")
            ended = zygote.run(study, save_every_s=0.0)
        assert ended in (0, DISK_FULL)
        least, enough = (least, here) if ended == 0 else (here, enough)
    return enough


def _bytes_below(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
