"""A decoder that loops, and a sentence that somebody really says again and again: told apart by decoding in pieces.

In a long window one repetition calls for the next, said or not. Each piece of speech by itself gives what is said in
it: a chant or a refrain as often as it is said, and other speech where the decoder looped over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from pipeline.analysis.speech.engine import Segment, SpeechEngine, Word
from pipeline.analysis.speech.spans import PAD_S, DecodedSpan, HeardSegment, SpeechSpan
from pipeline.analysis.speech.word_times import Stretch
from pipeline.analysis.text.words import APOSTROPHES, tokens_of
from pipeline.records import Seconds

MAX_COMPRESSION = 2.4  # Whisper's own alarm (Radford et al. 2022, section 4.5)
MAX_NO_SPEECH = 0.7  # Whisper's probability of no speech, above which a loop is not worth another decoding
LEAST_PIECE_S: Seconds = 2.0  # shorter pieces are decoded with the next one: alone they lack context
MOST_PIECE_S: Seconds = 6.0  # of a piece with the next one
LONGEST_PHRASE = 30  # words
LEAST_TIMES, LEAST_TIMES_OF_PHRASE, PHRASE_WORDS = 3, 2, 3  # a phrase of so many words repeats from two times on
NO_LENGTH_S: Seconds = 0.02  # one step of Whisper's times: a shorter word was not heard
TIMED_SHARE = 0.5  # of the words of a repetition; with fewer it was not said


@dataclass(frozen=True, slots=True)
class Repetition:
    """A phrase that follows itself: its place in a list of words, and how often it stands there."""

    first: int
    words: int  # of the phrase
    times: int


def decode_loops_again(engine: SpeechEngine, decoded: Sequence[DecodedSpan]) -> list[DecodedSpan]:
    """The spans of clips, those whose text loops decoded in pieces, and none with repetitions that have no time."""
    looped = [one for one in decoded if _loops(one.heard)]
    parts = [(one, part) for one in looped for part in _parts(one)]
    texts = engine.transcribe([part.cut(one.waveform) for one, part in parts], [one.language.code for one, _ in parts])
    again: dict[int, list[HeardSegment]] = {id(one): [] for one in looped}
    for (one, part), segments in zip(parts, texts, strict=True):
        again[id(one)] += [HeardSegment(part, one.language, part.placed(segment)) for segment in segments]
    return [
        replace(one, heard=tuple(replace(each, segment=without_untimed(each.segment)) for each in better))
        if (better := _better(one.heard, again.get(id(one), [])))
        else one
        for one in decoded
    ]


def _better(before: Sequence[HeardSegment], after: Sequence[HeardSegment]) -> Sequence[HeardSegment]:
    """What was decoded in pieces, if it holds words and loops less."""
    return after if after and _most_compressed(after) < _most_compressed(before) else before


def _loops(heard: Sequence[HeardSegment]) -> bool:
    return any(
        one.segment.compression_ratio > MAX_COMPRESSION and one.segment.no_speech_prob <= MAX_NO_SPEECH for one in heard
    )


def _most_compressed(heard: Sequence[HeardSegment]) -> float:
    return max((one.segment.compression_ratio for one in heard), default=0.0)


def _parts(one: DecodedSpan) -> list[SpeechSpan]:
    """The pieces of a span, short ones joined with the next, each padded as far as the pause between two allows."""
    joined: list[Stretch] = []
    for start, end in one.pieces:
        if joined and joined[-1][1] - joined[-1][0] < LEAST_PIECE_S and end - joined[-1][0] <= MOST_PIECE_S:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    middles = [(before[1] + after[0]) / 2 for before, after in pairwise(joined)]
    firsts, lasts = [one.span.start_s, *middles], [*middles, one.span.end_s]
    return [
        SpeechSpan(max(first, start - PAD_S), min(last, end + PAD_S))
        for first, last, (start, end) in zip(firsts, lasts, joined, strict=True)
    ]


def repetitions(words: Sequence[str]) -> Iterator[Repetition]:
    """The phrases that follow themselves, in order and without overlap; of several the one that takes most words."""
    place = 0
    while place < len(words):
        best = max(
            (_repetition_at(words, place, size) for size in range(1, LONGEST_PHRASE + 1)),
            key=lambda one: (one.words * (one.times - 1), -one.words),
        )
        if best.times >= (LEAST_TIMES_OF_PHRASE if best.words >= PHRASE_WORDS else LEAST_TIMES):
            yield best
            place += best.words * best.times
        else:
            place += 1


def _repetition_at(words: Sequence[str], place: int, size: int) -> Repetition:
    times, phrase = 1, words[place : place + size]
    while len(phrase) == size and words[place + times * size : place + (times + 1) * size] == phrase:
        times += 1
    return Repetition(place, size, times)


def without_untimed(segment: Segment) -> Segment:
    """A segment without the repetitions of a phrase whose words have no length: nobody said them."""
    kept = [True] * len(segment.words)
    for found in repetitions([_plain(word) for word in segment.words]):
        for turn in range(1, found.times):
            places = range(found.first + turn * found.words, found.first + (turn + 1) * found.words)
            timed = sum(segment.words[at].end_s - segment.words[at].start_s > NO_LENGTH_S for at in places)
            if timed < TIMED_SHARE * found.words:
                for at in places:
                    kept[at] = False
    return segment if all(kept) else _keep(segment, kept)


def _plain(word: Word) -> str:
    return "".join(tokens_of(word.text.casefold(), joiners=APOSTROPHES)) or word.text


def _keep(segment: Segment, kept: Sequence[bool]) -> Segment:
    """A segment with some of its words alone."""
    text, place = "", 0
    for word, keep in zip(segment.words, kept, strict=True):
        end = max(segment.text.find(word.text, place), place) + len(word.text)
        text += segment.text[place:end] if keep else ""
        place = end
    words = tuple(word for word, keep in zip(segment.words, kept, strict=True) if keep)
    return replace(segment, text=text.strip(), words=words, end_s=words[-1].end_s)
