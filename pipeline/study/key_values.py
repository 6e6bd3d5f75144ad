"""What a key of a study file may hold, from the type of its option: in words, as an example, and as a check."""

from __future__ import annotations

import json
import math
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")  # a date may stand in quotes too
MANY = {"a text in quotes": "texts in quotes", "a number": "numbers", "a whole number": "whole numbers"}
WORDS: Mapping[Any, str] = {
    bool: "true or false without quotes",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    date: "a date",
}
#: Examples for keys that have none of their own, nor a default.
EXAMPLES: Mapping[Any, Any] = {bool: True, int: 1, float: 1.5, str: "text", date: date(2026, 1, 31)}
#: What limits mean; the first two together are a range.
LIMITS = {"ge": "at least", "le": "at most", "gt": "above", "lt": "below"}

Path = tuple[str, ...]  # the keys that lead to a value


def as_toml(value: Any) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {as_toml(one)}" for key, one in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def example(field: FieldInfo) -> Any:
    """A value that a key may hold: its own example, its default, or one of its type."""
    if field.examples:
        return field.examples[0]
    if field.default is not None and not field.is_required():
        return field.default
    return EXAMPLES[_choices(field.annotation)[0]]


def expected(kind: Any, limits: Mapping[str, Any] | None = None) -> str:
    """What belongs in the place of a type, in words: `a whole number from 1 to 10`."""
    return " or ".join(_one_of(kind)) + _limits(dict(limits or {}))


def limits_of(field: FieldInfo) -> dict[str, Any]:
    """The limits of a key's value, as pydantic names them."""
    return {
        name: getattr(one, name) for one in field.metadata for name in (*LIMITS, "min_length") if hasattr(one, name)
    }


def misfits(kind: Any, value: Any, at: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Every part of a value that is not of its type: where it stands, what stands there, and the type.

    Nothing is converted: a number in quotes is a text. A whole number may stand for any number.
    """
    choices = _choices(kind)
    if len(choices) > 1:
        if all(any(misfits(one, value)) for one in choices):
            yield at, value, kind
        return
    (one,) = choices
    parts = _parts(one, value)
    if parts is None:
        yield at, value, one
        return
    for name, part_kind, part in parts:
        yield from misfits(part_kind, part, (*at, name))


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where keys lead."""

    section: type[BaseModel]  # that holds the last key of a section on the way
    key: str | None  # that key; None for the section as a whole
    field: FieldInfo | None  # of that key; None if there is none
    kind: Any  # type of what is there

    @property
    def heading(self) -> str | None:
        """The brackets under which such a section is written, as a form for its name; None for a plain key."""
        kind = self.field.annotation if self.field else self.section
        if get_origin(kind) is tuple and is_section(get_args(kind)[0]):
            return "[[{}]]"
        return "[{}]" if is_section(kind) else None


def place(model: type[BaseModel], path: Path) -> KeyPlace:
    """The place in a section, or below it, to which keys and numbers of list items lead."""
    found = KeyPlace(model, None, None, model)
    for name in path:
        (kind, *_) = _choices(found.kind)
        if is_section(kind):
            field = fields(kind).get(name)
            found = KeyPlace(kind, name, field, field.annotation if field else None)
        else:
            below = get_args(kind)[1] if _is_table(kind) else next(iter(get_args(kind)), None)
            found = replace(found, kind=below)
    return found


def fields(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a section as a study file writes them."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def is_section(kind: Any) -> bool:
    """Whether a value of that type is a section of its own."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _parts(kind: Any, value: Any) -> list[tuple[str, Any, Any]] | None:
    """The parts of a value with their names and types; None if it is not of that type itself."""
    if is_section(kind) and isinstance(value, dict):
        known = fields(kind)
        return [(name, known[name].annotation, part) for name, part in value.items() if name in known]
    if _is_table(kind) and isinstance(value, dict):
        return [(name, get_args(kind)[1], part) for name, part in value.items()]
    if get_origin(kind) is tuple and isinstance(value, list):
        kinds = get_args(kind)
        if kinds[-1] is ... or len(kinds) == len(value):
            return [(str(number), kinds[0], part) for number, part in enumerate(value)]
    return [] if _is_leaf(kind, value) else None


def _is_leaf(kind: Any, value: Any) -> bool:
    if get_origin(kind) is Literal:
        return value in get_args(kind) and type(value) is not bool
    if kind is date:
        return isinstance(value, date) or (isinstance(value, str) and bool(DAY.match(value)))
    if kind is int and isinstance(value, float):
        return value.is_integer()
    if kind is float:
        return type(value) in (int, float) and not math.isnan(value)
    return type(value) is kind


def _choices(kind: Any) -> tuple[Any, ...]:
    """The types of which a value may be one; None, which TOML cannot write, is left out."""
    if get_origin(kind) in (Union, types.UnionType):
        return tuple(one for one in get_args(kind) if one is not types.NoneType)
    return (kind,)


def _is_table(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _one_of(kind: Any) -> list[str]:
    return [words for one in _choices(kind) for words in _words(one)]


def _words(kind: Any) -> list[str]:
    if get_origin(kind) is Literal:
        return [as_toml(one) for one in get_args(kind)]
    if is_section(kind):
        return ["a table"]
    if _is_table(kind):
        return [f"a table of {_many(get_args(kind)[1])}"]
    if get_origin(kind) is tuple:
        kinds = get_args(kind)
        return [f"a list of {'' if kinds[-1] is ... else f'{len(kinds)} '}{_many(kinds[0])}"]
    return [WORDS[kind]]


def _many(kind: Any) -> str:
    (words,) = _words(kind)
    return MANY.get(words, words.replace("a list", "lists").replace("a table", "tables"))


def _limits(limits: dict[str, Any]) -> str:
    if "min_length" in limits:
        return f", {limits['min_length']} or more,"
    if {"ge", "le"} <= limits.keys():
        return f" from {limits['ge']:g} to {limits['le']:g}"
    said = [f"{words} {limits[name]:g}" for name, words in LIMITS.items() if name in limits]
    return f" {' and '.join(said)}" if said else ""
