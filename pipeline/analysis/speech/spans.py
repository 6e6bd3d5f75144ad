"""Spans of speech: what of a clip is decoded, so that Whisper never hears the music and silence between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.analysis.speech.engine import Language, Segment, SpeechEngine
from pipeline.analysis.speech.word_times import Stretch
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Seconds

MERGE_GAP_S: Seconds = 2.0  # speech regions closer than this are one span; in longer gaps Whisper invents words
PAD_S: Seconds = 0.2  # kept around a span, less than half of a gap: voice activity starts late on soft sounds
#: A span is decoded in another language than its clip's from this length (s) and probability on: below them, a name or
#: a word of a related language misleads the detection.
MIN_LANGUAGE_S: Seconds = 3.0
SURE_LANGUAGE = 0.9


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    """A stretch of a clip that is transcribed as a whole."""

    start_s: Seconds
    end_s: Seconds

    def cut(self, waveform: Waveform) -> Waveform:
        """The samples `(time,)` of this span out of the clip's waveform."""
        return waveform[round(self.start_s * SAMPLE_RATE) : round(self.end_s * SAMPLE_RATE)]

    def placed(self, segment: Segment) -> Segment:
        """A segment of this span with its times in the clip, cut at the span's end, as Whisper can exceed it."""
        words = (
            replace(word, start_s=self._in_clip(word.start_s), end_s=self._in_clip(word.end_s))
            for word in segment.words
        )
        return replace(
            segment,
            start_s=self._in_clip(segment.start_s),
            end_s=self._in_clip(segment.end_s),
            words=tuple(words),
        )

    def _in_clip(self, time_s: Seconds) -> Seconds:
        return min(self.start_s + time_s, self.end_s)


@dataclass(frozen=True, slots=True)
class HeardSegment:
    """A segment with its times in the clip, the span that it was decoded from, and the language that was heard."""

    span: SpeechSpan
    language: Language
    segment: Segment


@dataclass(frozen=True, slots=True)
class DecodedSpan:
    """One span of a clip as it was decoded first."""

    clip: int
    waveform: Waveform
    span: SpeechSpan
    pieces: tuple[Stretch, ...]  # the speech inside it, in short stretches
    language: Language
    heard: tuple[HeardSegment, ...]


def spans_of(regions: Iterable[tuple[Seconds, Seconds]], duration_s: Seconds) -> list[SpeechSpan]:
    """Join speech regions (start, end) with gaps below `MERGE_GAP_S` and pad them inside the clip, in order of time."""
    joined: list[SpeechSpan] = []
    for start, end in sorted(regions):
        if joined and start - joined[-1].end_s < MERGE_GAP_S:
            joined[-1] = replace(joined[-1], end_s=max(joined[-1].end_s, end))
        else:
            joined.append(SpeechSpan(start, end))
    return [SpeechSpan(max(0.0, span.start_s - PAD_S), min(duration_s, span.end_s + PAD_S)) for span in joined]


def recognise(
    engine: SpeechEngine,
    clips: Sequence[tuple[Waveform, Sequence[SpeechSpan]]],
    language: Language | None = None,
) -> list[tuple[Language, list[HeardSegment]]]:
    """Recognise the speech of each span by itself; returns each clip's language and segments, in order of time.

    The language is the one given, or that of the longest span; another span that is long enough and surely in another
    language is decoded in its own. No segment is left out. Raises `ValueError` for a clip without a span.
    """
    sounds = [[span.cut(waveform) for span in spans] for waveform, spans in clips]
    longest = [max(cuts, key=len) for cuts in sounds]
    mains = [language] * len(clips) if language else engine.detect_languages(longest)
    spoken = [[main] * len(cuts) for main, cuts in zip(mains, sounds, strict=True)]
    if not language:
        _detect_other_languages(engine, sounds, spoken)
    cuts = [cut for each in sounds for cut in each]
    codes = [heard.code for each in spoken for heard in each]
    texts = iter(engine.transcribe(cuts, codes))
    return [
        (
            main,
            [
                HeardSegment(span, own, span.placed(one))
                for span, own in zip(spans, each, strict=True)
                for one in next(texts)
            ],
        )
        for (_, spans), main, each in zip(clips, mains, spoken, strict=True)
    ]


def _detect_other_languages(
    engine: SpeechEngine, sounds: Sequence[Sequence[Waveform]], spoken: list[list[Language]]
) -> None:
    """Change the language in `spoken` of spans that are long enough and surely in another than their clip's longest."""
    asked = [
        (clip, number)
        for clip, cuts in enumerate(sounds)
        for number, cut in enumerate(cuts)
        if cut.size >= MIN_LANGUAGE_S * SAMPLE_RATE and cut is not max(cuts, key=len)
    ]
    found = engine.detect_languages([sounds[clip][number] for clip, number in asked])
    for (clip, number), heard in zip(asked, found, strict=True):
        sure = heard.probability is not None and heard.probability >= SURE_LANGUAGE
        if sure and heard.code != spoken[clip][number].code:
            spoken[clip][number] = heard


def joined_text(heard: Sequence[HeardSegment]) -> str:
    """The text of all segments, with spaces between them unless both are written without."""
    text = ""
    for before, one in zip([None, *heard], heard, strict=False):
        close = before is None or (before.language.unspaced and one.language.unspaced)
        text += ("" if close else " ") + one.segment.text
    return text
