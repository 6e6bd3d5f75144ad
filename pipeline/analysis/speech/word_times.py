"""Words cut to speech: Whisper pulls the start of the first word after a pause back into the silence before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.analysis.speech.engine import Segment, Word
from pipeline.records import Seconds

Stretch = tuple[Seconds, Seconds]  # start and end

MIN_HEARD_S: Seconds = (
    0.1  # a word that reaches so far into speech ends there: Whisper's word ends are right, starts early
)
JOIN_S: Seconds = 0.05  # regions closer than this were cut apart inside speech, where a word may lie on both sides
NEAR_S: Seconds = 0.5  # a word between regions belongs to one that is no farther; beyond, nobody speaks


def cut_to_speech(segment: Segment, regions: Iterable[Stretch]) -> Segment:
    """A segment with its words, its start and its end inside speech regions, all with times in the clip.

    A word keeps what lies in the last stretch of speech that it reaches into. One that touches none has no length, at
    the nearest edge of speech within `NEAR_S`; farther from speech, words stay as they are.
    """
    if not segment.words:
        return segment
    stretches = _joined(regions)
    words = tuple(_cut(word, stretches) for word in segment.words)
    return replace(segment, words=words, start_s=words[0].start_s, end_s=words[-1].end_s)


def _joined(regions: Iterable[Stretch]) -> list[Stretch]:
    joined: list[Stretch] = []
    for start, end in sorted(regions):
        if joined and start - joined[-1][1] < JOIN_S:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _cut(word: Word, stretches: Sequence[Stretch]) -> Word:
    shared = [(max(word.start_s, start), min(word.end_s, end)) for start, end in stretches]
    heard = [part for part in shared if part[1] > part[0]]
    if heard:
        long = [part for part in heard if part[1] - part[0] >= MIN_HEARD_S]
        start, end = long[-1] if long else max(heard, key=lambda part: part[1] - part[0])
        return replace(word, start_s=start, end_s=end)
    nearest = min(stretches, key=lambda stretch: _distance(word, stretch), default=None)
    if nearest is None or _distance(word, nearest) > NEAR_S:
        return word
    edge = min(max(word.start_s, nearest[0]), nearest[1])
    return replace(word, start_s=edge, end_s=edge)


def _distance(word: Word, stretch: Stretch) -> Seconds:
    """How far a word is from a stretch of speech that it does not reach into."""
    return max(stretch[0] - word.end_s, word.start_s - stretch[1], 0.0)
