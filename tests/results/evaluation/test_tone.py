"""Stored scores against labels of people, in studies whose truth is known."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import StoreError, StudyBusy, UserError
from pipeline.records import EvaluationRow
from pipeline.results.evaluation.labels import NO_CLIP, NO_LABEL, NO_SPEECH, read_labels
from pipeline.results.evaluation.results import Evaluation
from pipeline.results.evaluation.tone import evaluate_tone
from pipeline.results.study import StudyReader
from pipeline.study.config import Study
from pipeline.study.lock import held
from tests.support.evaluation_study import clip, emotion, make_study, write_rows
from tests.support.small_study import angry, tones

AUTHORS = 6


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study that evaluations are added to."""
    return right_of_four(tmp_path_factory.mktemp("tone"))


def right_of_four(folder: Path) -> Study:
    """Twelve clips of six authors: the model is right of the first four authors, wrong of two, who speak Spanish."""
    rows = []
    for number in range(2 * AUTHORS):
        author = number // 2
        is_angry, right = number % 2 == 0, author < 4
        rows += clip(
            f"tiktok:{number}",
            [((0.0,), angry(0.9 if is_angry == right else 0.1)), ((0.0,), None)],
            author=f"a{author}",
            language="en" if right else "es",
            platform="tiktok" if author % 2 else "youtube",
            music=number / 12,
        )
    return make_study(folder, rows, clip("tiktok:silent", author="a0", music=None), clip("tiktok:thin", [(None, None)]))


def truth(folder: Path, *more: tuple[object, ...], name: str = "labels.csv") -> Path:
    lines = [(f"tiktok:{number}", "angry" if number % 2 == 0 else "neutral") for number in range(2 * AUTHORS)]
    return write_rows(folder / name, "clip_id,label", *lines, *more)


def figure(
    found: Evaluation, measure: str, grouping: str = "all", group: str = "all", label: str | None = None
) -> EvaluationRow:
    (row,) = [
        row
        for row in found.rows
        if (row.measure, row.grouping, row.group_value, row.label) == (measure, grouping, group, label)
    ]
    return row


@pytest.mark.slow
def test_figures_are_the_known_truth(study: Study, tmp_path: Path) -> None:
    found = evaluate_tone(study.folder, truth(tmp_path))
    uar = figure(found, "uar")
    assert uar.value == pytest.approx(2 / 3)
    assert uar.ci_low is not None
    assert uar.ci_high is not None
    assert uar.ci_low < 2 / 3 < uar.ci_high
    assert (uar.n, uar.abstained, uar.model, uar.fingerprint) == (12, 0, "one", "of emotion")
    assert figure(found, "recall", label="angry").value == pytest.approx(2 / 3)
    # confidence is 0.9 throughout, two thirds are right
    assert figure(found, "ece").value == pytest.approx(0.9 - 2 / 3)


@pytest.mark.slow
def test_groups_tell_where_it_fails(study: Study, tmp_path: Path) -> None:
    found = evaluate_tone(study.folder, truth(tmp_path))
    assert figure(found, "uar", "language", "en").value == 1.0
    assert figure(found, "uar", "language", "es").value == 0.0
    assert {row.group_value for row in found.rows if row.grouping == "platform"} == {"tiktok", "youtube"}
    thirds = [row for row in found.rows if row.grouping == "music_share" and row.measure == "uar"]
    assert sum(row.n for row in thirds) == 12
    assert [row.n for row in thirds] == [4, 4, 4]
    assert not any(row.grouping == "author_group" for row in found.rows), "the file has no such column"


@pytest.mark.slow
def test_the_researchers_own_groups_of_authors(study: Study, tmp_path: Path) -> None:
    lines = [(f"tiktok:{n}", "angry" if n % 2 == 0 else "neutral", "women" if n < 8 else "men") for n in range(12)]
    found = evaluate_tone(study.folder, write_rows(tmp_path / "g.csv", "clip_id,label,author_group", *lines))
    assert figure(found, "uar", "author_group", "women").value == 1.0
    assert figure(found, "uar", "author_group", "men").value == 0.0


@pytest.mark.slow
def test_abstention_is_reported_beside_the_scores(study: Study, tmp_path: Path) -> None:
    found = evaluate_tone(study.folder, truth(tmp_path, ("tiktok:thin", "angry")))
    assert figure(found, "uar").value == pytest.approx(2 / 3), "of what has a score"
    assert (figure(found, "uar").n, figure(found, "uar").abstained) == (12, 1)
    assert figure(found, "coverage").value == pytest.approx(12 / 13)


