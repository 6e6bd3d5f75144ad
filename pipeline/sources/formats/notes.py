"""What cannot be read: a row is `Rejected`; of a row that is read, a value is left out with a note."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from pipeline.records.post import Note

ValueP = ParamSpec("ValueP")
ReadT = TypeVar("ReadT")


class Rejected(ValueError):
    """One row that cannot become a post, or one value of it that cannot be read, and why, without the row's number."""

    def __init__(self, reason: str, example: str = "") -> None:
        """`reason` is the same for all of its kind, `example` the value that it is about."""
        self.note = Note(reason, example)
        super().__init__(self.note.sentence)


_notes: ContextVar[list[Note] | None] = ContextVar("notes", default=None)


@contextmanager
def taking_notes() -> Iterator[list[Note]]:
    """While a row is read: its values that cannot be read are left out and noted in the list, instead of `Rejected`."""
    found: list[Note] = []
    token = _notes.set(found)
    try:
        yield found
    finally:
        _notes.reset(token)


def leave_out(rejected: Rejected) -> None:
    """Note that a value is left out of the row that is read; outside of `taking_notes` it is raised."""
    notes = _notes.get()
    if notes is None:
        raise rejected
    notes.append(Note(f"left out: {rejected.note.reason}", rejected.note.example))


def note(reason: str, example: str = "") -> None:
    """Note how a value of the row that is read was taken."""
    notes = _notes.get()
    if notes is not None:
        notes.append(Note(reason, example))


def can_be_left_out(
    read: Callable[Concatenate[object, ValueP], ReadT | None],
) -> Callable[Concatenate[object, ValueP], ReadT | None]:
    """A function that reads a value which its row can be without."""

    @wraps(read)
    def reading(value: object, /, *arguments: ValueP.args, **named: ValueP.kwargs) -> ReadT | None:
        try:
            return read(value, *arguments, **named)
        except Rejected as rejected:
            leave_out(rejected)
            return None

    return reading
