"""How values are coarsened for an export: pseudonyms, weeks, bins of counts, rounded numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import regex
from numpy.typing import NDArray

from pipeline.records.pseudonyms import MENTION, pseudonym, scrub
from pipeline.results.export.levels import Level, Rule

SIGNIFICANT_DIGITS = 3
NUL, REPLACEMENT = "\x00", "\ufffd"
#: What replaces a handle in stored texts and URLs.
HIDDEN_HANDLE = regex.compile(r"user_[a-z2-7]{8}|_")
FILE_PREFIX = "file:"


@dataclass(frozen=True)
class Names:
    """Pseudonyms of one export: keyed with the study's key, and different for each name of a set of ids."""

    key: bytes
    ids: str
    small_authors: frozenset[str] = field(default_factory=frozenset)  # with too few clips to keep a pseudonym

    def clip(self, clip_id: str) -> str:
        """The id of a clip at `shareable`."""
        return pseudonym(self.key, f"export {self.ids} clip", clip_id)

    def author(self, author_key: str) -> str | None:
        """The pseudonym of an author at `shareable`; None for one with few clips."""
        return (
            None if author_key in self.small_authors else pseudonym(self.key, f"export {self.ids} author", author_key)
        )

    def hide(self, text: str) -> str:
        """A text with each handle replaced by a pseudonym, unless it is one already."""
        return str(MENTION.sub(lambda found: self._hidden(found[0]), text))

    def file(self, clip_id: str) -> str:
        """The id of a clip at `restricted`: a post's as it is, a file's name without handles."""
        return self.hide(clip_id) if clip_id.startswith(FILE_PREFIX) else clip_id

    def _hidden(self, mention: str) -> str:
        return mention if HIDDEN_HANDLE.fullmatch(mention[1:]) else scrub(mention, self.key, "text")


def coarsened(values: pa.ChunkedArray, rule: Rule, level: Level, names: Names) -> pa.ChunkedArray:
    """The values of one column as exported at `restricted` or `shareable`; NULL stays NULL."""
    if level is Level.RESTRICTED:
        changed = {Rule.CLIP: names.file, Rule.TEXT: names.hide}.get(rule)
        return without_nul(map_texts(values, changed) if changed else values)
    match rule:
        case Rule.CLIP:
            return map_texts(values, names.clip)
        case Rule.AUTHOR:
            return map_texts(values, names.author)
        case Rule.TIME:
            return pc.floor_temporal(values, unit="week").cast(pa.date32())
        case Rule.COUNT:
            return log2_bins(values)
        case Rule.FEATURE:
            return rounded(values)
        case _:
            return without_nul(values)


def map_texts(values: pa.ChunkedArray, change: Callable[[str], str | None]) -> pa.ChunkedArray:
    """Change texts, each distinct one once."""
    encoded = values.cast(pa.string()).combine_chunks().dictionary_encode()
    changed = pa.array([change(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return pa.chunked_array([changed.take(encoded.indices)], pa.string())


def without_nul(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts with U+0000, which neither CSV readers nor R can hold, as U+FFFD."""
    if pa.types.is_string(values.type):
        return pc.replace_substring(values, NUL, REPLACEMENT)
    if values.type.equals(pa.list_(pa.string())):
        return _map_values(values, values.type, lambda cell: [text.replace(NUL, REPLACEMENT) for text in cell])
    return values


def log2_bins(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Counts as floor(log2(n + 1)): bin 0 is none, bin k holds 2^k - 1 to 2^(k + 1) - 2."""
    known = values.is_valid().to_numpy()
    _, exponents = np.frexp(pc.fill_null(values, 0).cast(pa.float64()).to_numpy() + 1)
    return pa.chunked_array([pa.array(exponents.astype(np.int64) - 1, mask=~known)])


def rounded(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers, and those in lists and maps, with three significant digits."""
    if pa.types.is_list(values.type):
        return _map_values(values, pa.list_(pa.float64()), _rounded_list)
    if pa.types.is_map(values.type):
        return _map_values(
            values, values.type, lambda cell: [(name, _rounded_list([value])[0]) for name, value in cell]
        )
    known = values.is_valid().to_numpy()
    numbers = significant(pc.fill_null(values, 0).cast(pa.float64()).to_numpy())
    return pa.chunked_array([pa.array(numbers, mask=~known).cast(values.type)])


def significant(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers rounded to three significant digits, shape `(numbers,)`."""
    size = np.floor(np.log10(np.abs(numbers), out=np.zeros_like(numbers), where=numbers != 0))
    step = 10.0 ** np.abs(SIGNIFICANT_DIGITS - 1 - size)  # above 1, so that the last digit is exact
    fine = size < SIGNIFICANT_DIGITS
    found: NDArray[np.float64] = np.where(fine, np.round(numbers * step) / step, np.round(numbers / step) * step)
    return found


def _rounded_list(numbers: list[Any]) -> list[float]:
    return [float(number) for number in significant(np.asarray(numbers, np.float64))]


def _map_values(values: pa.ChunkedArray, kind: pa.DataType, change: Callable[[Any], Any]) -> pa.ChunkedArray:
    cells = [None if cell is None else change(cell) for cell in values.to_pylist()]
    return pa.chunked_array([pa.array(cells, kind)])