def test_shares_of_tones_are_corrected_by_the_labels(tmp_path: Path) -> None:
    study = right_of_four(tmp_path)
    lines = [(f"tiktok:{number}", "angry" if number % 4 == 0 else "neutral") for number in range(2 * AUTHORS)]
    evaluate_tone(study.folder, write_rows(tmp_path / "l.csv", "clip_id,label", *lines))
    with StudyReader(study.folder.published) as reader:
        found = reader.query("tone_prevalence").set_index(["grouping", "group_value", "tone"])
        assert set(found["counted"]) == {"clip"}, "whole clips are labelled"
        of_all = found.loc[("all", "all", "angry")]
        assert (of_all["stated_share"], of_all["share"]) == pytest.approx((0.5, 0.25))
        assert of_all["share_low"] < 0.25 < of_all["share_high"]
        assert (of_all["labelled"], of_all["units"], of_all["is_current"]) == (12, 12, True)
        assert found.loc[("language", "es", "angry")]["reason"] == "few_labels"


@pytest.mark.parametrize("weight", ["0", "-1", "much"])
def test_a_weight_that_is_none_is_left_out_with_its_line(study: Study, tmp_path: Path, weight: str) -> None:
    lines = [("tiktok:0", "angry", "2"), ("tiktok:1", "neutral", ""), ("tiktok:2", "angry", weight)]
    labels = read_labels(write_rows(tmp_path / "w.csv", "clip_id,label,weight", *lines))
    assert [one.weight for one in labels.labels] == [2.0, 1.0]
    assert [one.line for one in labels.left_out] == [4]


def test_a_group_without_any_score_says_so(study: Study, tmp_path: Path) -> None:
    lines = [("tiktok:0", "angry", "one"), ("tiktok:1", "neutral", "one"), ("tiktok:thin", "angry", "two")]
    found = evaluate_tone(study.folder, write_rows(tmp_path / "g.csv", "clip_id,label,author_group", *lines))
    row = figure(found, "uar", "author_group", "two")
    assert (row.value, row.reason, row.n, row.abstained) == (None, "nothing_to_measure", 0, 1)
    assert figure(found, "coverage", "author_group", "two").value == 0.0


@pytest.mark.slow
def test_what_cannot_be_used_is_named(study: Study, tmp_path: Path) -> None:
    more = (("tiktok:99", "angry"), ("tiktok:silent", "angry"), ("tiktok:1", ""), ("tiktok:1", "bored"))
    found = evaluate_tone(study.folder, truth(tmp_path, *more))
    assert [(one.line, one.reason) for one in found.left_out] == [
        (14, NO_CLIP),
        (15, NO_SPEECH),
        (16, NO_LABEL),
        (17, "one does not know the label 'bored'"),
    ]


@pytest.mark.slow
def test_a_clip_is_answered_by_the_mean_over_its_regions(tmp_path: Path) -> None:
    doubtful = [((0.0,), angry(0.6)), ((0.0,), angry(0.6)), ((0.0,), angry(0.1))]  # mean 0.43
    study = make_study(tmp_path, clip("x:1", doubtful), clip("x:2", [((0.0,), angry(0.9))]))
    found = evaluate_tone(
        study.folder, write_rows(tmp_path / "l.csv", "clip_id,label", ("x:1", "neutral"), ("x:2", "angry"))
    )
    assert figure(found, "uar").value == 1.0
    span = write_rows(tmp_path / "s.csv", "clip_id,start_s,end_s,label", ("x:1", 0, 4, "angry"), ("x:2", 0, 2, "angry"))
    found = evaluate_tone(study.folder, span)
    assert figure(found, "recall", label="angry").value == 1.0, "the first two regions alone are angry"
    assert (figure(found, "uar").value, figure(found, "uar").reason) == (None, "one_label")


@pytest.mark.slow
def test_a_whole_clip_is_judged_by_its_stored_tone_and_a_span_by_its_regions(tmp_path: Path) -> None:
    """Of clip x:1 one region of three was scored, so that the clip has no tone: it is no answer of the model."""
    thin = [((0.0,), angry(0.9)), ((0.0,), None), ((0.0,), None)]
    study = make_study(tmp_path, clip("x:1", thin), clip("x:2", [((0.0,), angry(0.9))]))
    whole = write_rows(tmp_path / "w.csv", "clip_id,label", ("x:1", "angry"), ("x:2", "angry"))
    found = evaluate_tone(study.folder, whole)
    with StudyReader(study.folder.published) as reader:
        toned = reader.rows("SELECT clip_id FROM clip_tone WHERE model = 'one' AND tone IS NOT NULL")
    assert figure(found, "recall", label="angry").n == len(toned) == 1
    assert figure(found, "coverage").value == 0.5
    span = write_rows(tmp_path / "s.csv", "clip_id,start_s,end_s,label", ("x:1", 0, 2, "angry"), ("x:2", 0, 2, "angry"))
    assert figure(evaluate_tone(study.folder, span), "recall", label="angry").n == 2


