"""The leak scanner: it reads the written files as a stranger would, and searches them for what must not leave.

It does not use the rules by which columns are exported, so that a mistake in them shows here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import regex

from pipeline.analysis.text.words import LETTERS, tokens_of
from pipeline.errors import UserError
from pipeline.records.pseudonyms import MENTION, PSEUDONYM_CHARACTERS
from pipeline.results.export.coarsen import FILE_PREFIX, HIDDEN_HANDLE
from pipeline.results.export.levels import Level
from pipeline.results.study import StudyReader

NUMBER_DIGITS = 9  # an id with fewer digits is not searched among whole numbers
LARGEST = 2**63 - 1  # the largest number of an integer column
ID_CHARACTERS = 6  # a shorter post id counts only as a whole value, not inside a text
TEXT_WORDS = 3  # a text of fewer words ("so funny") identifies nobody, unless it is long
RUN_WORDS = 5  # words in a row that identify a longer text
TEXT_CHARACTERS = 20  # from which a text is long, as in languages without spaces
URL = regex.compile(r"(?i)https?:|www\.|\b(?:tiktok|instagram|youtube|youtu)\.(?:com|be)\b")
PLACE = regex.compile(r"(?:^|[\s\"'])(?:/(?:home|Users|root|mnt|media)/|[A-Za-z]:\\)")
MOMENT = regex.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
POST = regex.compile(r"(?:tiktok|instagram|youtube|file):\S")
TOKEN = regex.compile(r"[\p{L}\p{N}_-]+")
PSEUDONYM = regex.compile(rf"[a-z2-7]{{{PSEUDONYM_CHARACTERS}}}")
PERSONS = ("author_key", "donor_key")
KINDS = frozenset({"handle", "URL", "text", "post id", "exact time", "place on a disk"})
LOOKED_FOR = {
    Level.RESTRICTED: frozenset({"handle"}),
    Level.SHAREABLE: KINDS,
    Level.AGGREGATE: KINDS,
    Level.IDS_ONLY: KINDS - {"post id"},
}

#: Words of closed lists, which are no leak although an account or a caption may consist of one.
VOCABULARY = """
    SELECT platform AS word FROM clips
    UNION SELECT kind FROM clips
    UNION SELECT label FROM emotions WHERE label IS NOT NULL
    UNION SELECT unnest(map_keys(probabilities)) FROM emotions
    UNION SELECT status FROM emotions
    UNION SELECT tag FROM sound_tags
    UNION SELECT language FROM transcripts WHERE language IS NOT NULL
    UNION SELECT stage FROM fingerprints
    UNION SELECT status FROM attempts
    UNION SELECT channel FROM text_features
"""
HASHTAGS = "SELECT DISTINCT unnest(hashtags) FROM clips"
TEXTS = """
    SELECT caption AS text FROM clips WHERE caption IS NOT NULL
    UNION SELECT sound_title FROM clips WHERE sound_title IS NOT NULL
    UNION SELECT sound_artist FROM clips WHERE sound_artist IS NOT NULL
    UNION SELECT text FROM segments
    UNION SELECT text FROM platform_captions
"""
ACCOUNTS = """
    SELECT author_key AS account FROM clips WHERE author_key IS NOT NULL
    UNION SELECT unnest(mentions) FROM clips
    UNION SELECT donor_key FROM exposures
"""
IDS = """
    SELECT clip_id AS id FROM clips UNION SELECT clip_id FROM exposures
    UNION SELECT sound_id FROM clips WHERE sound_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Leak:
    """One kind of leak in one column, with the number of its values; the values themselves are not repeated."""

    table: str
    column: str
    kind: str
    cells: int

    def __str__(self) -> str:
        return f"{self.table}.{self.column}: {self.kind} ({self.cells} {'values' if self.cells > 1 else 'value'})"


@dataclass(frozen=True)
class Identifiers:
    """What a study stores that must not leave."""

    ids: frozenset[str] = frozenset()  # of clips and sounds, with and without the platform
    accounts: frozenset[str] = frozenset()  # in lower case
    texts: frozenset[tuple[str, ...]] = frozenset()  # short ones whole, longer ones as runs of words
    numbers: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        long = {int(text) for text in self.ids if text.isdecimal() and len(text) >= NUMBER_DIGITS}
        object.__setattr__(self, "numbers", frozenset(number for number in long if number <= LARGEST))


def needles(reader: StudyReader, level: Level) -> Identifiers:
    """The ids, accounts and texts of a study to search for, without the words of closed lists."""
    closed = {text.casefold() for text in _query_texts(reader, VOCABULARY)}
    # At `aggregate` clips are grouped by hashtag, so hashtags are ordinary values there.
    topics = set(_query_texts(reader, HASHTAGS)) if level is Level.AGGREGATE else set()
    ids = {text for whole in _query_texts(reader, IDS) for text in (whole, whole.partition(":")[2]) if text}
    accounts = {text.casefold() for text in _query_texts(reader, ACCOUNTS)}
    texts = {run for text in _query_texts(reader, TEXTS) for run in _word_runs(text)}
    ordinary = closed | topics
    return Identifiers(
        frozenset(ids - ordinary),
        frozenset(accounts - closed),
        frozenset(texts - {tuple(_folded_words(t)) for t in ordinary}),
    )


