"""The table of every option of a study file, from the options that the code checks."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.stages import BY_NAME
from pipeline.study.config import StudyContent
from pipeline.study.key_values import as_toml
from pipeline.study.source_options import SOURCE_KEYS, SourceOptions
from pipeline.study.template import sections

HEAD = "| key | default | values | meaning |\n|---|---|---|---|"
NESTED = {"sources", "filters", "privacy", "run"}  # sections of their own
#: What a user writes, by what pydantic reads.
KINDS: Mapping[str, str] = {
    "bool": "true or false",
    "date": "day",
    "dict": "table",
    "float": "number",
    "int": "whole number",
    "Mapping": "table",
    "str": "text",
    "tuple": "list of texts",
}
#: Limits of pydantic as words, by their attribute.
LIMITS: Mapping[str, str] = {"gt": "above {}", "ge": "{} or more", "lt": "below {}", "le": "at most {}"}


def options() -> str:
    """Every section with its keys, defaults, values and meaning, as Markdown."""
    top = {one.alias or key: one for key, one in StudyContent.model_fields.items() if key not in NESTED}
    kinds = [f"`{kind}` ({', '.join(f'`{key}`' for key in keys)})" if keys else f"`{kind}`"
             for kind, keys in SOURCE_KEYS.items()]  # fmt: skip
    about = f"{_first_line(SourceOptions)} The keys that go with each: {', '.join(kinds)}; any may have a `name`."
    parts = [
        _section_table("At the top", "Before all sections.", top),
        _section_table("`[[sources]]`", about, SourceOptions.model_fields),
        *(_section_table(f"`[{section.name}]`", section.about, section.fields) for section in sections(BY_NAME)),
    ]
    return "\n".join(parts)


def _section_table(title: str, about: str, fields: Mapping[str, FieldInfo]) -> str:
    rows = "\n".join(f"| {' | '.join(_option_row(key, field))} |" for key, field in fields.items())
    return f"### {title}\n\n{about}\n\n{HEAD}\n{rows}\n"


def _option_row(key: str, field: FieldInfo) -> tuple[str, str, str, str]:
    default = "–" if field.default is None or field.is_required() else f"`{as_toml(field.default)}`"
    meaning = (field.description or "").replace("|", "\\|")
    return f"`{key}`", default.replace("|", "\\|"), ", ".join(_allowed_values(field)), meaning


def _allowed_values(field: FieldInfo) -> Iterator[str]:
    """What may be written: the words themselves, or a kind of value and its limits."""
    yield " or ".join(_value_kinds(field.annotation))
    for limit in field.metadata:
        yield from (words.format(getattr(limit, name)) for name, words in LIMITS.items() if hasattr(limit, name))


def _value_kinds(annotation: Any) -> list[str]:
    origin = typing.get_origin(annotation)
    if origin is Literal:
        return [f"`{value}`" for value in typing.get_args(annotation)]
    if origin in (UnionType, typing.Union):
        parts = [part for part in typing.get_args(annotation) if part is not type(None)]
        return [kind for part in parts for kind in _value_kinds(part)]
    return [KINDS[(origin or annotation).__name__]]


def _first_line(documented: type[BaseModel]) -> str:
    return (documented.__doc__ or "").splitlines()[0]
