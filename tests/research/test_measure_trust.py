"""How trust is measured: what counts as said, and how weights and the least trust are chosen."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from pipeline.analysis.speech.engine import Segment
from pipeline.analysis.speech.trust import WEIGHTS, Parts
from pipeline.errors import UserError
from pipeline.research.measure_trust import (
    JudgedSegment,
    area,
    choose_least,
    choose_weights,
    groups,
    said,
    single,
    transcripts,
)

BEST = Parts(**dict.fromkeys((field.name for field in dataclasses.fields(Parts)), 1.0))


def judged(right: bool, kind: str = "speech", **parts: Any) -> JudgedSegment:
    return JudgedSegment(chooses=True, kind=kind, parts=dataclasses.replace(BEST, **parts), right=right)


def segment(text: str) -> Segment:
    return Segment(text, 0.0, 1.0, (), -0.2, 0.1, 1.0, 0.0)


def test_a_segment_is_said_when_half_of_its_words_are() -> None:
    truth = "margaret said mister hale as he returned"
    found = [segment("Margaret said, Mr. Hale"), segment("as he returned to the green garden"), segment("Thank you.")]
    assert said(found, truth) == [True, False, False]
    assert said([segment("♪"), segment("")], truth) == [False, False]


def test_the_area_is_the_chance_of_the_right_order() -> None:
    sure, unsure = judged(True, token_probability=0.9), judged(True, token_probability=0.3)
    invented = judged(False, token_probability=0.5)
    assert area([sure, invented], WEIGHTS) == 1.0
    assert area([sure, unsure, invented], WEIGHTS) == 0.5
    assert area([judged(True), judged(False)], WEIGHTS) == 0.5
    assert area([sure, invented], single("variety")) == 0.5
    with pytest.raises(UserError, match="both kinds"):
        area([sure], WEIGHTS)


def test_the_sign_that_tells_gets_the_weight() -> None:
    telling = [
        judged(True, voice_probability=0.9, token_probability=0.5),
        judged(False, voice_probability=0.3, token_probability=0.9),
        judged(True, voice_probability=0.8, token_probability=0.3),
        judged(False, voice_probability=0.5, token_probability=0.8),
    ]
    weights = choose_weights(telling)
    assert weights["voice_probability"] > weights["token_probability"]
    assert area(telling, weights) == 1.0
    assert choose_weights([judged(True), judged(False, variety=0.5)]) == dict.fromkeys(WEIGHTS, 1.0)


def test_the_least_trust_keeps_what_was_said() -> None:
    only = single("token_probability")
    right = [judged(True, token_probability=0.62)] * 199 + [judged(True, token_probability=0.1)]
    assert choose_least(right, only) == 0.6
    assert choose_least([judged(True, token_probability=0.01)], only) == 0.0


def test_groups_tell_misheard_from_invented() -> None:
    found = groups([judged(True), judged(False), judged(False, "music"), judged(False, "music")])
    assert {name: len(group) for name, group in found.items()} == {"said": 1, "speech, misheard": 1, "music": 2}


def test_missing_data_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CLIPTONE_DATA", raising=False)
    with pytest.raises(UserError, match="CLIPTONE_DATA"):
        transcripts()
    (tmp_path / "librispeech_other40").mkdir()
    (tmp_path / "librispeech_other40" / "transcripts.csv").write_text("file,transcript\na.flac,hello there\n")
    monkeypatch.setenv("CLIPTONE_DATA", str(tmp_path))
    assert transcripts() == {"a.flac": "hello there"}