def find_leaks(name: str, rows: pa.Table, level: Level, known: Identifiers) -> list[Leak]:
    """The leaks of a table at its level, by column and kind."""
    looked_for = LOOKED_FOR[level]
    found: dict[tuple[str, str], int] = {}
    for column in rows.column_names:
        for kind in _column_leaks(column, rows[column], level, known):
            if kind in looked_for:
                found[column, kind] = found.get((column, kind), 0) + 1
    return [Leak(name, column, kind, count) for (column, kind), count in found.items()]


def refuse(leaks: Sequence[Leak]) -> None:
    """Raise `UserError` that names the columns and what was found there, if anything was."""
    if leaks:
        where = "; ".join(map(str, leaks))
        raise UserError(
            f"nothing was exported, because it would have identified people or posts: {where}. "
            "Look at these columns in the study: the platform, label or language they hold must be an ordinary word"
        )


def _column_leaks(column: str, cells: pa.ChunkedArray, level: Level, known: Identifiers) -> Iterator[str]:
    """The kind of each leak of a column, each different value once."""
    kind = cells.type
    # Coarsened times are dates, so every timestamp is exact.
    if pa.types.is_timestamp(kind):
        yield "exact time"
    # Coarsened dates are Mondays, so every other day is exact.
    elif pa.types.is_date(kind):
        days = pc.unique(cells.drop_null())
        yield from ["exact time"] * (pc.sum(pc.not_equal(pc.day_of_week(days), 0)).as_py() or 0)
    elif pa.types.is_integer(kind):
        numbers = pc.unique(cells.drop_null()).to_numpy()
        yield from ["post id"] * int(np.isin(numbers, np.array(sorted(known.numbers), np.int64)).sum())
    elif pa.types.is_string(kind) or pa.types.is_nested(kind):
        for text in _distinct_texts(cells):
            if level is Level.RESTRICTED:
                yield from _unhidden_handles(column, text)
            else:
                yield from _text_leaks(text, known)


def _unhidden_handles(column: str, text: str) -> Iterator[str]:
    """Accounts without a pseudonym, the only leak at `restricted`."""
    named = [found for found in MENTION.findall(text) if not HIDDEN_HANDLE.fullmatch(found)]
    bare = column == "mentions" and not HIDDEN_HANDLE.fullmatch(text)
    if named or bare or (column in PERSONS and not PSEUDONYM.fullmatch(text)):
        yield "handle"


def _text_leaks(text: str, known: Identifiers) -> Iterator[str]:
    if MENTION.search(text) or text.casefold() in known.accounts:
        yield "handle"
    if URL.search(text):
        yield "URL"
    if MOMENT.search(text):
        yield "exact time"
    if PLACE.search(text) or text.startswith(FILE_PREFIX):
        yield "place on a disk"
    if (
        POST.search(text)
        or text in known.ids
        or any(len(t) >= ID_CHARACTERS and t in known.ids for t in _id_tokens(text))
    ):
        yield "post id"
    if any(run in known.texts for run in _word_windows(text)):
        yield "text"


def _distinct_texts(cells: pa.ChunkedArray) -> set[str]:
    """The distinct texts of a column, with each text inside lists, maps and JSON."""
    if pa.types.is_string(cells.type):
        texts = pc.unique(cells.drop_null()).to_pylist()
        return {
            leaf for text in texts for leaf in (_nested_strings(_json_or_text(text)) if text[:1] in "[{" else (text,))
        }
    # A list of numbers, such as an embedding, holds no text and is large.
    if pa.types.is_list(cells.type) and not pa.types.is_string(cells.type.value_type):
        return set()
    return {leaf for cell in cells.to_pylist() for leaf in _nested_strings(cell)}


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _nested_strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _nested_strings(list(value.items()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _nested_strings(part)


def _query_texts(reader: StudyReader, statement: str) -> list[str]:
    return [text for text in reader.arrow(statement, {}).column(0).to_pylist() if text]


def _id_tokens(text: str) -> list[str]:
    return list(TOKEN.findall(text))


def _folded_words(text: str) -> list[str]:
    return tokens_of(text.casefold(), letters=f"{LETTERS}_")


def _word_runs(text: str) -> Iterator[tuple[str, ...]]:
    """The runs of words that identify a text: all its words if they are few, else one run after another."""
    words = _folded_words(text)
    # These runs need not overlap, because `_word_windows` looks at every position of a value.
    if len(words) >= RUN_WORDS:
        yield from (tuple(words[at : at + RUN_WORDS]) for at in range(0, len(words) - RUN_WORDS + 1, RUN_WORDS))
    elif len(words) >= TEXT_WORDS or sum(map(len, words)) >= TEXT_CHARACTERS:
        yield tuple(words)


def _word_windows(text: str) -> Iterator[tuple[str, ...]]:
    """Every run of up to `RUN_WORDS` words of a value, at every position."""
    words = _folded_words(text)
    for size in range(1, RUN_WORDS + 1):
        yield from (tuple(words[at : at + size]) for at in range(len(words) - size + 1))
