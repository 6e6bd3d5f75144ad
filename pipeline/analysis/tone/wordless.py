"""Speech regions in which a voice is heard without a trusted word: laughter and crying have no tone of speech."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.analysis.sound.vocal_events import LAUGHTER
from pipeline.errors import Reason
from pipeline.records import SegmentTrustRow, SpeechRegionRow, VocalEventRow, WordRow

LEAST_OVERLAP = 0.5  # of the shorter of a region and an event, so that the event is what the region holds


def spoken_regions(words: Iterable[WordRow], trust: Iterable[SegmentTrustRow]) -> frozenset[int | None]:
    """Numbers of the regions in which a trusted word is said; None stands for a word outside of all regions."""
    doubted = {row.segment for row in trust if not row.in_text}
    return frozenset(word.region for word in words if word.segment not in doubted)


def event_reason(region: SpeechRegionRow, events: Sequence[VocalEventRow]) -> Reason | None:
    """Why a region without a trusted word has no tone of speech, by the longest event in it; None without one."""
    found = [(_overlap(region, event), event) for event in events]
    longest = max((one for one in found if one[0]), key=lambda one: one[0], default=None)
    if longest is None:
        return None
    return Reason.LAUGHTER if longest[1].kind == LAUGHTER else Reason.VOICE_WITHOUT_WORDS


def _overlap(region: SpeechRegionRow, event: VocalEventRow) -> float:
    """The time that a region and an event share, in seconds; 0 where it is less than half of both."""
    shared = min(region.end_s, event.end_s) - max(region.start_s, event.start_s)
    shorter = min(region.end_s - region.start_s, event.end_s - event.start_s)
    return shared if shared > 0 and shared >= LEAST_OVERLAP * shorter else 0.0
