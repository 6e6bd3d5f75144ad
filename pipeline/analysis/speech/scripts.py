"""The script of a text: Whisper writes some languages in the letters of another, such as Hindi in Arabic ones."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path

import regex

from pipeline.analysis.speech.engine import SpeechEngine
from pipeline.analysis.speech.loops import MAX_COMPRESSION
from pipeline.analysis.speech.spans import HeardSegment
from pipeline.media.audio import Waveform

TABLE = Path(__file__).with_name("scripts.toml")
USUAL = ("Latin",)
LEAST_LETTERS = 10  # fewer, such as a name, tell nothing
FITS = 0.5  # share of letters in the language's scripts, below which speech is decoded again
LETTERS = regex.compile(r"(?![\p{Script=Common}\p{Script=Inherited}])\p{L}")


def script_fit(text: str, language: str) -> float:
    """Share of a text's letters in a script that its language is written in, 0–1; 1 with too few letters to tell."""
    letters = len(LETTERS.findall(text))
    if letters < LEAST_LETTERS:
        return 1.0
    return len(_letters_of(language).findall(text)) / letters


def in_own_script(engine: SpeechEngine, waveform: Waveform, heard: Sequence[HeardSegment]) -> list[HeardSegment]:
    """The segments of a clip, those in a strange script decoded again with a sentence in the script of their language.

    Where that does not help, or loops, or no sentence is known, they stay: `script_fit` tells them.
    """
    found: list[HeardSegment] = []
    for span, group in groupby(heard, key=lambda one: one.span):
        written = list(group)
        language = written[0].language
        prompt = _table()["prompts"].get(language.code)
        if prompt and _fit(written) < FITS:
            [segments] = engine.transcribe([span.cut(waveform)], [language.code], prompt=prompt)
            again = [HeardSegment(span, language, span.placed(segment)) for segment in segments]
            loops = any(one.segment.compression_ratio > MAX_COMPRESSION for one in again)
            written = again if again and not loops and _fit(again) > _fit(written) else written
        found += written
    return found


def _fit(heard: Sequence[HeardSegment]) -> float:
    return script_fit(" ".join(one.segment.text for one in heard), heard[0].language.code)


@cache
def _letters_of(language: str) -> regex.Pattern[str]:
    scripts = _table()["scripts"].get(language, USUAL)
    return regex.compile("|".join(rf"(?=\p{{Script={script}}})\p{{L}}" for script in scripts))


@cache
def _table() -> dict[str, dict[str, str]]:
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))
