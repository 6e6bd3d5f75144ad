"""What no speaker can be left out of is refused with a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.research.starter.corpus import Corpus
from pipeline.research.starter.leave_speakers_out import leave_speakers_out

TONES = ("angry", "happy", "neutral", "sad")


def corpus(emotions: list[str], speakers: list[str]) -> Corpus:
    embeddings = np.random.default_rng(0).normal(size=(len(emotions), 8)).astype(np.float32)
    return Corpus(embeddings, np.array(emotions), np.array(speakers))


@pytest.mark.parametrize(
    ("emotions", "speakers", "sentence"),
    [
        (["sad"] * 12, list("abc") * 4, "the model has 4 labels, the utterances have 1: sad"),
        ([*TONES, "bored"] * 3, list("aaaaabbbbbccccc"), "the utterances have 5: angry, bored, happy, neutral, sad"),
        ([*TONES * 3], list("aaaabbbbaaaa"), "at least 3 speakers, not 2, of 'angry'"),
        ([*TONES * 3, "sad"], list("aaaabbbbccc" + "bb"), "at least 3 speakers, not 2, of 'sad'"),
    ],
    ids=["one label", "a label too many", "two speakers", "a label of two speakers"],
)
def test_what_nobody_can_be_left_out_of_is_a_sentence(emotions: list[str], speakers: list[str], sentence: str) -> None:
    given = corpus(emotions, speakers)
    with pytest.raises(UserError) as error:
        leave_speakers_out([given], {"clean": given, "music": given}, 0.9)
    assert sentence in str(error.value)
