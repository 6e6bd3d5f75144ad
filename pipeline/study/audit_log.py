"""The audit log of a study: a line for each command that changed something, with the digest of the line before it.

A line holds the time, the command, the version of cliptone and counts: nothing of any person or post. Changing,
removing or reordering a line breaks the chain after it. Only a cut at the end goes unnoticed: to prove that no line is
missing, keep the last digest elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.errors import UserError
from pipeline.study.folder import StudyFolder

BEGINNING = "0" * 64  # stands for the digest before the first line
#: What names and words in counts may look like: they come from closed lists, never from free text.
WORD = re.compile(r"[A-Za-z0-9_.,: -]{0,64}")
LOCK_S = 10.0  # while another command writes its line

Counts = Mapping[str, int | str]


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the log."""

    at: str  # UTC, ISO 8601
    command: str
    counts: dict[str, int | str]
    cliptone_version: str
    before: str  # sha256 of the line before


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """Whether the chain of a log is intact."""

    lines: int
    last: str  # sha256 of the last line: keep it elsewhere to show that none was cut off
    broken: str | None  # the first fault, as a sentence; None if there is none


def note(folder: StudyFolder, command: str, counts: Counts) -> None:
    """Append a line to the log of a study; `ValueError` unless counts are numbers or words of closed lists."""
    wrong = [name for name, value in counts.items() if not WORD.fullmatch(name) or not WORD.fullmatch(str(value))]
    if wrong:
        raise ValueError(f"the audit log takes numbers and single words alone, not {wrong[0]!r}")
    path = folder.audit_log
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock"), timeout=LOCK_S):
        content = path.read_bytes() if path.exists() else b""
        # A line that a crash cut off stays, and `verify` reports it.
        cut_off = b"\n" if content and not content.endswith(b"\n") else b""
        lines = content.splitlines()
        before = hashlib.sha256(lines[-1]).hexdigest() if lines else BEGINNING
        line = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": command,
            "counts": dict(counts),
            "cliptone_version": version("cliptone"),
            "before": before,
        }
        with path.open("ab") as file:
            file.write(cut_off + json.dumps(line, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def read(path: Path) -> list[AuditLine]:
    """The readable lines of a log; `UserError` where there is no log."""
    return [AuditLine(**line) for line in map(_parse_line, _read_lines(path)) if line is not None]


def verify(path: Path) -> ChainVerdict:
    """Check the chain of a log from its beginning; `UserError` where there is no log."""
    before, broken = BEGINNING, None
    lines = _read_lines(path)
    for number, text in enumerate(lines, start=1):
        line = _parse_line(text)
        if broken is None and line is None:
            broken = f"line {number} is no line of this log: it was cut off or changed"
        elif broken is None and line is not None and line["before"] != before:
            broken = f"line {number} does not follow line {number - 1}: that one was changed, or others were taken out"
        before = hashlib.sha256(text).hexdigest()
    return ChainVerdict(len(lines), before, broken)


def _read_lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except FileNotFoundError as error:
        raise UserError(
            f"there is no audit log at {path} yet: the first command that changes something begins it"
        ) from error


def _parse_line(text: bytes) -> dict[str, Any] | None:
    """The fields of a line; None if it is no line of this log."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    names = {"at", "command", "counts", "cliptone_version", "before"}
    return line if isinstance(line, dict) and line.keys() == names else None
