"""A sequence that lies on the disk but for its end, so that files of any length are read in the same memory."""

from __future__ import annotations

import copyreg
import dataclasses
import heapq
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any, TypeVar, overload

BLOCK_ITEMS = 1_000  # in memory at a time, for each reader
RUN_ITEMS = 10_000  # that are sorted in memory

ItemT = TypeVar("ItemT")


class Spool(Sequence[ItemT]):
    """Items in the order in which they were appended; a short one never touches the disk.

    The file has no name, and goes with the object.
    """

    def __init__(self, items: Iterable[ItemT] = ()) -> None:
        self._file: Any = None
        self._blocks: list[tuple[int, int]] = []  # place and bytes of each full block
        self._last: list[ItemT] = []  # what is not on the disk yet
        self._read: tuple[int, list[ItemT]] = (-1, [])  # the block that was read last, and its number
        self.extend(items)

    def append(self, item: ItemT) -> None:
        """Add an item at the end."""
        self._last.append(item)
        if len(self._last) == BLOCK_ITEMS:
            self._write()

    def extend(self, items: Iterable[ItemT]) -> None:
        """Add items at the end."""
        for item in items:
            self.append(item)

    def __len__(self) -> int:
        return len(self._blocks) * BLOCK_ITEMS + len(self._last)

    def __iter__(self) -> Iterator[ItemT]:
        for number in range(len(self._blocks)):
            yield from self._block(number)
        yield from tuple(self._last)

    @overload
    def __getitem__(self, place: int) -> ItemT: ...
    @overload
    def __getitem__(self, place: slice) -> list[ItemT]: ...
    def __getitem__(self, place: int | slice) -> ItemT | list[ItemT]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        number, within = divmod(range(len(self))[place], BLOCK_ITEMS)
        return self._last[within] if number == len(self._blocks) else self._block(number)[within]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        return f"Spool of {len(self)} items"

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="cliptone-")  # noqa: SIM115 - it goes with this object
        packed = pickle.dumps(self._last, pickle.HIGHEST_PROTOCOL)
        self._blocks.append((self._file.seek(0, 2), len(packed)))
        self._file.write(packed)
        self._last = []

    def _block(self, number: int) -> list[ItemT]:
        if self._read[0] != number:
            place, size = self._blocks[number]
            self._file.seek(place)
            self._read = number, pickle.loads(self._file.read(size))  # noqa: S301 - nobody else can write that file
        return self._read[1]


def pack_as_values(kind: type[Any]) -> None:
    """Have objects of a dataclass written as their values alone, which takes a third of the time."""
    values = attrgetter(*(field.name for field in dataclasses.fields(kind)))
    copyreg.pickle(kind, lambda item: (kind, values(item)))


def in_batches(items: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    """The items in lists of at most `size`."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch


def in_order(items: Iterable[ItemT], key: Callable[[ItemT], Any]) -> Iterator[ItemT]:
    """The items sorted by `key`, equals as they came, without all of them in memory."""
    runs = [Spool(sorted(batch, key=key)) for batch in in_batches(items, RUN_ITEMS)]
    return heapq.merge(*runs, key=key)
