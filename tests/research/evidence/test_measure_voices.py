"""The measure of found speech: its truth is the level of a clean recording, and its rule takes little for speech."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.analysis.sound.witnesses import RescueRule, Witnesses
from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE
from pipeline.research.evidence import synthetic, voices
from pipeline.research.evidence.measure_voices import HeardSound, choose, shares_of, table, true_speech

FRAMES = 250  # 8 s
SAMPLES = FRAMES * 512


def sound(*names: str, speech: bool, activity: float, second: float, tags: float = 0.9) -> HeardSound:
    heard = {"activity": activity, "second": second, "tags": tags, "animals": 0.0}
    return HeardSound(
        "choose",
        names,
        SAMPLES,
        np.full(800, speech),
        Witnesses(**{name: np.full(FRAMES, value, np.float32) for name, value in heard.items()}),
    )


def silent(second: float) -> list[HeardSound]:
    return [sound(name, speech=False, activity=0.0, second=second) for name in ("music", "noise", "animals")]


@settings(max_examples=20, deadline=None)
@given(before_s=st.floats(0.5, 2.0), speech_s=st.floats(0.5, 3.0), level=st.floats(-45, -10))
def test_true_speech_lies_between_the_silences(before_s: float, speech_s: float, level: float) -> None:
    rest = np.zeros(round(before_s * SAMPLE_RATE))
    voice = synthetic.at_level(synthetic.pink_noise(speech_s, 1), level)
    hiss = synthetic.at_level(np.random.default_rng(0).standard_normal(2 * rest.size + voice.size), level - 40)
    frames = np.flatnonzero(true_speech((np.concatenate([rest, voice, rest]) + hiss).astype(np.float32)))
    assert frames[0] / 100 == pytest.approx(before_s, abs=0.06)
    assert frames[-1] / 100 == pytest.approx(before_s + speech_s, abs=0.06)


def test_the_rule_that_takes_least_for_speech_is_chosen_of_those_that_find_it() -> None:
    spoken = [sound("acted happy", speech=True, activity=0.2, second=0.99)]
    assert choose([*spoken, *silent(0.8)]).least_witness == 0.9
    with pytest.raises(UserError):
        choose([*spoken, *silent(0.99)])


def test_the_table_tells_what_each_witness_adds() -> None:
    sounds = [sound("acted happy", speech=True, activity=0.0, second=0.99), *silent(0.0)]
    assert shares_of(sounds, RescueRule())["acted happy"] == pytest.approx(1.0, abs=0.01)
    line = next(line for line in table(sounds, RescueRule()) if line.startswith("acted happy"))
    assert [round(float(cell), 2) for cell in line.split()[-3:]] == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("name", [*voices.ANIMALS, *voices.WORDLESS])
def test_made_voices_are_as_long_and_loud_as_asked_and_differ_by_seed(name: str) -> None:
    make = (voices.ANIMALS | voices.WORDLESS)[name]
    one, two = make(2.5, 1), make(2.5, 2)
    assert one.shape == two.shape == (round(2.5 * SAMPLE_RATE),)
    assert 20 * np.log10(np.sqrt(np.mean(one**2))) == pytest.approx(synthetic.LEVEL_DBFS, abs=0.01)
    assert not np.array_equal(one, two)
    assert np.array_equal(one, make(2.5, 1))


def test_whispered_speech_is_as_loud_as_it_was_and_has_no_pitch() -> None:
    voice = voices.laughter(3.0, 4)
    whisper = voices.whispered(voice, 1)
    assert whisper.shape == voice.shape
    assert np.std(whisper) == pytest.approx(np.std(voice), rel=0.25)
    assert abs(np.corrcoef(whisper, voice)[0, 1]) < 0.1
