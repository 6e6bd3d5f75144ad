"""Whether a tone model is sure of a tone: the mark that tables and pages put to it."""

from __future__ import annotations

from collections.abc import Collection

SURE, UNSURE = "sure", "unsure"
MOST = 0.5  # share of a clip's scored speech above which the model counts as unsure of the clip


def of_clip(unsure_share: float | None) -> str | None:
    """Of a clip, by the share of its scored speech in which the model is unsure; None for models that do not say."""
    if unsure_share is None:
        return None
    return UNSURE if unsure_share > MOST else SURE


def of_region(label_set: Collection[str] | None) -> str | None:
    """Of a speech region, by the labels that cannot be ruled out; None for models that do not say."""
    if label_set is None:
        return None
    return SURE if len(label_set) == 1 else UNSURE


def marked(tone: str, certainty: str | None) -> str:
    """A tone as tables show it: with a question mark where the model is unsure."""
    return f"{tone}?" if certainty == UNSURE else tone
