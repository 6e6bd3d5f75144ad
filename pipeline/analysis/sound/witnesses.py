"""Who hears a voice, frame by frame: voice activity, the tagger and a second witness.

Voice activity alone misses voices that are shouted, excited or whispered. A stretch that the second witness is sure of
counts as speech where voice activity or the tagger hears speech in it or within half a second of it: music and animals
deceive one witness, seldom two. Where the tagger hears an animal and no speech, there is none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound import voice_witness
from pipeline.analysis.sound.tags import ANIMALS, SPEECH, Family, TagScores
from pipeline.analysis.sound.voice_activity import FRAME_SAMPLES, Probabilities
from pipeline.analysis.sound.voice_witness import Heard
from pipeline.media.audio import SAMPLE_RATE
from pipeline.records import Seconds

VOICE_ACTIVITY = "silero"
FRAME_S: Seconds = FRAME_SAMPLES / SAMPLE_RATE
NEAR_FRAMES = round(0.5 / FRAME_S)  # another witness may hear speech up to half a window of the tagger away
SMOOTHED_FRAMES = 5  # of 10 ms, as FireRedVAD smooths its own
SURE_ANIMAL, NO_SPEECH_TAG = 0.5, 0.1  # scores at which the tagger hears an animal alone
SURE_TAGS = 0.5  # score of speech at which the tagger alone makes a clip uncertain
LEAST_UNCERTAIN_S: Seconds = 1.0  # what one witness hears for less than this leaves a clip without speech


@dataclass(frozen=True, slots=True)
class RescueRule:
    """Where speech counts that voice activity does not hear: `python -m pipeline.research.evidence.measure_voices`."""

    least_witness: float = 0.9  # probability of the second witness, 0–1
    least_activity: float = 0.1  # of voice activity where there is no second witness, 0–1
    least_tag: float = 0.3  # score of speech by the tagger, 0–1
    least_animal: float = 0.3  # score of animals, when higher than that of speech, from which nothing is rescued, 0–1


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What each witness hears in each frame of voice activity (32 ms), shape `(frames,)`; None: there is none."""

    activity: Probabilities
    tags: Probabilities | None = None  # the tagger's score of speech
    animals: Probabilities | None = None  # and of animals
    second: Probabilities | None = None

    def speech(self, threshold: float, rule: RescueRule) -> Probabilities:
        """The probabilities of voice activity, at least the threshold where the others are sure of speech."""
        if self.tags is None or self.animals is None:
            return self.activity
        rescued = self._rescued(self.tags, self.animals, threshold, rule)
        raised = np.where(rescued, np.maximum(self.activity, np.float32(threshold)), self.activity)
        only_animals = (self.animals >= SURE_ANIMAL) & (self.tags < NO_SPEECH_TAG)
        return np.where(only_animals, np.float32(0.0), raised)

    def _rescued(
        self, tags: Probabilities, animals: Probabilities, threshold: float, rule: RescueRule
    ) -> NDArray[np.bool_]:
        """The stretches that count as speech whatever voice activity says."""
        tagged = tags >= rule.least_tag
        if self.second is None:
            sure = tagged & (self.activity >= rule.least_activity)
        else:
            sure = self.second >= rule.least_witness
        around = np.pad(tagged | (self.activity >= threshold), NEAR_FRAMES)
        near = np.asarray(np.lib.stride_tricks.sliding_window_view(around, 2 * NEAR_FRAMES + 1).any(axis=1))
        found = np.zeros_like(sure)
        for first, last in _stretches(sure):
            speech, animal = tags[first:last].max(), animals[first:last].max()
            is_animal = animal >= rule.least_animal and animal > speech
            found[first:last] = near[first:last].any() and not is_animal
        return found

    def of_region(
        self, start_s: Seconds, end_s: Seconds, threshold: float, least_s: Seconds, rule: RescueRule
    ) -> tuple[bool, bool | None, bool | None]:
        """Whether voice activity, the tagger and the second witness hear a region for `least_s`; None without one."""
        first, last = round(start_s / FRAME_S), max(round(start_s / FRAME_S) + 1, round(end_s / FRAME_S))
        least = min(last - first, round(least_s / FRAME_S))
        return (
            _hears(self.activity[first:last], threshold, least) or False,
            _hears(_part(self.tags, first, last), rule.least_tag, least),
            _hears(_part(self.second, first, last), rule.least_witness, least),
        )

    def any_s(self, threshold: float, rule: RescueRule) -> Seconds:
        """Time in which at least one witness is sure of speech."""
        sure = self.activity >= threshold
        if self.tags is not None:
            sure |= self.tags >= SURE_TAGS
        if self.second is not None:
            sure |= self.second >= rule.least_witness
        return float(np.count_nonzero(sure)) * FRAME_S


def witnesses(activity: Probabilities, tags: TagScores | None, heard: Heard | None) -> Witnesses:
    """What each witness hears, on the frames of voice activity."""
    return Witnesses(
        activity,
        _of_tags(tags, SPEECH, activity.size) if tags else None,
        _of_tags(tags, ANIMALS, activity.size) if tags else None,
        _of_second(heard.speech, activity.size) if heard else None,
    )


def mean_within(values: Probabilities, start_s: Seconds, end_s: Seconds) -> float:
    """Mean of what the second witness says of each 10 ms of a region, 0–1; of its last at the end of the clip."""
    first = min(int(start_s / voice_witness.HOP_S), values.size - 1)
    last = max(first + 1, math.ceil(end_s / voice_witness.HOP_S))
    return float(values[first:last].mean(dtype=np.float64))


def _of_tags(tags: TagScores, family: Family, frames: int) -> Probabilities:
    """The highest score of a family of any window over each frame."""
    found = np.zeros(frames, np.float32)
    for start_s, score in zip(tags.starts_s, tags.family(family), strict=True):
        inside = slice(round(start_s / FRAME_S), round((start_s + tags.window_s) / FRAME_S))
        found[inside] = np.maximum(found[inside], score)
    return found


def _of_second(speech: Probabilities, frames: int) -> Probabilities:
    """The second witness, smoothed, at the middle of each frame."""
    smooth = np.convolve(np.pad(speech, SMOOTHED_FRAMES // 2, mode="edge"), np.ones(SMOOTHED_FRAMES), "valid")
    middles = (np.arange(frames) + 0.5) * FRAME_S
    times = np.arange(speech.size) * voice_witness.HOP_S + voice_witness.FRAME_SAMPLES / SAMPLE_RATE / 2
    found: Probabilities = np.interp(middles, times, smooth / SMOOTHED_FRAMES).astype(np.float32)
    return found


def _stretches(sure: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """First frame and end of each stretch of frames."""
    edges = np.flatnonzero(np.diff(np.r_[False, sure, False].astype(int))).tolist()
    yield from zip(edges[::2], edges[1::2], strict=True)


def _part(values: Probabilities | None, first: int, last: int) -> Probabilities | None:
    return None if values is None else values[first:last]


def _hears(values: Probabilities | None, least_value: float, least_frames: int) -> bool | None:
    """Whether enough frames reach a value; None without a witness."""
    return None if values is None else int(np.count_nonzero(values >= least_value)) >= least_frames