@pytest.mark.slow
def test_a_whole_clip_has_a_tone_of_a_model_that_no_run_asks_for_any_more(tmp_path: Path) -> None:
    rows = [*clip("x:1", [((0.0,), None)]), *tones("x:1", [angry(0.9)], "two")]
    study = make_study(tmp_path, rows)
    path = write_rows(tmp_path / "l.csv", "clip_id,label", ("x:1", "angry"))
    assert figure(evaluate_tone(study.folder, path, ("two",)), "recall", label="angry").value == 1.0


@pytest.mark.slow
def test_numbers_are_judged_by_concordance(tmp_path: Path) -> None:
    rows: list[Any] = []
    for number, said in enumerate((0.25, 0.5, 0.75)):
        rows += [*clip(f"x:{number}", [((0.0,), None)]), emotion(f"x:{number}", 0, arousal=said)]
    study = make_study(tmp_path, rows)
    path = write_rows(tmp_path / "d.csv", "clip_id,arousal,valence", ("x:0", 0, ""), ("x:1", 0.5, ""), ("x:2", 1, ""))
    found = evaluate_tone(study.folder, path, ("dimensions",))
    assert figure(found, "ccc_arousal").value == pytest.approx(0.8)
    assert {row.measure for row in found.rows} == {"coverage", "ccc_arousal"}


@pytest.mark.slow
def test_figures_are_stored_and_earlier_ones_stay(tmp_path: Path) -> None:
    study = right_of_four(tmp_path)
    first = evaluate_tone(study.folder, truth(tmp_path))
    second = evaluate_tone(study.folder, truth(tmp_path, name="again.csv"))
    reader = StudyReader(study.folder.published)
    stored = reader.sql("FROM evaluations")
    reader.close()
    assert len(stored) == len(first.rows) + len(second.rows)
    assert set(stored["labels_file"]) == {"labels.csv", "again.csv"}
    assert stored["evaluated_at"].nunique() == 2
    grain = stored.groupby(list(EvaluationRow.grain), dropna=False).size()
    assert grain.max() == 1


@pytest.mark.slow
def test_it_is_drawn(study: Study, tmp_path: Path) -> None:
    found = evaluate_tone(study.folder, truth(tmp_path))
    assert {path.name for path in found.drawn} == {"one-confusion.png", "one-reliability.png", "one-groups.png"}
    assert all(path.parent == study.folder.root / "evaluation" for path in found.drawn)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in found.drawn)


@pytest.mark.parametrize(
    ("header", "line", "models", "named"),
    [
        ("clip_id,label", ("tiktok:99", "angry"), (), rf"{NO_CLIP} \(line 2: tiktok:99\)"),
        ("clip_id,label", ("tiktok:1", "sarcastic"), (), "^.*one .*angry, "),
        ("clip_id,label", ("tiktok:1", "angry"), ("two",), "'two', .* one:"),
        ("clip_id,label", ("tiktok:thin", "angry"), (), "one .* 1 "),
        ("clip_id,arousal", ("tiktok:1", "0.5"), (), "one "),
    ],
)  # fmt: skip
def test_mistakes_are_sentences(
    study: Study, tmp_path: Path, header: str, line: tuple[str, ...], models: tuple[str, ...], named: str
) -> None:
    with pytest.raises(UserError, match=named):
        evaluate_tone(study.folder, write_rows(tmp_path / "l.csv", header, line), models)


@pytest.mark.slow
def test_a_study_that_is_held_or_has_no_working_database(tmp_path: Path) -> None:
    study = right_of_four(tmp_path)
    path = truth(tmp_path)
    with held(study.folder), pytest.raises(StudyBusy):
        evaluate_tone(study.folder, path)
    before = study.folder.published.read_bytes()
    study.folder.working.unlink()
    with pytest.raises(StoreError, match=re.escape(str(study.folder.working))):
        evaluate_tone(study.folder, path)
    assert study.folder.published.read_bytes() == before, "what readers have is not replaced by an empty study"
