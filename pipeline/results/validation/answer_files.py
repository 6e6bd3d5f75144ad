"""Files of answers: as the page of a coder saves them, or as Label Studio exports them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.results.validation.page import CODER, FORMAT, VERSION


@dataclass(frozen=True, slots=True)
class Answered:
    """What one coder says of one sound."""

    sample_id: str
    values: Mapping[str, Any]  # by question
    note: str
    at: datetime | None  # UTC


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """All that one coder says of one sample in one file."""

    path: Path
    sample: str
    scheme_sha256: str
    coder: str
    answers: tuple[Answered, ...]


def read_answers(path: Path) -> list[AnswerFile]:
    """Read a file of answers, one entry a coder; `UserError` says what is wrong with it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path} is not there") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path} is no file of answers: it cannot be read as JSON") from error
    try:
        if isinstance(found, list):
            return _of_label_studio(path, found)
        if found["format"] == FORMAT and found["version"] == VERSION and CODER.fullmatch(found["coder"]):
            answers = tuple(_answered(one) for one in found["answers"])
            return [AnswerFile(path, str(found["sample"]), str(found["scheme_sha256"]), found["coder"], answers)]
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise UserError(
        f'{path} is no file of answers: it has to come from "Save answers" on a coder\'s page, or from Label Studio as '
        "JSON"
    )


def _answered(one: Mapping[str, Any]) -> Answered:
    return Answered(str(one["sample_id"]), dict(one["values"]), str(one.get("note") or ""), _time(one.get("at")))


def _time(text: object) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _of_label_studio(path: Path, tasks: list[Any]) -> list[AnswerFile]:
    """Tasks with annotations, of one sample: one entry for each who annotated."""
    found: dict[tuple[str, str, str], list[Answered]] = {}
    for task in tasks:
        data = task["data"]
        for one in task["annotations"]:
            if one.get("was_cancelled"):
                continue
            key = (str(data["sample"]), str(data["scheme_sha256"]), _code(one.get("completed_by")))
            said = Answered(str(data["sample_id"]), dict(_values(one["result"])), "", _time(one.get("created_at")))
            found.setdefault(key, []).append(said)
    if not found:
        raise UserError(f"{path} holds no annotation: export the tasks from Label Studio as JSON, after labelling")
    return [AnswerFile(path, *key, tuple(answers)) for key, answers in found.items()]


def _values(results: list[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for one in results:
        value = one["value"]
        chosen = value.get("choices", value.get("text"))
        yield str(one["from_name"]), chosen[0] if isinstance(chosen, list) and len(chosen) == 1 else chosen


def _code(who: Any) -> str:
    """A code for an account of Label Studio: its number there, or digits of a digest of its address."""
    if isinstance(who, dict):
        who = who.get("id", who.get("email", ""))
    digits = str(who) if isinstance(who, int) else str(int(sha256(str(who).encode()).hexdigest()[:8], 16))
    return f"L{digits[-3:]}"
