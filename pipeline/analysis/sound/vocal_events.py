"""Voices without words: stretches in which the tagger hears laughter, crying, sighs, screams or cheering."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from pipeline.analysis.sound.tags import ANIMALS, Family, TagScores
from pipeline.analysis.sound.voice_witness import HOP_S, Heard
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


LEAST_VOICE = 0.4  # probability from which the second witness hears a voice in a frame, its makers' own


@dataclass(frozen=True, slots=True)
class VocalEvent:
    """One stretch of a clip with one kind of event, its highest score, and the second witness's mean probability."""

    kind: str
    start_s: Seconds
    end_s: Seconds
    score: float
    witness_probability: float | None = None


def vocal_events(tags: TagScores, heard: Heard | None, threshold: float, clip_s: Seconds) -> list[VocalEvent]:
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
                end_s = min(clip_s, tags.starts_s[run[-1]] + tags.window_s)
                event = VocalEvent(kind, tags.starts_s[run[0]], end_s, float(scores[run].max()))
                found.append(_narrowed(event, heard) if heard else event)
    return sorted(found, key=lambda event: (event.start_s, event.kind))


def _narrowed(event: VocalEvent, heard: Heard) -> VocalEvent:
    """An event from the first to the last frame in which the second witness hears a voice, if there is one."""
    first, last = round(event.start_s / HOP_S), max(round(event.start_s / HOP_S) + 1, round(event.end_s / HOP_S))
    voice = np.maximum(heard.speech[first:last], heard.singing[first:last])
    voiced = np.flatnonzero(voice >= LEAST_VOICE)
    if not voiced.size:
        return dataclasses.replace(event, witness_probability=float(voice.mean()) if voice.size else None)
    inside = voice[voiced[0] : voiced[-1] + 1]
    return dataclasses.replace(
        event,
        start_s=event.start_s + float(voiced[0]) * HOP_S,
        end_s=min(event.end_s, event.start_s + float(voiced[-1] + 1) * HOP_S),
        witness_probability=float(inside.mean(dtype=np.float64)),
    )
