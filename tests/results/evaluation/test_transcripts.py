"""Transcripts against true words: error rates by hand, by language, and of what the study has."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.records import ClipRow, EvaluationRow
from pipeline.research.engine_parity import word_error_rate
from pipeline.results.evaluation.labels import NO_CLIP
from pipeline.results.evaluation.results import Evaluation
from pipeline.results.evaluation.transcripts import NO_WORDS, NOT_TRANSCRIBED, compare, evaluate_transcripts
from pipeline.results.study import StudyReader
from pipeline.study.config import Study
from tests.support.evaluation_study import clip, make_study, write_rows
from tests.support.small_study import row

HEARD = {"x:1": "the colour of a cat", "x:2": "a dog", "x:3": "el gato negro", "x:4": None}
TRUE = {"x:1": "The color of the cat.", "x:2": "A dog barks, loudly!", "x:3": "el gato", "x:4": "nobody heard this"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    clips = [
        clip(name, text=text, language="es" if name == "x:3" else "en", author=f"a{name}")
        for name, text in HEARD.items()
    ]
    return make_study(tmp_path_factory.mktemp("words"), *clips, [row(ClipRow, clip_id="x:new")])


def value(found: Evaluation, measure: str, grouping: str = "all", group: str = "all") -> EvaluationRow:
    (one,) = [one for one in found.rows if (one.measure, one.grouping, one.group_value) == (measure, grouping, group)]
    return one


def test_errors_by_hand() -> None:
    # spelling, case and punctuation do not count in English; one of five words is another one
    assert compare(TRUE["x:1"], HEARD["x:1"] or "", "en")[:2] == (1, 5)
    assert compare("uno dos", "uno dos tres", "es")[:2] == (1, 2)
    assert compare("abc", "", "fr") == (1, 1, 3, 3)
    assert compare("¡Qué!", "que", "es")[2:] == (1, 3), "an accent is a letter of its own"


def test_rates_are_pooled_over_what_was_heard(study: Study, tmp_path: Path) -> None:
    found = evaluate_transcripts(study.folder, write_rows(tmp_path / "t.csv", "clip_id,text", *TRUE.items()))
    wer = value(found, "wer")
    assert wer.value == pytest.approx((1 + 2 + 1) / (5 + 4 + 2))
    assert (wer.n, wer.abstained, wer.model, wer.fingerprint) == (3, 1, "made words", "of transcribe")
    assert wer.ci_low is not None
    assert wer.ci_high is not None
    assert wer.ci_low < (wer.value or 0) < wer.ci_high
    assert value(found, "coverage").value == 0.75
    english = value(found, "wer", "language", "en").value
    heard = ("x:1", "x:2")
    assert english == pytest.approx(word_error_rate([TRUE[n] for n in heard], [HEARD[n] or "" for n in heard]))
    assert value(found, "wer", "language", "es").value == 0.5
    assert value(found, "cer", "language", "es").reason == "one_cluster"
    reader = StudyReader(study.folder.published)
    stored = reader.sql("FROM evaluations WHERE labels_sha256 = $digest", digest=wer.labels_sha256)
    reader.close()
    assert len(stored) == len(found.rows)


def test_the_language_of_the_file_comes_first(study: Study, tmp_path: Path) -> None:
    found = evaluate_transcripts(
        study.folder, write_rows(tmp_path / "t.csv", "clip_id,text,language", ("x:3", "el gato", "ca"))
    )
    assert {row.group_value for row in found.rows if row.grouping == "language"} == {"ca"}


def test_a_clip_without_text_counts_for_coverage_alone(study: Study, tmp_path: Path) -> None:
    found = evaluate_transcripts(study.folder, write_rows(tmp_path / "t.csv", "clip_id,text", ("x:4", TRUE["x:4"])))
    assert {row.measure for row in found.rows} == {"coverage"}
    assert (value(found, "coverage").value, value(found, "coverage").abstained) == (0.0, 1)


def test_what_cannot_be_compared_is_named(study: Study, tmp_path: Path) -> None:
    lines = [("x:1", "the cat"), ("x:9", "a"), ("x:2", " … "), ("x:new", "new")]
    found = evaluate_transcripts(study.folder, write_rows(tmp_path / "t.csv", "clip_id,text", *lines))
    assert [(one.line, one.reason) for one in found.left_out] == [
        (3, NO_CLIP),
        (4, NO_WORDS),
        (5, NOT_TRANSCRIBED),
    ]


@pytest.mark.parametrize(
    ("header", "lines", "named"),
    [
        ("clip_id,words", [("x:1", "a")], "clip_id .* text, .* language .* file; .* clip_id, words"),
        ("clip_id,text", [("x:9", "a")], rf"1 × {NO_CLIP} \(line 2: x:9\)"),
        ("clip_id,text", [], r"t\.csv"),
    ],
)  # fmt: skip
def test_mistakes_are_sentences(
    study: Study, tmp_path: Path, header: str, lines: list[tuple[str, str]], named: str
) -> None:
    with pytest.raises(UserError, match=named):
        evaluate_transcripts(study.folder, write_rows(tmp_path / "t.csv", header, *lines))
    with pytest.raises(UserError, match=r"none\.csv"):
        evaluate_transcripts(study.folder, tmp_path / "none.csv")
