"""Broken and boastful media: real containers whose tables, lengths, rates, covers and tags are not what they say."""

from __future__ import annotations

import random
import struct
import zlib
from pathlib import Path

HUGE = 0xFFFFFFFF


def box(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    """One box of an MP4 file; `size` may lie."""
    return struct.pack(">I", 8 + len(content) if size is None else size) + kind + content


def wav(
    rate: int = 16_000, channels: int = 1, bits: int = 16, sound: bytes = b"\0\0" * 16_000, size: int | None = None
) -> bytes:
    """A WAV file with any header; `size` is what it says of its own length."""
    frame = max(1, channels * bits // 8)
    stated = len(sound) if size is None else size
    form = struct.pack("<HHIIHH", 1, channels & 0xFFFF, rate, (rate * frame) & HUGE, frame & 0xFFFF, bits)
    header = b"RIFF" + struct.pack("<I", min(HUGE, 36 + stated)) + b"WAVEfmt " + struct.pack("<I", 16) + form
    return header + b"data" + struct.pack("<I", stated) + sound


def patched(whole: bytes, kind: bytes, offset: int, value: bytes) -> bytes:
    """An MP4 file with bytes after the name of the first box of a kind replaced."""
    at = whole.index(kind) + 4 + offset
    return whole[:at] + value + whole[at + len(value) :]


def png(width: int, height: int, rows: int) -> bytes:
    """A black picture that states a size, of which it holds so many rows; a bomb where the size is large."""
    squeeze = zlib.compressobj(1)
    row = b"\0" * (1 + width // 8)
    pixels = b"".join(squeeze.compress(row) for _ in range(rows)) + squeeze.flush()

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def id3_bomb(sound: bytes) -> bytes:
    """An MP3 file whose tag holds a compressed text that states a length of a gigabyte."""
    frame = zlib.compress(b"\0" * (16 << 20))
    body = b"TXXX" + _synchsafe(len(frame) + 4) + b"\0\x09" + _synchsafe(0x0FFFFFFF) + frame
    return b"ID3\x04\0\0" + _synchsafe(len(body)) + body + sound


def _synchsafe(number: int) -> bytes:
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def broken(clip: bytes, other: bytes, canary: str) -> dict[str, bytes]:
    """Files made from a whole MP4 whose tables stand first; `other` is the foreign one."""
    chance = random.Random(5)
    middle, end = clip.index(b"mdat") + 8, len(clip)
    flipped = bytearray(clip)
    for _ in range(400):
        flipped[chance.randrange(middle, end)] = chance.randrange(256)
    reference = box(b"rdrf", b"\0\0\0\0url " + struct.pack(">I", len(canary) + 3) + f"{canary}/a".encode() + b"\0")
    head = box(b"ftyp", b"qt  \0\0\0\0qt  ")
    return {
        "truncated.mp4": clip[: end // 2],
        "truncated_tables.mp4": clip[: middle // 2],
        "flipped.mp4": bytes(flipped),
        "no_sound_bytes.mp4": clip[:middle] + b"\0" * (end - middle),
        "no_tables.mp4": clip.replace(b"moov", b"mooo", 1),
        "only_head.mp4": head,
        "random.mp4": chance.randbytes(100_000),
        "random_after_head.mp4": head + chance.randbytes(100_000),
        "spliced.mp4": clip[: (middle + end) // 2] + other[(middle + end) // 2 :],
        "repeated.mp4": clip + clip,
        "nested.mp4": head + b"".join(struct.pack(">I", 8 * (9_000 - n)) + b"moov" for n in range(9_000)),
        "endless_box.mp4": head + box(b"moov", b"\0" * 64, 0),
        "box_of_16_exabytes.mp4": head + struct.pack(">I", 1) + b"moov" + b"\xff" * 8,
        "many_samples.mp4": patched(clip, b"stsz", 8, struct.pack(">I", HUGE)),
        "large_samples.mp4": patched(clip, b"stsz", 4, struct.pack(">I", 0x7FFFFFFF)),
        "many_times.mp4": patched(clip, b"stts", 4, struct.pack(">I", HUGE)),
        "long_times.mp4": patched(clip, b"stts", 12, struct.pack(">I", HUGE)),
        "many_chunks.mp4": patched(clip, b"stco", 4, struct.pack(">I", HUGE)),
        "states_an_instant.mp4": patched(clip, b"mvhd", 16, struct.pack(">I", 1)),
        "states_a_century.mp4": patched(clip, b"mvhd", 16, struct.pack(">I", 0xF0000000)),
        "external_data.mp4": patched(clip, b"url ", 0, b"\0\0\0\0"),
        "reference_movie.mov": head + box(b"moov", box(b"rmra", box(b"rmda", reference))),
        "zip_behind.mp4": clip + b"PK\x05\x06" + b"\0" * 18,
        "page_before.mp4": b"<html><body>log in</body></html>" + clip,
    }


def boastful(canary: str) -> dict[str, bytes]:
    """WAV files whose headers state what cannot be."""
    return {
        "four_gigabytes.wav": wav(size=HUGE),
        "one_hertz.wav": wav(rate=1),
        "four_gigahertz.wav": wav(rate=HUGE),
        "no_rate.wav": wav(rate=0),
        "nine_channels.wav": wav(channels=9),
        "96_channels.wav": wav(channels=96, sound=b"\0" * 96 * 2 * 100),
        "65535_channels.wav": wav(channels=65_535),
        "no_channels.wav": wav(channels=0),
        "no_bits.wav": wav(bits=0),
        "no_sound.wav": wav(sound=b""),
        "half_a_sample.wav": wav(sound=b"\0"),
        "not_numbers.wav": wav(bits=32, sound=struct.pack("<f", float("nan")) * 16_000).replace(
            b"fmt \x10\0\0\0\x01", b"fmt \x10\0\0\0\x03"
        ),
    }


def hole(path: Path, hours: int) -> None:
    """Hours of digital silence in a file that takes no room on the disk."""
    size = hours * 3_600 * 32_000
    path.write_bytes(wav(sound=b"", size=size))
    with path.open("r+b") as file:
        file.truncate(44 + size)
