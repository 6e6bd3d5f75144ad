"""Captions that a platform serves with a video: which tracks are fetched, and WebVTT parsed into cues."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from pipeline.records import PlatformCaptionRow, Seconds
from pipeline.records.pseudonyms import scrub
from pipeline.sources.post_fields import language_of, platform_of

MAX_TRACKS = 3  # one request each
MAX_BYTES = 2 << 20  # an hour of speech is a tenth of it
FORMATS = ("vtt", "srt")  # the preferred first; `read_webvtt` reads both
ORIGINAL = "-orig"  # yt-dlp's suffix of the spoken language
TRANSLATED = "tlang"  # YouTube's URL parameter of a machine translation
TIME = r"(?:(\d{1,4}):)?(\d\d):(\d\d)[.,](\d{3})"
TIMING = re.compile(rf"\s*{TIME}\s*-->\s*{TIME}(?:\s.*)?")  # cue settings may follow, such as the position
TAG = re.compile(r"<[^>]*>")
#: A time inside a line marks YouTube's rolling captions, in which each cue repeats the line before it.
ROLLING = re.compile(r"<\d\d:\d\d:\d\d\.\d{3}>")


@dataclass(frozen=True, slots=True)
class Track:
    """One track of captions as yt-dlp describes it."""

    language: str
    kind: str  # stated or automatic
    url: str
    impersonate: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue of captions."""

    start_s: Seconds
    end_s: Seconds
    text: str


def tracks_of(info: Mapping[str, Any]) -> list[Track]:
    """The tracks of a video, the spoken language first, without machine translations; at most `MAX_TRACKS`."""
    automatic = _formats_by_language(info.get("automatic_captions"))
    marked = {code: given for code, given in automatic.items() if code.endswith(ORIGINAL)}
    found = [
        *_best_tracks(marked or automatic, "automatic"),
        *_best_tracks(_formats_by_language(info.get("subtitles")), "stated"),
    ]
    language = info.get("language")
    spoken = language_of(language) if isinstance(language, str) else None
    found.sort(key=lambda track: spoken is not None and language_of(track.language) != spoken)
    return found[:MAX_TRACKS]


def fetch_captions(client: Any, info: Mapping[str, Any], clip_id: str, key: bytes | None) -> list[PlatformCaptionRow]:
    """Fetch the captions of a video as rows with an open `yt_dlp.YoutubeDL`; with a `key`, handles become pseudonyms.

    A track that cannot be fetched or parsed gives no rows; it never fails the post.
    """
    from yt_dlp.networking.exceptions import RequestError
    from yt_dlp.utils import YoutubeDLError

    rows: list[PlatformCaptionRow] = []
    platform = platform_of(str(info.get("extractor_key") or "")) or "file"
    for track in tracks_of(info):
        time.sleep(client.params.get("sleep_interval_requests") or 0)
        try:
            text = _fetch_track(client, track, dict(info.get("http_headers") or {}))
        except (YoutubeDLError, RequestError, OSError):
            continue
        for number, line in enumerate(read_webvtt(text)):
            said = line.text if key is None else scrub(line.text, key, platform)
            rows.append(PlatformCaptionRow(clip_id, track.language, track.kind, number, line.start_s, line.end_s, said))
    return rows


def read_webvtt(text: str) -> list[Cue]:
    """Cues of a WebVTT file (W3C WebVTT, section 4), or of an SRT file, without markup.

    A cue without words, or that ends before it starts, is left out; so are lines that a rolling cue repeats.
    """
    rolls = ROLLING.search(text) is not None
    lines: list[Cue] = []
    before: list[str] = []
    for start, end, payload in _timed_blocks(text):
        shown = [said for line in payload if (said := _without_markup(line))]
        fresh = shown[_repeated_lines(before, shown) :] if rolls else shown
        before = shown
        if fresh and end >= start:
            lines.append(Cue(start, end, " ".join(fresh)))
    return lines


def _formats_by_language(given: object) -> dict[str, list[Mapping[str, Any]]]:
    """Formats that have a URL, by language; anything in another shape is left out."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for code, formats in given.items() if isinstance(given, dict) else ():
        if isinstance(formats, list):
            entries = [one for one in formats if isinstance(one, dict) and isinstance(one.get("ext"), str)]
            found[str(code)] = [one for one in entries if isinstance(one.get("url"), str) and one["url"]]
    return found


def _best_tracks(given: Mapping[str, Sequence[Mapping[str, Any]]], kind: str) -> Iterator[Track]:
    """One track a language, in the first of `FORMATS` that it has."""
    for code, formats in given.items():
        usable = {one["ext"]: one for one in reversed(formats)}
        chosen = next((usable[name] for name in FORMATS if name in usable), None)
        if chosen is None or (kind == "automatic" and TRANSLATED in parse_qs(chosen["url"].partition("?")[2])):
            continue
        yield Track(code.removesuffix(ORIGINAL), kind, chosen["url"], bool(chosen.get("impersonate")))


def _fetch_track(client: Any, track: Track, headers: dict[str, str]) -> str:
    from yt_dlp.networking import Request

    extensions: dict[str, Any] = {}
    if track.impersonate:
        from yt_dlp.networking.impersonate import ImpersonateTarget

        extensions = {"impersonate": ImpersonateTarget()}
    with client.urlopen(Request(track.url, headers=headers, extensions=extensions)) as answer:
        return str(answer.read(MAX_BYTES).decode("utf-8-sig", "replace"))


def _timed_blocks(text: str) -> Iterator[tuple[Seconds, Seconds, list[str]]]:
    """Start, end and payload of each cue; blocks without a time (the header, notes, styles) are skipped."""
    # Only empty lines end a cue: a line of spaces belongs to it.
    for block in re.split(r"\n{2,}", re.sub(r"\r\n?", "\n", text)):
        lines = block.split("\n")
        for place, line in enumerate(lines[:2]):  # a cue may have an identifier before its time
            timing = TIMING.fullmatch(line)
            if timing:
                yield _cue_time_s(timing.groups()[:4]), _cue_time_s(timing.groups()[4:]), lines[place + 1 :]
                break


def _cue_time_s(parts: Sequence[str | None]) -> Seconds:
    hours, minutes, seconds, thousandths = (int(part or 0) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000


def _without_markup(line: str) -> str:
    return " ".join(html.unescape(TAG.sub("", line)).split())


def _repeated_lines(before: Sequence[str], shown: Sequence[str]) -> int:
    """How many lines at the start of a cue repeat the end of the cue before it."""
    most = min(len(before), len(shown))
    return next((n for n in range(most, 0, -1) if list(before[-n:]) == list(shown[:n])), 0)
