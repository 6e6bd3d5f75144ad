"""A row of a table: its columns carry their meaning and unit."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

Seconds = float
Decibels = float
Hertz = float

RowT = TypeVar("RowT", bound="Row")


def stored_time(time: datetime) -> datetime:
    """A time as it comes back from the database: UTC without an offset."""
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)


def column(doc: str, unit: str = "", **kwargs: Any) -> Any:
    """A field of a row: `doc` and `unit` become the column's comment and its line in the codebook."""
    return dataclasses.field(metadata={"doc": doc, "unit": unit}, **kwargs)


_COLUMNS: dict[type[Any], tuple[dataclasses.Field[Any], ...]] = {}


class Row:
    """One row of a table; a subclass is a frozen dataclass that names its table and its grain."""

    __slots__ = ()
    table: ClassVar[str]
    grain: ClassVar[tuple[str, ...]]

    @classmethod
    def columns(cls) -> tuple[dataclasses.Field[Any], ...]:
        """The columns in order, each with `metadata["doc"]` and `metadata["unit"]`."""
        if cls not in _COLUMNS:
            _COLUMNS[cls] = dataclasses.fields(cls)  # type: ignore[arg-type]
        return _COLUMNS[cls]
