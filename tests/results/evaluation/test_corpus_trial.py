"""A model on a corpus: the real stages over real files, and figures of made-up answers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.results.evaluation.answers import ModelAnswer, answer
from pipeline.results.evaluation.corpora import CorpusUtterance, read_corpus
from pipeline.results.evaluation.corpus_trial import NO_AGREEMENT, build_stages, judge, try_corpus
from pipeline.stage import Setting
from tests.support.evaluation_study import write_rows
from tests.support.small_study import angry


def utterance(number: int, label: str | None) -> CorpusUtterance:
    return CorpusUtterance(Path(f"{number}.wav"), label, f"speaker {number // 2}", "de")


def test_figures_of_known_answers() -> None:
    said = [angry(0.9), angry(0.2), angry(0.8), None, angry(0.9), angry(0.9)]
    labels = ["angry", "neutral", "neutral", "angry", "bored", None]
    found = judge(
        [utterance(number, label) for number, label in enumerate(labels)],
        [ModelAnswer(one, {}) for one in said],
        [None, None, None, "no_speech", None, None],
        "one",
    )
    values = {(one.measure, one.label): one.estimate.value for one in found.figures}
    assert values["uar", None] == 0.75
    assert values["recall", "neutral"] == 0.5
    assert values["coverage", None] == 0.75
    assert dict(found.abstained) == {"no_speech": 1}
    assert found.left_out == {
        "one does not know the label 'bored'": 1,
        NO_AGREEMENT: 1,
    }
    assert found.used == 4


def test_no_answer_at_all_says_why() -> None:
    with pytest.raises(UserError, match=r"^one .* 1 .*\(too_short\)"):
        judge([utterance(0, "angry")], [ModelAnswer(None, {})], ["too_short"], "one")
    with pytest.raises(UserError, match=" angry, neutral"):
        judge([utterance(0, "bored")], [ModelAnswer(angry(0.9), {})], [None], "one")


def test_an_answer_is_the_mean_by_length_of_what_is_scored() -> None:
    def score(probability: float | None, arousal: float | None = None) -> dict[str, object]:
        shares = None if probability is None else angry(probability)
        return {"label": None if shares is None else "angry", "probabilities": shares, "arousal": arousal,
                "valence": None, "dominance": None}  # fmt: skip

    found = answer([(score(0.9, 0.2), 3.0), (score(0.1, 0.8), 1.0), (score(None), 9.0), (None, 9.0)])
    assert found.probabilities == pytest.approx({"angry": 0.7, "neutral": 0.3})
    assert found.dimensions == {"arousal": pytest.approx(0.35)}
    assert answer([(score(None), 1.0)]).abstains
    assert answer([]).abstains


def test_an_unknown_model_is_a_sentence() -> None:
    with pytest.raises(UserError, match=r" nonsense; .*starter"):
        build_stages("nonsense", Setting())


@pytest.mark.slow
@pytest.mark.model
def test_real_files_through_the_real_stages(weights: Path, demo_clips: Path, tmp_path: Path) -> None:
    for name in ("english_quick.mp4", "french.mp4", "silence.mp4", "no_audio.mp4"):
        shutil.copyfile(demo_clips / name, tmp_path / name)
    (tmp_path / "text.wav").write_text("no sound")
    lines = [("english_quick.mp4", "a", "neutral"), ("french.mp4", "b", "neutral"), ("silence.mp4", "a", "sad"),
             ("no_audio.mp4", "b", "sad"), ("text.wav", "a", "sad"), ("text.wav", "a", "bored")]  # fmt: skip
    write_rows(tmp_path / "labels.csv", "file,speaker,emotion", *lines)
    seen: list[int] = []
    found = try_corpus(read_corpus("labelled", tmp_path), "starter", Setting(), lambda: seen.append(1))
    assert len(seen) == 6
    assert found.judged.truth.size == 2
    assert found.judged.labels == ("angry", "happy", "neutral", "other", "sad")
    assert found.judged.shares.sum(axis=1) == pytest.approx([1.0, 1.0])
    assert dict(found.abstained) == {"no_speech": 1, "no_audio": 1, "not_media": 1}
    assert found.figures[0].estimate.value == pytest.approx(2 / 5)
    assert dict(found.left_out) == {"starter does not know the label 'bored'": 1}
