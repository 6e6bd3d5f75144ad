"""Looking for texts in files byte by byte, in every form that a program may have written them in.

What is looked for can be thousands of texts, and what is looked through a whole study. So the last bytes of each text,
its anchor, are hashed into a table of 2^24 places; at every byte of a file the bytes that follow are hashed the same
way, all of a block at once, and only where the table says so the texts themselves are compared (the idea of Rabin and
Karp 1987, "Efficient randomized pattern-matching algorithms").
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

WORD_BYTES = 8  # what is hashed at once
MIN_BYTES = WORD_BYTES  # shorter texts stand in every large file by chance
PLACE_BITS = 24  # of the table: 16 MiB
BLOCK_BYTES = 16 << 20  # of a file that is looked at at once
FACTORS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))  # large odd numbers: they mix the bits
#: Forms of a text, as they are named in a receipt.
FORMS = ("raw", "json", "percent", "hex", "HEX")


@dataclass
class Scan:
    """What was looked through, and what was found: by place, how often each kind of text stands there."""

    needles: int = 0
    files: int = 0
    bytes: int = 0
    found: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    paths: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # kinds by file: never in a receipt

    def note(self, place: str, path: str, counts: Counter[str]) -> None:
        """Note what was found in a file, under the name that a receipt may give it."""
        if counts:
            self.found[place] += counts
            self.paths[path] |= {kind.partition(",")[0] for kind in counts}

    def add(self, other: Scan) -> None:
        """Take over what another scan looked through and found."""
        self.files += other.files
        self.bytes += other.bytes
        for name, counts in other.found.items():
            self.found[name] += counts
        for path, kinds in other.paths.items():
            self.paths[path] |= kinds

    @property
    def total(self) -> int:
        """How often any of the texts was found."""
        return sum(sum(counts.values()) for counts in self.found.values())


class SearchTexts:
    """Texts to look for, by kind; those of fewer than eight bytes are left out."""

    def __init__(self, texts: Mapping[str, Iterable[str]]) -> None:
        self._kinds: dict[bytes, str] = {}
        self.count = 0
        for kind, of_kind in texts.items():
            long = {text for text in of_kind if len(text.encode()) >= MIN_BYTES}
            self.count += len(long)
            self._kinds |= {pattern: f"{kind}, {form}" for text in long for form, pattern in forms(text).items()}
        # By the bytes of an anchor, the patterns that end with it: long ones have an anchor of two words.
        self._ending: dict[int, dict[bytes, list[bytes]]] = {1: defaultdict(list), 2: defaultdict(list)}
        for pattern in self._kinds:
            words = 2 if len(pattern) >= 2 * WORD_BYTES else 1
            self._ending[words][pattern[-words * WORD_BYTES :]].append(pattern)
        self._tables = {words: _table(anchors, words) for words, anchors in self._ending.items() if anchors}
        self._longest = max(map(len, self._kinds), default=0)

    def scan(self, paths: Iterable[Path], beneath: Path) -> Scan:
        """Look through files, and through their names below a folder; one that is gone meanwhile is left out."""
        found = Scan(self.count)
        for path in paths:
            name = path.relative_to(beneath).as_posix() if path.is_relative_to(beneath) else path.name
            counts = self.in_bytes(name.encode(errors="surrogateescape"))
            place = "names of files" if counts else name
            try:
                counts += self.in_file(path)
                found.bytes += path.stat().st_size
            except FileNotFoundError:
                continue
            found.files += 1
            found.note(place, name, counts)
        return found

    def in_file(self, path: Path) -> Counter[str]:
        """How often each kind and form stands in a file."""
        found: Counter[str] = Counter()
        with path.open("rb") as file:
            before = b""
            while block := file.read(BLOCK_BYTES):
                found += self.in_bytes(before + block, len(before))
                before = (before + block)[-self._longest :]
        return found

    def in_bytes(self, content: bytes, start: int = 0) -> Counter[str]:
        """How often each kind and form stands in bytes and ends beyond the first `start` of them."""
        found: Counter[str] = Counter()
        for words, table in self._tables.items():
            for position in _candidates(content, words, table):
                end = position + words * WORD_BYTES
                for pattern in self._ending[words].get(content[position:end], ()) if end > start else ():
                    if content[max(0, end - len(pattern)) : end] == pattern:
                        found[self._kinds[pattern]] += 1
        return found


def forms(text: str) -> dict[str, bytes]:
    """A text as programs write it: as it is, as JSON and URLs escape it, and as hex digits; alike ones once."""
    raw = text.encode()
    written = (raw, json.dumps(text)[1:-1].encode(), quote(text, safe="").encode(), raw.hex().encode(),
               raw.hex().upper().encode())  # fmt: skip
    found: dict[bytes, str] = {}
    for form, pattern in zip(FORMS, written, strict=True):
        found.setdefault(pattern, form)
    return {form: pattern for pattern, form in found.items()}


def files_below(folder: Path) -> Iterator[Path]:
    """Every file of a folder and below, in order; links are not followed."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def _table(anchors: Iterable[bytes], words: int) -> NDArray[np.bool_]:
    """Which places of the table an anchor has, shape `(2^24,)`."""
    joined = np.frombuffer(b"".join(anchors), "<u8").reshape(-1, words)
    table = np.zeros(1 << PLACE_BITS, dtype=np.bool_)
    table[_places([joined[:, word] for word in range(words)])] = True
    return table


def _candidates(content: bytes, words: int, table: NDArray[np.bool_]) -> Iterator[int]:
    """Where an anchor may begin: every position whose bytes hash to a place of the table."""
    for offset in range(WORD_BYTES):
        count = (len(content) - offset) // WORD_BYTES
        if count < words:
            return
        values = np.frombuffer(content, "<u8", count, offset)
        hits = table[_places([values[word : count - words + 1 + word] for word in range(words)])]
        yield from (int(hit) * WORD_BYTES + offset for hit in np.flatnonzero(hits))


def _places(words: list[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """The place of each row of words in the table; products wrap around, as they should."""
    mixed = words[0] * FACTORS[0]
    for word in words[1:]:
        mixed = (mixed ^ (mixed >> np.uint64(29))) * FACTORS[1] ^ word * FACTORS[0]
    return mixed >> np.uint64(64 - PLACE_BITS)
