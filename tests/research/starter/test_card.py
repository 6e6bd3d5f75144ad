"""The tables of the card: corpora held out by way and reference, drawn studies, and unheard speakers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.analysis.heads.head import LinearHead
from pipeline.research.starter import card, shares
from pipeline.research.starter.corpus import Corpus
from pipeline.research.starter.leave_corpora_out import Calibration, ReadAgainst, Scores

TONES = ("angry", "happy", "neutral", "sad")
HEAD = LinearHead(TONES, "made", np.zeros(4), np.ones(4), 4 * np.eye(4), np.zeros(4), temperature=1.0)


def corpus(shift: float = 0.0, each: int = 60, clear: float = 2.0) -> Corpus:
    """Embeddings that point to their tone, all of them moved by the same amount towards the first."""
    random = np.random.default_rng(0)
    truth = np.repeat(np.arange(4), each)
    rows = random.normal(size=(truth.size, 4)) + clear * np.eye(4)[truth] + shift * np.eye(4)[0]
    return Corpus(rows.astype(np.float32), np.array(TONES)[truth], np.full(truth.size, "s"))


def material(**ways: Corpus) -> Any:
    return SimpleNamespace(corpus=lambda _name, way: ways[way])


def test_each_corpus_has_a_line_for_each_way_and_reference() -> None:
    text = card.strangers_text(
        material(clean=corpus(), degraded=corpus(shift=20.0)), {"made": (HEAD, Calibration(1.0, 0.1))}, 0.9
    )
    lines = {tuple(line.split(" | ")[:3]): line.split(" | ")[3:] for line in text.splitlines() if "| made |" in line}
    assert len(lines) == 2 * len(ReadAgainst)
    uar = {(way, kind): float(cells[0]) for (_, way, kind), cells in lines.items()}
    assert uar["clean", "training"] > 0.8
    assert uar["degraded", "training"] == pytest.approx(0.25), "all voices are pushed towards one tone"
    assert uar["degraded", "study"] > 0.8


def test_drawn_studies_have_the_stated_shares_and_nobody_twice() -> None:
    whole = corpus(each=100)
    numbered = Corpus(np.arange(400, dtype=np.float32)[:, None], whole.emotions, whole.speakers)
    drawn = shares._drawn(numbered, (3, 4, 90, 3), np.random.default_rng(0))
    assert len(set(drawn.embeddings[:, 0].tolist())) == drawn.emotions.size
    assert np.mean(drawn.emotions == "neutral") == pytest.approx(0.9, abs=0.03)
    assert set(drawn.emotions.tolist()) == set(TONES)


def test_a_study_of_one_tone_loses_accuracy_against_itself() -> None:
    found = shares.measure([(corpus(each=200), HEAD, Calibration(1.0, 0.1))])
    one_toned = (3, 4, 90, 3)
    assert found[one_toned, ReadAgainst.STUDY].accuracy < found[one_toned, ReadAgainst.TRAINING].accuracy - 0.05
    text = card.mixtures_text(material(clean=corpus(each=200)), {"made": (HEAD, Calibration(1.0, 0.1))})
    assert "| 3 4 90 3 |" in text


def test_unheard_speakers_are_told_by_corpus() -> None:
    found = Scores(np.log(np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]])), np.array([0, 1, 1]))
    text = card.speakers_text({"made": found}, Calibration(1.0, 0.25))
    assert "| made | 0.750 | 0.667 |" in text
