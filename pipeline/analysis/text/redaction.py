"""Redaction: telephone numbers, addresses and handles in a text are replaced by marks such as [PHONE].

It finds what has a fixed form. Names, places and personal details have none and stay, so a redacted text is never
anonymous. Recall on a labelled set of made-up sentences: `python -m pipeline.analysis.text.redaction`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.errors import UserError, how_to_install
from pipeline.records.pseudonyms import MENTION

LABELLED = Path(__file__).with_name("redaction_examples.toml")
DROPPED = "[DROPPED]"  # where a text was dropped as a whole
#: Regions in which a number without a country code is searched; together they find more than any one.
REGIONS = ("US", "GB", "DE", "FR", "ES", "BR", "IN", "MX")
MIN_PHONE_DIGITS = 6  # a shorter number is no telephone's
PSEUDONYM = re.compile(r"user_[a-z2-7]{8}")  # a handle that is already replaced

#: Each pattern with its mark, in the order in which they are tried: an e-mail address holds what looks like a handle.
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("URL", re.compile(r"(?i)\b(?:https?://|www\.)\S+[\w/]|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|de|io|tv|me|app)/\S*")),
    ("EMAIL", re.compile(r"(?i)\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")),
    ("EMAIL", re.compile(r"(?i)\b[\w.+-]+\s+(?:at|arroba|ät)\s+[\w-]+\s*(?:\.|\s(?:dot|punkt|punto|ponto)\s)\s*"
                         r"(?:com|org|net|de|es|fr|uk|io|edu)\b")),
    ("IBAN", re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?\b")),
    ("CARD", re.compile(r"\b(?:\d{4}[ -]?){3}\d{4}\b")),
    ("ID", re.compile(r"\b\d{3}-\d{2}-\d{4}\b")),  # of social security in the United States
    ("ADDRESS", re.compile(
        r"\b\d{1,5}\s+(?:[A-Z][\w'.-]+\s+){1,3}(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|"
        r"Way|Place|Square)\b\.?"
        r"|\b[A-ZÄÖÜ][\w'ß-]*(?:straße|strasse|str\.|weg|platz|allee|gasse)\s+\d{1,4}\s?[a-z]?\b"
        r"|\b\d{1,4}(?:\s?bis)?,?\s+(?:rue|avenue|boulevard|place|impasse)\s+(?:\w+['’\s]){0,3}[A-ZÉ][\w'-]+"
        r"|\b(?:[Cc]alle|[Aa]venida|[Rr]ua|[Pp]aseo)\s+(?:\w+\s+){0,3}[A-ZÁ][\w'-]+,?\s+\d{1,4}\b")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PiiSpan:
    """A stretch of a text to be replaced by a mark."""

    start: int  # first character
    end: int  # one after the last
    kind: str

    @property
    def mark(self) -> str:
        """The mark in its place."""
        return f"[{self.kind}]"


@dataclass(frozen=True, slots=True)
class Example:
    """A made-up sentence, in which what should be found stands between angle brackets: <PHONE 030 123456>."""

    text: str
    spans: tuple[PiiSpan, ...]


def require_library() -> None:
    """Raise `UserError` where the extra `redact` is not installed."""
    try:
        import phonenumbers  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise UserError(f"redaction needs phonenumbers, which is not installed; {how_to_install('redact')}") from error


def redact(text: str) -> str:
    """A text with a mark in place of each span."""
    found, end = [], 0
    for span in spans_of(text):
        found += [text[end : span.start], span.mark]
        end = span.end
    return "".join([*found, text[end:]])


def redact_words(words: Sequence[str]) -> list[str]:
    """Words of a text, in order, each one that overlaps a span replaced by its mark."""
    starts, position = [], 0
    for word in words:
        starts.append(position)
        position += len(word) + 1
    found = list(words)
    for span in spans_of(" ".join(words)):
        for number, start in enumerate(starts):
            if start < span.end and span.start < start + len(words[number]):
                found[number] = span.mark
    return found


def spans_of(text: str) -> list[PiiSpan]:
    """Stretches of a text that have the form of personal data, in order and without overlaps."""
    found: list[PiiSpan] = []
    for span in (*_pattern_spans(text), *_phone_spans(text), *_handle_spans(text)):
        if all(span.end <= other.start or other.end <= span.start for other in found):
            found.append(span)
    return sorted(found, key=lambda span: span.start)


def _pattern_spans(text: str) -> Iterator[PiiSpan]:
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            yield PiiSpan(match.start(), match.end(), kind)


def _phone_spans(text: str) -> Iterator[PiiSpan]:
    """Telephone numbers that are possible somewhere, found with Google's libphonenumber."""
    require_library()
    from phonenumbers import Leniency, PhoneNumberMatcher

    if sum(character.isdigit() for character in text) < MIN_PHONE_DIGITS:
        return
    for region in REGIONS:
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
            yield PiiSpan(match.start, match.end, "PHONE")


def _handle_spans(text: str) -> Iterator[PiiSpan]:
    for match in MENTION.finditer(text):
        if not PSEUDONYM.fullmatch(match[1]):
            yield PiiSpan(match.start(), match.end(), "HANDLE")


@cache
def examples() -> tuple[Example, ...]:
    """The labelled set: sentences that nobody ever said, with what a reader would take out of them."""
    written = tomllib.loads(LABELLED.read_text(encoding="utf-8"))["sentences"]
    return tuple(map(_parse_example, written))


def _parse_example(written: str) -> Example:
    text, spans = "", []
    for part in re.split(r"(<[A-Z]+ [^>]+>)", written):
        kind, space, inside = part[1:-1].partition(" ")
        if part.startswith("<") and space:
            spans.append(PiiSpan(len(text), len(text) + len(inside), kind))
            text += inside
        else:
            text += part
    return Example(text, tuple(spans))


def recall() -> dict[str, tuple[int, int]]:
    """By kind, how many labelled spans are covered as a whole by what is found, and how many there are."""
    counted: dict[str, tuple[int, int]] = {}
    for example in examples():
        found = spans_of(example.text)
        for span in example.spans:
            covered = any(one.start <= span.start and span.end <= one.end for one in found)
            hits, total = counted.get(span.kind, (0, 0))
            counted[span.kind] = (hits + covered, total + 1)
    return dict(sorted(counted.items()))


def false_alarms() -> tuple[int, int]:
    """How many spans are found where nothing is labelled, and how many are found in all."""
    wrong = total = 0
    for example in examples():
        for one in spans_of(example.text):
            total += 1
            wrong += all(one.end <= span.start or span.end <= one.start for span in example.spans)
    return wrong, total


def main() -> None:
    """Print the recall on the labelled set."""
    import sys

    lines = [f"{len(examples())} made-up sentences; a span counts as found where all of it is covered"]
    lines += [f"{kind:8} {hits:3} of {total:3}" for kind, (hits, total) in recall().items()]
    wrong, total = false_alarms()
    lines.append(f"{wrong} of {total} marks stand where nothing was labelled")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
