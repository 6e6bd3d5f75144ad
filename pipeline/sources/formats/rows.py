"""Rows of foreign files with their numbers, and what is made of each: one that cannot be read costs no other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from pipeline.records.post import Note
from pipeline.sources.formats.notes import Rejected, taking_notes

RowT = TypeVar("RowT")
FoundT = TypeVar("FoundT")
Numbered = Iterator[tuple[int, RowT | Rejected]]


def mapped(rows: Numbered[RowT], found: Callable[[RowT], FoundT]) -> Numbered[FoundT]:
    """What `found` makes of each row; a row that it rejects keeps its number.

    A value that cannot be read costs its row no more than the value, and the row has a note.
    """
    for number, row in rows:
        if isinstance(row, Rejected):
            yield number, row
            continue
        with taking_notes() as notes:
            try:
                made: FoundT | Rejected = found(row)
            except Rejected as rejected:
                made = rejected
        yield number, with_notes(made, notes) if notes and not isinstance(made, Rejected) else made


def with_notes(made: FoundT, notes: Sequence[Note]) -> FoundT:
    """A post or an exposure with these notes behind its own."""
    stated: Any = made
    noted: FoundT = dataclasses.replace(stated, notes=(*stated.notes, *notes))
    return noted
