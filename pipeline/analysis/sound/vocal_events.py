"""Voices without words: stretches in which the tagger hears laughter, crying, sighs, screams or cheering."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.analysis.sound.tags import ANIMALS, Family, TagScores
from pipeline.records import Seconds

LAUGHTER = "laughter"

#: Kinds of event by the AudioSet classes that make them.
KINDS: dict[str, Family] = {
    LAUGHTER: (("Laughter", "Chuckle, chortle"),),
    "crying": (("Crying, sobbing", "Wail, moan"),),
    "sigh": (("Sigh", "Sigh"),),
    "scream": (("Screaming", "Screaming"),),
    "cheering": (("Whoop", "Whoop"), ("Cheering", "Cheering")),
}


@dataclass(frozen=True, slots=True)
class VocalEvent:
    """One stretch of a clip with one kind of event, and its highest score."""

    kind: str
    start_s: Seconds
    end_s: Seconds
    score: float


def vocal_events(tags: TagScores, threshold: float, clip_s: Seconds) -> list[VocalEvent]:
    """Events in order of time: neighbouring windows that reach a score make one.

    A window in which an animal is heard more holds none: a cat can sound like a child that cries.
    """
    animals = tags.family(ANIMALS)
    found: list[VocalEvent] = []
    for kind, family in KINDS.items():
        scores = tags.family(family)
        sure = np.flatnonzero((scores >= threshold) & (scores >= animals))
        for run in np.split(sure, np.flatnonzero(np.diff(sure) > 1) + 1):
            if run.size:
                ends_s = min(clip_s, tags.starts_s[run[-1]] + tags.window_s)
                found.append(VocalEvent(kind, tags.starts_s[run[0]], ends_s, float(scores[run].max())))
    return sorted(found, key=lambda event: (event.start_s, event.kind))
