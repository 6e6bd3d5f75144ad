"""A lexicon: the terms of a study, such as brands and topics, and where a text mentions them, in any script."""

from __future__ import annotations

import csv
import hashlib
import io
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import regex

from pipeline.analysis.text.words import LETTERS
from pipeline.errors import ConfigError

KEYS = ("term", "kind", "language", "label")
KINDS = ("text", "regex")
LANGUAGE = regex.compile(r"[a-z]{2,3}")
PATIENCE_S = 2.0  # time limit of one expression in one text: some take exponential time
LONGEST, DEEPEST = 1_000, 10  # characters and nested groups of an expression: beyond, it compiles for minutes
#: Accents of Latin, Greek, Cyrillic and Arabic, points of Hebrew, the Arabic stretch; never the voiced marks of kana.
ACCENT = regex.compile(r"(?V1)[[\p{Mn}&&[\p{Script=Inherited}\p{Script=Hebrew}]]--[\u3099\u309A]]|\u0640")
WITHIN_WORDS = regex.compile(f"[{LETTERS}]")
#: Scripts that write no spaces: a term need not stand between the edges of words.
UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")

Kind = Literal["text", "regex"]


@dataclass(frozen=True, slots=True)
class Term:
    """One entry of a lexicon; with a language it is not searched in texts of another language."""

    term: str
    kind: Kind
    label: str
    language: str | None
    pattern: regex.Pattern[str]  # of `term` itself, or of its normalised form

    def spans(self, text: str, plain: Plain) -> Iterator[tuple[int, int]]:
        """Where it occurs in a text, as offsets; `ConfigError` if the expression exceeds its time limit."""
        searched = text if self.kind == "regex" else plain.text
        try:
            for match in self.pattern.finditer(searched, timeout=PATIENCE_S):
                if match.end() > match.start():
                    yield match.span() if self.kind == "regex" else plain.span(*match.span())
        except TimeoutError as error:
            raise ConfigError(f"the expression {self.term!r} of the lexicon takes too long: make it simpler") from error


@dataclass(frozen=True, slots=True)
class Plain:
    """A text normalised by `plain`, with the offsets of its characters in the original."""

    text: str
    starts: tuple[int, ...]  # offset in the text, for each character
    ends: tuple[int, ...]  # and where it ends there, accents after it included

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the original behind a stretch of the normalised text."""
        return self.starts[start], self.ends[end - 1]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The terms of a study in the order of the file, and the sha256 of its bytes."""

    terms: tuple[Term, ...]
    digest: str


