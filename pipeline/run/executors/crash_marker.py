"""The clips in progress of a run that works in its own process: if it crashes, the next run knows on which clips."""

from __future__ import annotations

import faulthandler
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.records import Clip
from pipeline.stage import StagePlan
from pipeline.study import files


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What a run left behind that did not come to its end."""

    fingerprint: str
    clip_ids: tuple[str, ...]
    is_crash: bool  # a native library ended it; a run that was killed from outside says nothing of its clips
    is_counted: bool


def read_unfinished(path: Path) -> Unfinished | None:
    """What the last run left; None if no clip was in progress."""
    try:
        line, _, trace = path.read_text(encoding="utf-8", errors="replace").partition("\n")
        return Unfinished(is_crash=bool(trace.strip()), **json.loads(line))
    except (FileNotFoundError, ValueError, TypeError):  # nothing, or half a line
        return None


def count(path: Path, left: Unfinished) -> None:
    """Note that a crash is counted; its clips stay suspect in the next run."""
    files.write(path, _line(left.fingerprint, left.clip_ids, is_counted=True))


class CrashMarker:
    """A file that holds the batch of this moment; Python adds a trace to it when a native library crashes."""

    def __init__(self, path: Path) -> None:
        left = read_unfinished(path)
        #: Clips in progress at a crash: each is to run by itself, so that another crash names one.
        self.suspects = frozenset(left.clip_ids) if left and left.is_counted else frozenset[str]()
        self._file = path.open("a", encoding="utf-8")
        self._was_watched = faulthandler.is_enabled()
        faulthandler.enable(self._file)

    @contextmanager
    def holding(self, plan: StagePlan, clips: Sequence[Clip]) -> Iterator[None]:
        """Hold a batch for as long as the block lasts; an exception lets it go too, a crash does not."""
        self._file.truncate(0)
        self._file.write(_line(plan.fingerprint, [clip.clip_id for clip in clips], is_counted=False))
        self._file.flush()
        try:
            yield
        finally:
            self._file.truncate(0)

    def close(self) -> None:
        """Let the file go."""
        faulthandler.disable()
        if self._was_watched:
            with suppress(AttributeError, ValueError, OSError):  # standard error may be no file
                faulthandler.enable(sys.stderr)
        self._file.close()


def _line(fingerprint: str, clip_ids: Sequence[str], *, is_counted: bool) -> str:
    return json.dumps({"fingerprint": fingerprint, "clip_ids": list(clip_ids), "is_counted": is_counted}) + "\n"
