"""Who hears a voice: what one witness alone hears is not enough, and what two hear is not lost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.analysis.sound.tags import TagScores
from pipeline.analysis.sound.voice_witness import Heard
from pipeline.analysis.sound.witnesses import FRAME_S, RescueRule, Witnesses, mean_within, witnesses

RULE = RescueRule()
THRESHOLD = 0.5
FRAMES = 60
LABELS = ("Speech", "Speech synthesizer", "Animal", "Whale vocalization")

probabilities = hnp.arrays(np.float32, FRAMES, elements=st.floats(0, 1, width=32))


def flat(**values: float) -> dict[str, np.ndarray]:
    return {name: np.full(FRAMES, value, np.float32) for name, value in values.items()}


def raised(given: Mapping[str, np.ndarray]) -> float:
    """Share of frames that count as speech."""
    return float(np.mean(Witnesses(**given).speech(THRESHOLD, RULE) >= THRESHOLD))


def test_what_voice_activity_loses_two_others_find() -> None:
    assert raised(flat(activity=0.0, tags=0.9, animals=0.0, second=0.99)) == 1.0


@pytest.mark.parametrize("alone", [{"second": 0.99}, {"tags": 0.99}])
def test_one_of_them_alone_finds_nothing(alone: Mapping[str, float]) -> None:
    assert raised(flat(**({"activity": 0.0, "tags": 0.0, "animals": 0.0, "second": 0.0} | dict(alone)))) == 0.0


def test_a_stretch_that_one_is_sure_of_counts_whole_where_another_hears_its_part() -> None:
    heard = flat(activity=0.0, tags=0.0, animals=0.0, second=0.0)
    heard["second"][10:50] = 0.95
    heard["tags"][12:14] = 0.9
    found = Witnesses(**heard).speech(THRESHOLD, RULE) >= THRESHOLD
    assert np.flatnonzero(found).tolist() == list(range(10, 50))


def test_an_animal_deceives_one_witness_and_not_the_rule() -> None:
    assert raised(flat(activity=0.0, tags=0.32, animals=0.7, second=0.99)) == 0.0
    assert raised(flat(activity=0.0, tags=0.9, animals=0.7, second=0.99)) == 1.0, "somebody speaks over a dog"
    assert raised(flat(activity=0.9, tags=0.0, animals=0.9, second=0.9)) == 0.0, "nobody but voice activity hears one"


def test_without_a_second_witness_a_faint_voice_needs_the_tagger() -> None:
    assert raised(flat(activity=0.2, tags=0.9, animals=0.0)) == 1.0
    assert raised(flat(activity=0.2, tags=0.1, animals=0.0)) == 0.0
    assert raised(flat(activity=0.0, tags=0.9, animals=0.0)) == 0.0


def test_without_a_tagger_voice_activity_decides() -> None:
    assert raised(flat(activity=0.2, second=0.99)) == 0.0


@given(activity=probabilities, tags=probabilities, animals=probabilities, second=st.none() | probabilities)
def test_speech_is_only_taken_where_an_animal_is_heard_alone(
    activity: np.ndarray, tags: np.ndarray, animals: np.ndarray, second: np.ndarray | None
) -> None:
    found = Witnesses(activity, tags, animals, second).speech(THRESHOLD, RULE)
    lowered = found < activity
    assert (animals[lowered] >= 0.5).all()
    assert (tags[lowered] < 0.1).all()
    changed = found > activity
    assert (found[changed] == np.float32(THRESHOLD)).all()
    if second is not None:
        assert (second[changed] >= RULE.least_witness).all()
    assert found.shape == activity.shape


@given(
    frames=st.integers(1, 200),
    scores=hnp.arrays(np.float32, (3, len(LABELS)), elements=st.floats(0, 1, width=32)),
    heard=st.integers(1, 400),
)
def test_every_witness_is_laid_on_the_frames_of_voice_activity(frames: int, scores: np.ndarray, heard: int) -> None:
    tags = TagScores(LABELS, scores, (0.0, 0.48, 0.96), 0.975)
    second = Heard(*(np.full(heard, value, np.float32) for value in (0.7, 0.1, 0.2)))
    found = witnesses(np.zeros(frames, np.float32), tags, second)
    assert found.tags is not None
    assert found.second is not None
    assert found.tags.shape == found.second.shape == (frames,)
    assert found.second == pytest.approx(np.full(frames, 0.7), abs=1e-5)
    assert set(found.tags.tolist()) <= {0.0, *scores[:, :2].max(axis=1).tolist()}


def test_who_hears_a_region_and_for_how_long() -> None:
    heard = flat(activity=0.0, tags=0.0, animals=0.0, second=0.0)
    heard["activity"][10:14] = 0.9  # 0.13 s, too short
    heard["tags"][10:30] = 0.9
    found = Witnesses(**heard).of_region(10 * FRAME_S, 40 * FRAME_S, THRESHOLD, 0.25, RULE)
    assert found == (False, True, False)
    assert Witnesses(heard["activity"]).of_region(10 * FRAME_S, 14 * FRAME_S, THRESHOLD, 0.25, RULE) == (
        True,
        None,
        None,
    ), "a region shorter than the least is heard when all of it is"


def test_the_mean_of_a_region_is_that_of_its_frames() -> None:
    values = np.concatenate([np.zeros(100), np.ones(100)]).astype(np.float32)
    assert mean_within(values, 0.5, 1.5) == pytest.approx(0.5)
    assert mean_within(values, 1.999, 2.0) == pytest.approx(1.0)
    assert mean_within(values, 2.005, 2.01) == pytest.approx(1.0), "the last frame begins before the end of the clip"