def read_lexicon(path: Path) -> Lexicon:
    """A lexicon from a TOML file (`[[terms]]`) or a CSV file with a header; `ConfigError` names file and line."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"there is no lexicon {path}: correct the key mentions.lexicon") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} cannot be read as a lexicon: save it as UTF-8") from error
    read = {".toml": _toml_entries, ".csv": _csv_entries}.get(path.suffix.lower())
    if read is None:
        raise ConfigError(f"{path} is no lexicon: its name must end in .toml or .csv")
    terms = tuple(_term(entry, f"{path}, line {line}") for line, entry in read(text, path))
    if not terms:
        raise ConfigError(f"{path} holds no terms: write at least one, or leave the key mentions.lexicon out")
    return Lexicon(terms, hashlib.sha256(content).hexdigest())


def plain(text: str) -> Plain:
    """A text in lower case without accents; each run of anything but letters and digits becomes one space.

    So cold-hearted is cold hearted, and l'orange mentions orange.
    """
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for offset, character in enumerate(text):
        bare = unicodedata.normalize("NFC", ACCENT.sub("", unicodedata.normalize("NFKD", character.casefold())))
        if not bare and ends:
            ends[-1] = offset + 1
        for part in bare:
            kept = part if WITHIN_WORDS.fullmatch(part) else " "
            if kept != " " or (characters and characters[-1] != " "):
                characters.append(kept)
                starts.append(offset)
                ends.append(offset + 1)
    return Plain("".join(characters), tuple(starts), tuple(ends))


def _toml_entries(text: str, path: Path) -> list[tuple[int, Mapping[str, Any]]]:
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # not TOML, too large a number, too deep
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error
    entries = content.get("terms")
    if set(content) != {"terms"} or not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        raise ConfigError(f"{path}, line 1: a lexicon holds tables [[terms]] and nothing else")
    # the TOML parser gives no line numbers, but each table begins on a line of its own
    heads = [number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith("[[terms]]")]
    return list(zip(heads if len(heads) == len(entries) else [1] * len(entries), entries, strict=True))


def _csv_entries(text: str, path: Path) -> list[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="")
    try:
        if "term" not in (reader.fieldnames or ()):
            raise ConfigError(f"{path}, line 1: a lexicon has a column `term`, and may have {', '.join(KEYS[1:])}")
        return [(reader.line_num, {key: value for key, value in row.items() if value}) for row in reader]
    except csv.Error as error:
        raise ConfigError(f"{path}, line {reader.line_num}: it cannot be read as CSV: {error}") from error


def _term(entry: Mapping[str, Any], where: str) -> Term:
    """One entry, checked; `ConfigError` begins with where it stands."""
    for key, value in entry.items():
        if key not in KEYS:
            raise ConfigError(f"{where}: {key!r} is no key of a term; there are: {', '.join(KEYS)}")
        if not isinstance(value, str):
            raise ConfigError(f"{where}: {key} must be a text, not {value!r}")
    term, kind, language = entry.get("term", "").strip(), entry.get("kind", "text"), entry.get("language")
    if not term:
        raise ConfigError(f"{where}: the term is missing")
    if kind not in KINDS:
        raise ConfigError(f"{where}: the kind {kind!r} must be text or regex")
    if language is not None and not LANGUAGE.fullmatch(language):
        raise ConfigError(f"{where}: the language {language!r} must be a code of ISO 639-1 such as en")
    pattern = _expression(term, where) if kind == "regex" else _whole_words(term, where)
    return Term(term, "regex" if kind == "regex" else "text", entry.get("label", "").strip() or term, language, pattern)


def _expression(term: str, where: str) -> regex.Pattern[str]:
    if len(term) > LONGEST or _depth(term) > DEEPEST:
        raise ConfigError(
            f"{where}: the expression {term[:80]!r} takes too long to read: "
            f"{LONGEST} characters and {DEEPEST} groups in one another are the most"
        )
    try:
        pattern = regex.compile(term, regex.IGNORECASE)
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        raise ConfigError(f"{where}: {term[:80]!r} is no regular expression: {error}") from error
    try:
        empty = pattern.fullmatch("", timeout=PATIENCE_S)
    except TimeoutError as error:
        raise ConfigError(f"{where}: the expression {term[:80]!r} takes too long: make it simpler") from error
    if empty:
        raise ConfigError(f"{where}: {term!r} also matches nothing at all, so it would be found everywhere")
    return pattern


def _depth(term: str) -> int:
    """Depth of nested groups in an expression; escaped brackets and those of character classes do not count."""
    depth = deepest = 0
    for bracket in regex.findall("[()]", regex.sub(r"\\.|\[[^\]]*\]", "", term)):
        depth += 1 if bracket == "(" else -1
        deepest = max(deepest, depth)
    return deepest


def _whole_words(term: str, where: str) -> regex.Pattern[str]:
    """Pattern of the normalised term between word boundaries, where its script has them."""
    words = plain(term).text.strip()
    if not words:
        raise ConfigError(f"{where}: the term {term!r} holds no letter or digit")
    before = "" if UNSPACED.match(words[0]) else f"(?<!{WITHIN_WORDS.pattern})"
    after = "" if UNSPACED.match(words[-1]) else f"(?!{WITHIN_WORDS.pattern})"
    return regex.compile(before + regex.escape(words) + after)
