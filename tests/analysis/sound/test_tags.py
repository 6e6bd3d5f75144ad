"""Scores of families of classes, and their mean over a stretch of the clip."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.sound.tags import MUSIC, SINGING, SPEECH, TagScores

LABELS = (
    "Speech", "Conversation", "Speech synthesizer", "Laughter", "Singing", "Humming", "Music", "Guitar", "Scary music",
    "Wind",
)  # fmt: skip


def scores(**columns: list[float]) -> TagScores:
    windows = len(next(iter(columns.values())))
    table = np.zeros((windows, len(LABELS)), np.float32)
    for label, values in columns.items():
        table[:, LABELS.index(label)] = values
    return TagScores(LABELS, table, tuple(0.5 * number for number in range(windows)), 1.0)


def test_a_family_takes_its_highest_class_in_each_window() -> None:
    tags = scores(Conversation=[0.1, 0.8], Speech=[0.3, 0.2], Guitar=[0.0, 0.4], Laughter=[0.9, 0.9], Wind=[1, 1])
    assert tags.family(SPEECH) == pytest.approx([0.3, 0.8])
    assert tags.family(MUSIC) == pytest.approx([0.0, 0.4])


def test_singing_is_a_family_of_its_own_and_no_speech() -> None:
    tags = scores(Singing=[0.7], Guitar=[0.2])
    assert tags.family(SINGING) == pytest.approx([0.7])
    assert tags.family(MUSIC) == pytest.approx([0.2])
    assert tags.family(SPEECH) == pytest.approx([0.0])


def test_a_mean_weighs_windows_by_what_they_share_with_the_stretch() -> None:
    tags = scores(Speech=[1.0, 0.0, 0.0, 0.0])  # windows start at 0, 0.5, 1.0 and 1.5 s
    assert tags.mean_within(SPEECH, 0.0, 0.5) == pytest.approx(1.0)
    assert tags.mean_within(SPEECH, 0.0, 1.0) == pytest.approx(1.0 / 1.5)
    assert tags.mean_within(SPEECH, 1.0, 2.5) == pytest.approx(0.0)


def test_a_stretch_outside_every_window_has_no_mean() -> None:
    assert scores(Speech=[1.0]).mean_within(SPEECH, 5.0, 6.0) is None
