"""Damage to an MP4 file as disks, networks and attackers do it; the same for the same seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"dinf")
TABLES = (b"stsz", b"stco", b"stts", b"stsc", b"ctts", b"stsd", b"mdhd", b"tkhd", b"elst", b"mvhd", b"esds", b"avcC")


def mutated(whole: bytes, seed: int) -> bytes:
    """A file with one to three kinds of damage."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 3)):
        whole = chance.choice(KINDS)(whole, chance)
    return whole


def flip_bits(whole: bytes, chance: random.Random) -> bytes:
    """Up to 400 bits turned anywhere."""
    content = bytearray(whole)
    for _ in range(chance.randint(1, 400)):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def cut_end(whole: bytes, chance: random.Random) -> bytes:
    """Everything after some place missing."""
    return whole[: chance.randint(1, len(whole))]


def cut_middle(whole: bytes, chance: random.Random) -> bytes:
    """Some bytes missing, as when a fragment was lost."""
    start = chance.randrange(len(whole))
    return whole[:start] + whole[start + chance.randint(1, 20_000) :] or b"\0"


def zero_table(whole: bytes, chance: random.Random) -> bytes:
    """A table whose entries are all 0."""
    return _in_box(whole, chance, TABLES, lambda body: body[:4] + b"\0" * (len(body) - 4))


def boast(whole: bytes, chance: random.Random) -> bytes:
    """A number of a table that is as large as can be."""

    def changed(body: bytes) -> bytes:
        at = 4 * chance.randrange(max(1, len(body) // 4))
        return (
            body[:at]
            + struct.pack(">I", chance.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF)))[: len(body) - at]
            + body[at + 4 :]
        )

    return _in_box(whole, chance, TABLES, changed)


def swap_boxes(whole: bytes, chance: random.Random) -> bytes:
    """Two boxes in each other's place."""
    found = [span for kind in TABLES for span in _boxes(whole, kind)]
    if len(found) < 2:
        return whole
    (a, b), (c, d) = sorted(chance.sample(found, 2))
    return whole if c < b else whole[:a] + whole[c:d] + whole[b:c] + whole[a:b] + whole[d:]


def double_box(whole: bytes, chance: random.Random) -> bytes:
    """A box that is there twice."""
    found = [span for kind in (*CONTAINERS, *TABLES) for span in _boxes(whole, kind)]
    if not found:
        return whole
    start, end = chance.choice(found)
    return whole[:end] + whole[start:end] + whole[end:]


def rename_box(whole: bytes, chance: random.Random) -> bytes:
    """A box under another's name."""
    old, new = chance.choice((*CONTAINERS, *TABLES, b"mdat", b"ftyp")), chance.choice((*CONTAINERS, *TABLES, b"free"))
    return whole.replace(old, new, 1)


KINDS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip_bits, cut_end, cut_middle, zero_table, boast, swap_boxes, double_box, rename_box,
)  # fmt: skip


def _in_box(whole: bytes, chance: random.Random, kinds: tuple[bytes, ...], change: Callable[[bytes], bytes]) -> bytes:
    found = [span for kind in kinds for span in _boxes(whole, kind)]
    if not found:
        return whole
    start, end = chance.choice(found)
    return whole[: start + 8] + change(whole[start + 8 : end]) + whole[end:]


def _boxes(whole: bytes, kind: bytes) -> list[tuple[int, int]]:
    """Where the boxes of a kind begin and end, as far as their own sizes can be believed."""
    spans, at = [], whole.find(kind)
    while at != -1:
        if at >= 4:
            size = struct.unpack(">I", whole[at - 4 : at])[0]
            if 8 < size <= len(whole) - at + 4:
                spans.append((at - 4, at - 4 + size))
        at = whole.find(kind, at + 1)
    return spans
