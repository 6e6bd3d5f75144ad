"""How far a segment can be trusted to be what somebody said, from signs of its sound, its decoding and its text."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import pairwise
from pathlib import Path

from pipeline.analysis.speech.engine import UNSPACED, Language, Segment
from pipeline.analysis.speech.loops import MAX_COMPRESSION
from pipeline.analysis.speech.scripts import script_fit
from pipeline.analysis.speech.spans import SpeechSpan
from pipeline.analysis.text.words import APOSTROPHES, tokens_of
from pipeline.records import Seconds

FULL_WINDOW_S: Seconds = 0.5  # a window with less sound left holds no speech: spans end in 0.3 s of padding
DOUBTFUL = 0.5  # originality of a phrase that people say and Whisper invents
#: Chosen, with the least trust of the stage transcribe, on one half of `python -m pipeline.research.measure_trust`.
WEIGHTS: Mapping[str, float] = {
    "speech_overlap": 1.0,
    "token_probability": 1.0,
    "voice_probability": 1.0,
    "incompressible": 1.0,
    "variety": 1.0,
    "originality": 1.0,
    "language_probability": 1.0,
    "window_fill": 1.0,
}
MIN_TRUST = 0.75
STOCK_PHRASES = Path(__file__).with_name("stock_phrases.toml")


@dataclass(frozen=True, slots=True)
class Parts:
    """What trust is made of, each 0–1 and 1 the best; None where it is not known."""

    speech_overlap: float  # share of the segment's time inside speech regions
    token_probability: float  # geometric mean of the probabilities of its tokens
    voice_probability: float  # 1 less Whisper's probability that its window holds no speech
    incompressible: float  # 1 up to a compression ratio of 2.4, then 2.4 over the ratio
    variety: float  # different pairs of neighbouring words over all pairs; 0 without a word
    originality: float  # 0 for a credit of subtitles, 0.5 for a phrase that Whisper likes to invent, else 1
    language_probability: float | None  # Whisper's of the language, times the share of letters in its scripts
    window_fill: float  # sound left in the window that it was decoded from, over 0.5 s, at most 1

    def trust(self, weights: Mapping[str, float] = WEIGHTS) -> float:
        """Weighted geometric mean of the parts that are known, 0–1: one that is 0 leaves nothing."""
        known = [(getattr(self, field.name), weights[field.name]) for field in fields(self)]
        known = [(part, weight) for part, weight in known if part is not None and weight > 0]
        if any(part <= 0 for part, _ in known):
            return 0.0
        whole = sum(weight for _, weight in known)
        return math.exp(sum(weight * math.log(part) for part, weight in known) / whole)


def parts_of(
    segment: Segment, span: SpeechSpan, regions: Iterable[tuple[Seconds, Seconds]], language: Language
) -> Parts:
    """The parts of a segment with its times in the clip, of the span that it was decoded from.

    `regions` are the clip's speech regions, which do not overlap.
    """
    rest_s = span.end_s - span.start_s - segment.window_s
    return Parts(
        speech_overlap=overlap_share(segment.start_s, segment.end_s, regions),
        token_probability=min(1.0, math.exp(segment.avg_logprob)),
        voice_probability=min(1.0, max(0.0, 1.0 - segment.no_speech_prob)),
        incompressible=min(1.0, MAX_COMPRESSION / max(segment.compression_ratio, MAX_COMPRESSION)),
        variety=variety(segment.text, language.code),
        originality=originality(segment.text),
        language_probability=_probability_as_written(segment.text, language),
        # the first window is whole however short the clip is
        window_fill=1.0 if segment.window_s <= 0.0 else min(1.0, max(0.0, rest_s / FULL_WINDOW_S)),
    )


def _probability_as_written(text: str, language: Language) -> float | None:
    """Whisper's probability of the language, less the letters in no script of it; None where a given language fits."""
    fit = script_fit(text, language.code)
    if language.probability is None:
        return None if fit == 1.0 else fit
    return language.probability * fit


def overlap_share(start_s: Seconds, end_s: Seconds, regions: Iterable[tuple[Seconds, Seconds]]) -> float:
    """Share of a stretch inside regions that do not overlap, 0–1; of an instant, 1 inside one and else 0."""
    regions = list(regions)
    if end_s <= start_s:
        return float(any(first <= start_s <= last for first, last in regions))
    shared = sum(max(0.0, min(end_s, last) - max(start_s, first)) for first, last in regions)
    return min(1.0, shared / (end_s - start_s))


def variety(text: str, language: str) -> float:
    """Different pairs of neighbouring words over all pairs, 0–1; 1 for a single word, 0 without any.

    In a language without spaces between words its characters are taken.
    """
    words: Sequence[str] = tokens_of(text.casefold(), joiners=APOSTROPHES)
    if language in UNSPACED:
        words = "".join(words)
    if len(words) < 2:
        return float(len(words))
    pairs = list(pairwise(words))
    return len(set(pairs)) / len(pairs)


def originality(text: str) -> float:
    """0 for what begins with a credit of subtitles, 0.5 for a phrase that Whisper likes to invent, 1 for all else."""
    plain = _letters_and_digits(text)
    credits_, closings = _stock_phrases()
    if plain.startswith(credits_):
        return 0.0
    return DOUBTFUL if plain in closings else 1.0


@cache
def _stock_phrases() -> tuple[tuple[str, ...], frozenset[str]]:
    """Credits and closings of all languages, as `_letters_and_digits` writes them: Whisper invents them in any."""
    listed = tomllib.loads(STOCK_PHRASES.read_text(encoding="utf-8"))
    credits_, closings = (
        [_letters_and_digits(phrase) for of in listed[kind].values() for phrase in of]
        for kind in ("credits", "closings")
    )
    return tuple(credits_), frozenset(closings)


def _letters_and_digits(text: str) -> str:
    """Letters and digits alone, in one case."""
    return "".join(tokens_of(text.casefold()))
