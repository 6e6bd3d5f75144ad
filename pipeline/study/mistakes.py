"""A mistake in a study file as one sentence: the key, what stands there, what belongs there, and an example."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from pipeline.study.key_values import Path, as_toml, example, expected, fields, limits_of, place

MOST_CHARACTERS = 60  # of a value in a sentence


def sentence(model: type[BaseModel], where: Path, error: ErrorDetails, extra: tuple[str, ...] = ()) -> str:
    """What a validation error means; `where` leads to the section of the model, `extra` are further keys beside it."""
    path = tuple(str(part) for part in error["loc"])
    name = ".".join((*where, *path))
    if error["type"] == "extra_forbidden":
        valid = [*fields(place(model, path).section), *(extra if len(path) == 1 else ())]
        close = difflib.get_close_matches(path[-1], valid, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        return f"unknown key {name!r}: {hint}valid keys are {', '.join(valid)}"
    if error["type"] == "missing":
        return f"the key {name!r} is missing: write {_as_in(model, where, path)}"
    if error["type"] == "value_error":
        message = error["msg"].removeprefix("Value error, ")
        return f"the key {name!r} is wrong: {message[:1].lower()}{message[1:]}" if name else message
    return misfit(model, where, path, error["input"])


def misfit(model: type[BaseModel], where: Path, path: Path, value: Any) -> str:
    """That a value is not what belongs in its place."""
    found = place(model, path)
    limits = limits_of(found.field) if found.field is not None and found.kind is found.field.annotation else None
    return (
        f"the key {'.'.join((*where, *path))!r} is {_shown(value)}, but {expected(found.kind, limits)} belongs there, "
        f"as in {_as_in(model, where, path)}"
    )


def _as_in(model: type[BaseModel], where: Path, path: Path) -> str:
    """A line of a study file that is right in that place."""
    found = place(model, path)
    if found.heading is not None:
        name = ".".join((*where, *(part for part in path if not part.isdecimal())))
        return f"{found.heading.format(name)} on a line of its own"
    return f"{found.key} = {as_toml(example(found.field))}" if found.field else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        if any(isinstance(one, dict) for one in value):
            return "a list of tables"
        return f"the list {_short(value)}" if value else "an empty list"
    if isinstance(value, str):
        return f"the text {_short(value)}"
    if isinstance(value, bool):
        return as_toml(value)
    return f"the {'number' if isinstance(value, int | float) else 'date'} {_short(value)}"


def _short(value: Any) -> str:
    text = as_toml(value)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
