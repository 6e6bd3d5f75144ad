"""A colour for each tone label, the same on every page, distinct for colour-blind readers (Okabe and Ito 2008)."""

from __future__ import annotations

from collections.abc import Iterable

KNOWN = {
    "angry": "#D55E00",
    "anger": "#D55E00",
    "happy": "#E69F00",
    "happiness": "#E69F00",
    "sad": "#0072B2",
    "sadness": "#0072B2",
    "neutral": "#999999",
    "fear": "#CC79A7",
    "fearful": "#CC79A7",
    "disgust": "#009E73",
    "disgusted": "#009E73",
    "boredom": "#56B4E9",
    "bored": "#56B4E9",
    "surprise": "#F0E442",
    "surprised": "#F0E442",
    "other": "#56B4E9",
}
PALETTE = tuple(dict.fromkeys(KNOWN.values()))


def label_colours(labels: Iterable[str]) -> dict[str, str]:
    """Labels in alphabetical order with their colours; where there are more labels than colours, some repeat."""
    ordered = sorted(set(labels))
    taken = {KNOWN[label] for label in ordered if label in KNOWN}
    free = [colour for colour in PALETTE if colour not in taken] or list(PALETTE)
    unknown = [label for label in ordered if label not in KNOWN]
    return {**{label: free[unknown.index(label) % len(free)] for label in unknown}, **_fixed_colours(ordered)}


def _fixed_colours(labels: Iterable[str]) -> dict[str, str]:
    return {label: KNOWN[label] for label in labels if label in KNOWN}
