"""What is reported is of speakers that neither the head nor its threshold has heard."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.analysis.heads.overlap import ONE, SEVERAL
from pipeline.analysis.heads.score import probabilities
from pipeline.errors import UserError
from pipeline.research.overlap import train, trial
from pipeline.research.starter.corpus import Corpus

DIMS = 12
NAMES = [f"s{number}" for number in range(8)]


def corpus(apart: float, seed: int = 0, each: int = 30, names: list[str] = NAMES) -> Corpus:
    """Made-up embeddings: an offset for each speaker, and one direction for several voices at once."""
    random = np.random.default_rng(seed)
    direction = np.random.default_rng(99).normal(size=DIMS)
    rows, labels, speakers = [], [], []
    for place, name in enumerate(names):
        offset = np.random.default_rng(place).normal(size=DIMS)
        partner = names[place ^ 1]
        for number in range(each):
            several = number % 2 == 1
            rows.append(offset + random.normal(size=DIMS) + apart * direction * several)
            labels.append(SEVERAL if several else ONE)
            speakers.append(f"{name}+{partner}" if several else name)
    return Corpus(np.array(rows, dtype=np.float32), np.array(labels), np.array(speakers))


GROUPS = trial.groups_of(np.array(NAMES))


def test_speakers_are_left_out_in_pairs() -> None:
    assert GROUPS == {"s0": 0, "s1": 0, "s2": 1, "s3": 1, "s4": 2, "s5": 2, "s6": 3, "s7": 3}
    assert list(trial.groups_of(np.array(NAMES[:7])).values()) == [0, 0, 1, 1, 2, 2, 2], "nobody is left alone"
    with pytest.raises(UserError, match="at least 6, not 5"):
        trial.groups_of(np.array(NAMES[:5]))


def test_voices_that_can_be_told_apart_are_and_few_single_ones_are_lost() -> None:
    training, judging = corpus(3.0), {"all": corpus(3.0, seed=1)}
    taken = trial.judge(training, judging, GROUPS)["all"]
    truth = judging["all"].emotions == SEVERAL
    assert taken[truth].mean() > 0.9
    assert taken[~truth].mean() <= 0.06


def test_nothing_is_caught_where_nothing_can_be_told() -> None:
    taken = trial.judge(corpus(0.0), {"all": corpus(0.0, seed=1)}, GROUPS)["all"]
    assert taken.mean() < 0.12, "the threshold keeps single voices, whatever that costs"


def test_a_group_is_judged_by_heads_that_have_not_heard_it() -> None:
    """Speakers whose labels are the other way round would be caught by a head that had learnt them."""
    training, judging = corpus(3.0), {"all": corpus(3.0, seed=1)}
    mine = np.array([names.startswith(("s0", "s1")) for names in training.speakers])
    swapped = np.where(training.emotions == SEVERAL, ONE, SEVERAL)
    spoilt = Corpus(training.embeddings, np.where(mine, swapped, training.emotions), training.speakers)
    before, after = (trial.judge(one, judging, GROUPS)["all"][mine] for one in (training, spoilt))
    assert np.array_equal(before, after)


def test_the_threshold_loses_two_of_a_hundred_single_voices() -> None:
    training = corpus(2.0, each=100)
    calibration = trial.calibrate(training, GROUPS)
    head = trial.fit(training, "encoder", "digest", calibration.temperature)
    assert (head.labels, head.encoder, head.labels_sha256) == ((ONE, SEVERAL), "encoder", "digest")
    fresh = corpus(2.0, seed=5, each=100)
    shares = probabilities(head, fresh.embeddings)[:, 1]
    assert np.mean(shares[fresh.emotions == ONE] > calibration.threshold) == pytest.approx(trial.LOST, abs=0.02)
    assert np.mean(shares[fresh.emotions == SEVERAL]) > 0.8


def test_the_figures_name_every_way_and_the_threshold() -> None:
    judged = {f"{ONE}, clean": np.array([False, True]), f"{SEVERAL} at 0 dB, clean": np.array([True, True])}
    text = train.figures_text(judged, judged, 2, trial.OverlapCalibration(2.0, 0.75))
    assert "| one voice, clean | 0.500 | 0.500 |" in text
    assert "| several voices at 0 dB, clean | 1.000 | 1.000 |" in text
    assert "0.7500" in text
