"""Captions of platforms: which tracks are taken, and what is left of a WebVTT file."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.sources.platforms.captions import MAX_TRACKS, Cue, read_webvtt, tracks_of
from tests.support.platform.fake_captions import ROLLING, SAID


def cue(*payload: str, time: str = "00:01.000 --> 00:02.000") -> str:
    return "\n".join(("WEBVTT", "", time, *payload, ""))


def texts(file: str) -> list[str]:
    return [line.text for line in read_webvtt(file)]


@pytest.mark.parametrize(
    ("time", "start", "end"),
    [
        ("00:01.000 --> 00:02.500", 1.0, 2.5),
        ("01:00:01.250 --> 01:00:02.000", 3601.25, 3602.0),
        ("100:00:00.000 --> 100:00:01.000", 360_000.0, 360_001.0),
        ("00:01.000 --> 00:02.500 align:start position:0% line:90%", 1.0, 2.5),
        ("\t00:01.000\t-->\t00:02.500", 1.0, 2.5),
        ("00:00:01,000 --> 00:00:02,500", 1.0, 2.5),  # SRT
    ],
)
def test_times_with_their_settings(time: str, start: float, end: float) -> None:
    assert read_webvtt(cue("hello", time=time)) == [Cue(start, end, "hello")]


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ("<v Ann>hello <b>you</b></v>", "hello you"),
        ("<c.yellow.bg_blue>hello</c>", "hello"),
        ("fish &amp; chips &lt;3 &#39;so&#39;&nbsp;", "fish & chips <3 'so'"),
        ("a &lt;b&gt; c", "a <b> c"),
        ("  two   blanks ", "two blanks"),
        ("كيف حالك", "كيف حالك"),
    ],
)
def test_markup_is_taken_away_and_words_stay(payload: str, text: str) -> None:
    assert texts(cue(payload)) == [text]


def test_lines_of_one_cue_are_one_line() -> None:
    assert texts(cue("- hello", "- you")) == ["- hello - you"]


def test_what_is_no_cue_is_left_out() -> None:
    file = "\ufeffWEBVTT - a title\nKind: captions\n\nNOTE nothing\n00:01.000\n\nSTYLE\n::cue { color: red }\n\n"
    file += "REGION\nid:x\n\nintro\n00:01.000 --> 00:02.000\nhello\n\n1\n00:03.000 --> 00:04.000\n \n"
    assert texts(file) == ["hello"]
    assert texts(file.replace("\n", "\r\n")) == ["hello"]


@pytest.mark.parametrize("file", ["", "WEBVTT", "<html>Log in</html>", '{"events": []}', "WEBVTT\n\n00:01 --> x\nhi"])
def test_what_is_no_webvtt_has_no_lines(file: str) -> None:
    assert read_webvtt(file) == []


def test_an_end_before_its_start_is_left_out() -> None:
    assert read_webvtt(cue("hello", time="00:05.000 --> 00:02.000")) == []


def test_rolling_lines_are_told_once_and_a_repeated_word_stays() -> None:
    assert read_webvtt(ROLLING) == [
        Cue(0.16, 2.31, "hello there friends"),
        Cue(2.32, 4.0, "no"),
        Cue(4.01, 5.5, "no really"),
    ]


def test_an_author_who_writes_a_line_twice_keeps_both() -> None:
    assert texts("WEBVTT\n\n00:01.000 --> 00:02.000\nno\n\n00:02.000 --> 00:03.000\nno\n") == ["no", "no"]


def test_a_plain_file() -> None:
    assert texts(SAID) == ["@friend, it was great & loud", "see you"]


def track(url: str = "https://x.example/a.vtt", ext: str | None = "vtt") -> list[dict[str, Any]]:
    return [{"url": url, "ext": ext}]


def test_stated_and_automatic_tracks_are_told_apart() -> None:
    info = {"automatic_captions": {"en-orig": track(), "en": track()}, "subtitles": {"de": track()}}
    assert [(one.language, one.kind) for one in tracks_of(info)] == [("en", "automatic"), ("de", "stated")]


def test_translations_of_a_machine_are_not_taken() -> None:
    info = {"automatic_captions": {"yue": track(), "fr": track("https://x.example/a.vtt?tlang=fr")}}
    assert [one.language for one in tracks_of(info)] == ["yue"]


def test_the_spoken_language_comes_first_and_there_is_an_end() -> None:
    codes = ("aa", "bb", "cc", "dd", "en-GB")
    tracks = tracks_of({"language": "en", "subtitles": {code: track() for code in codes}})
    assert len(tracks) == MAX_TRACKS
    assert [one.language for one in tracks] == ["en-GB", "aa", "bb"]


def test_only_formats_that_can_be_read() -> None:
    chat = {"live_chat": [{"url": "https://x.example/c", "ext": "json"}]}
    both = {"en": [*track("https://x.example/a.json3", "json3"), *track("https://x.example/b.vtt")]}
    assert [one.url for one in tracks_of({"subtitles": {**chat, **both}})] == ["https://x.example/b.vtt"]
    assert tracks_of({"subtitles": {"en": [{"ext": "vtt", "data": "WEBVTT"}]}}) == []
    assert tracks_of({}) == []
