"""Perceived tone of one speech region, as any tone model gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tone:
    """How one speech region sounds to one model; what the model does not give is None."""

    label: str | None  # the most probable
    probability: float | None  # of `label`, 0–1
    probabilities: dict[str, float] | None  # of each label, 0–1, sum 1
    arousal: float | None = None  # 0–1
    valence: float | None = None  # 0–1
    dominance: float | None = None  # 0–1
    prediction_set: tuple[str, ...] | None = None  # labels that reach the model's conformal threshold, likeliest first
    novelty: float | None = None  # share of the model's training that is less strange, 0–1


def tone_of(probabilities: Mapping[str, float], threshold: float | None = None) -> Tone:
    """The tone of probabilities by label; with a conformal threshold, also the set of labels that reach it."""
    likeliest = sorted(probabilities, key=probabilities.__getitem__, reverse=True)
    reached = None if threshold is None else tuple(label for label in likeliest if probabilities[label] >= threshold)
    return Tone(likeliest[0], probabilities[likeliest[0]], dict(probabilities), prediction_set=reached)
