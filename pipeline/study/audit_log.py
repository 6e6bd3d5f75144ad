"""The audit log of a study: a line for each command that changed something, with the digest of the line before it.

A line holds the time, the command, the version of cliptone and counts: nothing of any person or post. Changing,
removing or reordering a line breaks the chain after it. The number of lines and the last digest stand a second time
among the working files, so that a log that was deleted, cut off at its end or changed in its last line is reported too,
for good. Whoever rewrites both goes unnoticed: against that, keep the last digest elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock

from pipeline.records.counted import counted
from pipeline.study import files
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
    untold: str | None = None  # what cannot be told, as a sentence; None if all can


@dataclass(frozen=True, slots=True)
class LogEnd:
    """The end of a log as the last command left it, and what was wrong with it before."""

    lines: int
    last: str  # sha256 of the last line
    before: int = 0  # lines that an older version wrote without a note of their end
    faults: tuple[str, ...] = ()  # that commands found before they wrote their line


def note(folder: StudyFolder, command: str, counts: Counts) -> None:
    """Append a line to the log of a study; `ValueError` unless counts are numbers or words of closed lists."""
    wrong = [name for name, value in counts.items() if not WORD.fullmatch(name) or not WORD.fullmatch(str(value))]
    if wrong:
        raise ValueError(f"the audit log takes numbers and single words alone, not {wrong[0]!r}")
    path = folder.audit_log
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock"), timeout=LOCK_S):
        end = _read_end(folder)
        content = path.read_bytes() if path.exists() else b""
        # A line that a crash cut off stays, and `verify` reports it.
        cut_off = b"\n" if content and not content.endswith(b"\n") else b""
        lines = content.splitlines()
        line = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": command,
            "counts": dict(counts),
            "cliptone_version": version("cliptone"),
            "before": _digest(lines),
        }
        text = json.dumps(line, ensure_ascii=False).encode()
        with path.open("ab") as file:
            file.write(cut_off + text + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _write_end(folder, end, lines, text)


def read(path: Path) -> list[AuditLine]:
    """The readable lines of a log; none where there is no log."""
    return [AuditLine(**line) for line in map(_parse_line, _read_lines(path)) if line is not None]


def verify(folder: StudyFolder) -> ChainVerdict:
    """Check the log of a study from its beginning to its end."""
    end = _read_end(folder)  # before the log: a command that writes now is behind with its end, never ahead
    lines = _read_lines(folder.audit_log)
    found = _break(lines) or (_fault(lines, end) if end else None) or next(iter(end.faults if end else ()), None)
    return ChainVerdict(len(lines), _digest(lines), found, _untold(lines, end))


def _break(lines: Sequence[bytes]) -> str | None:
    """The first line that is none, or does not follow the one before."""
    before = BEGINNING
    for number, text in enumerate(lines, start=1):
        line = _parse_line(text)
        if line is None:
            return f"line {number} is no line of this log: it was cut off or changed"
        if line["before"] != before:
            return f"line {number} does not follow line {number - 1}: that one was changed, or others were taken out"
        before = _digest([text])
    return None


def _fault(lines: Sequence[bytes], end: LogEnd) -> str | None:
    """What became of the end of a log; lines after it may be those of a command that broke off."""
    if not lines and end.lines:
        return f"the audit log was deleted or emptied: it had {counted(end.lines, 'line')}"
    if len(lines) < end.lines:
        return f"{len(lines)} of {counted(end.lines, 'line')} are there: the others were cut off at the end"
    if _digest(lines[: end.lines]) != end.last:
        return f"line {end.lines} is not the one that was written there: it was changed, or others were taken out"
    return None


def _untold(lines: Sequence[bytes], end: LogEnd | None) -> str | None:
    without = end.before if end else len(lines)
    if without:
        return (
            f"Of the first {counted(without, 'line')} of the audit log no second note was kept when they were written: "
            "whether the last of them was changed, or others after it were cut off, cannot be told."
        )
    return None if end else "There is no audit log, and no note of one: whether there ever was one cannot be told."


def _write_end(folder: StudyFolder, end: LogEnd | None, lines: Sequence[bytes], text: bytes) -> None:
    """Note the end of a log of these lines and a new one, and for good what was wrong with it."""
    fault = _fault(lines, end) if end else None
    faults = (*(end.faults if end else ()), *([fault] if fault else []))
    new = LogEnd(len(lines) + 1, _digest([text]), end.before if end else len(lines), faults)
    folder.audit_end.parent.mkdir(parents=True, exist_ok=True)
    files.write(folder.audit_end, json.dumps(asdict(new), indent=1) + "\n")


def _read_end(folder: StudyFolder) -> LogEnd | None:
    """The end that the last command noted; None if no command of this version did."""
    try:
        found = json.loads(folder.audit_end.read_bytes())
        return LogEnd(int(found["lines"]), str(found["last"]), int(found["before"]), tuple(map(str, found["faults"])))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        return LogEnd(0, BEGINNING, faults=(f"the note of its end, {folder.audit_end.name}, was changed or cut off",))


def _read_lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.exists() else []


def _digest(lines: Sequence[bytes]) -> str:
    """The digest of the last of some lines."""
    return hashlib.sha256(lines[-1]).hexdigest() if lines else BEGINNING


def _parse_line(text: bytes) -> dict[str, Any] | None:
    """The fields of a line; None if it is no line of this log."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    names = {"at", "command", "counts", "cliptone_version", "before"}
    return line if isinstance(line, dict) and line.keys() == names else None
