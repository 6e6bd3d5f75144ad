"""A head for a study, from its labels to its folder; and the whole way by command on the demo."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.heads.head import identity, load
from pipeline.analysis.heads.tone import HeadTone
from pipeline.errors import UserError
from pipeline.research.bench import heads
from pipeline.results.evaluation.labels import NO_CLIP, NO_LABEL
from pipeline.results.evaluation.study_head import (
    CONTRADICTED,
    NO_EMBEDDING,
    read_examples,
    score_stored,
    study_line,
    train_head,
)
from pipeline.results.evaluation.tone import evaluate_tone
from pipeline.results.evaluation.training_spans import SPANS_FILE
from pipeline.results.study import StudyReader
from pipeline.stages import BY_NAME
from pipeline.study.config import Study, load_study
from tests.support.command import cliptone, mistake
from tests.support.evaluation_study import ENCODER, clip, make_study, write_rows
from tests.support.small_study import tones

CLIPS = 20


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Twenty clips of two regions by ten authors; even ones are warm, and far from the others."""
    generator = np.random.default_rng(0)
    rows = []
    for number in range(CLIPS):
        near = generator.normal(0, 0.1, (2, 4)) + np.array([3.0 * (number % 2), 0, 0, 0])
        regions = [(near[0], None), (near[1], None), (None, None)]
        rows += clip(f"x:{number}", regions, author=f"a{number // 2}" if number < 18 else None)
        rows += tones(f"x:{number}", [{"warm": 0.9, "cold": 0.1}], "heads/warmth")
    return make_study(tmp_path_factory.mktemp("heads"), rows)


def labels(folder: Path, *more: tuple[object, ...], name: str = "warmth.csv") -> Path:
    lines = [(f"x:{number}", "", "", "cold" if number % 2 else "warm") for number in range(CLIPS)]
    return write_rows(folder / name, "clip_id,start_s,end_s,label", *lines, *more)


def test_a_head_is_trained_judged_and_kept(study: Study, tmp_path: Path) -> None:
    found = train_head(study.folder, labels(tmp_path))
    assert (found.model, found.regions, found.authors) == ("heads/warmth", 40, 11), "two clips have no author"
    assert {one.measure: one.estimate.value for one in found.figures if one.label is None}["uar"] == 1.0
    assert found.folder == study.folder.root / "heads" / "warmth"
    assert {path.name for path in found.folder.iterdir()} == {
        "hyperparams.yaml", "classifier.ckpt", "label_encoder.txt", "card.md", "confusion.png", "reliability.png",
        "training.json",
    }  # fmt: skip
    tone = HeadTone(found.folder)
    assert tone.encoder == ENCODER
    assert tone.score(np.array([0, 0, 0, 0], dtype=np.float32)).label == "warm"
    assert tone.score(np.array([3, 0, 0, 0], dtype=np.float32)).label == "cold"


def test_the_card_says_what_must_be_known(study: Study, tmp_path: Path) -> None:
    found = train_head(study.folder, labels(tmp_path, ("x:99", "", "", "warm")))
    card = (found.folder / "card.md").read_text(encoding="utf-8")
    for text in (
        "# Tone model heads/warmth", "40 speech regions of 11 authors", "cold 20, warm 20", "made, 4 numbers",
        "Left out: 1 × the study has no such clip.", "| uar | all | 1.000 (1.000 to 1.000) | 40 |",
        "| **cold** | 20 | 0 |", "UAR is 0.500",
        load(found.folder).labels_sha256, "not what a person feels", "Not fit for statements about individuals",
    ):  # fmt: skip
        assert text in card, text
    assert "x:99" not in card


@pytest.mark.slow
def test_training_again_gives_the_same_head(study: Study, tmp_path: Path) -> None:
    first = identity(train_head(study.folder, labels(tmp_path)).folder)
    assert identity(train_head(study.folder, labels(tmp_path), "other").folder) == first


def test_spans_and_contradictions(study: Study, tmp_path: Path) -> None:
    path = labels(tmp_path, ("x:0", 0, 2, "cold"), ("x:2", 2, 4, "warm"), ("x:4", 4, 6, "warm"), ("x:6", "", "", ""))
    examples, left_out = read_examples(study.folder, path)
    assert examples.labels.size == 39, "one region is called warm and cold, another warm twice"
    assert [(one.line, one.reason) for one in left_out] == [
        (2, CONTRADICTED),
        (22, CONTRADICTED),
        (24, NO_EMBEDDING),
        (25, NO_LABEL),
    ]


def test_all_stored_regions_are_scored_at_once(study: Study, tmp_path: Path) -> None:
    head = load(train_head(study.folder, labels(tmp_path)).folder)
    reader = StudyReader(study.folder.published)
    places, shares = score_stored(reader, head)
    reader.close()
    assert len(places) == len(set(places)) == 2 * CLIPS
    for (clip_id, _), row in zip(places, shares, strict=True):
        assert head.labels[int(row.argmax())] == ("cold" if int(clip_id[2:]) % 2 else "warm")


@pytest.mark.slow
def test_a_head_is_not_judged_on_its_own_labels_whatever_their_file(study: Study, tmp_path: Path) -> None:
    path = labels(tmp_path)
    train_head(study.folder, path)
    lines = path.read_text(encoding="utf-8").splitlines()
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join([lines[0], *reversed(lines[2:])]), encoding="utf-8")
    for same in (path, fewer, labels(tmp_path, ("x:0", "", "", ""), name="other.csv")):
        with pytest.raises(UserError, match=r"heads/warmth .*card\.md"):
            evaluate_tone(study.folder, same, ("heads/warmth",))


@pytest.mark.slow
def test_a_head_is_judged_on_the_spans_that_it_was_not_trained_on(study: Study, tmp_path: Path) -> None:
    """Clip 0 was trained on in its second region alone: a span of its first one is as new as another clip."""
    lines = [(f"x:{number}", "", "", "cold" if number % 2 else "warm") for number in range(1, 14)]
    some = write_rows(tmp_path / "some.csv", "clip_id,start_s,end_s,label", *lines, ("x:0", 2, 4, "warm"))
    train_head(study.folder, some, "warmth")
    asked = labels(tmp_path, ("x:0", 0, 2, "warm"), ("x:0", 1, 4, "warm"), ("x:18", 0, 2, "warm"))
    found = evaluate_tone(study.folder, asked, ("heads/warmth",))
    (uar,) = [row for row in found.rows if (row.grouping, row.measure) == ("all", "uar")]
    assert (uar.n, uar.in_training) == (6 + 2, 14 + 1), "clips 14 to 19, a span of clip 18, and one of clip 0"
    lines_in_training = [*range(2, 16), 23]
    assert [one.line for one in found.left_out if "heads/warmth" in one.reason] == lines_in_training
    with StudyReader(study.folder.published) as reader:
        stored = reader.rows("SELECT DISTINCT in_training FROM evaluations WHERE grouping = 'all'")
    assert (15,) in stored


@pytest.mark.slow
def test_a_head_of_an_earlier_version_goes_by_the_file(study: Study, tmp_path: Path) -> None:
    path = labels(tmp_path)
    head = train_head(study.folder, path)
    (head.folder / SPANS_FILE).unlink()
    with pytest.raises(UserError, match=r"heads/warmth .*card\.md"):
        evaluate_tone(study.folder, path, ("heads/warmth",))
    other = labels(tmp_path, ("x:0", "", "", ""), name="other.csv")
    found = evaluate_tone(study.folder, other, ("heads/warmth",))
    assert {row.in_training for row in found.rows} == {None}
    assert "heads/warmth" in found.cautions[0]


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ([("x:77", "warm")], NO_CLIP),
        ([(f"x:{number}", "warm") for number in range(CLIPS)], " 40 .*'warm'"),
        ([("x:0", "warm"), ("x:1", "cold")], " 20 .* 4"),
    ],
)
def test_mistakes_are_sentences(study: Study, tmp_path: Path, lines: list[tuple[str, str]], named: str) -> None:
    with pytest.raises(UserError, match=named):
        train_head(study.folder, write_rows(tmp_path / "l.csv", "clip_id,label", *lines))
    assert not (study.folder.root / "heads" / "l").exists(), "a head that could not be trained leaves nothing"


def test_a_heads_name_is_no_path(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="letters, digits"):
        train_head(study.folder, labels(tmp_path), "../elsewhere")


def test_the_line_for_the_study_file() -> None:
    assert study_line(("starter", "heads/warmth")) == 'models = ["starter", "heads/warmth"]'
    assert study_line(("starter", "heads/warmth", "heads/warmth")) == 'models = ["starter", "heads/warmth"]'


@pytest.mark.slow
def test_the_benchmark_trains_and_scores(capsys: pytest.CaptureFixture[str]) -> None:
    heads.main(labelled=60, stored=200)
    printed = capsys.readouterr().out
    assert "train-head on 60 labelled regions" in printed
    assert "scoring 200 stored regions" in printed


@pytest.mark.slow
@pytest.mark.model
def test_the_demo_by_command(demo: Study, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(demo.folder.root, folder)
    study = load_study(folder / "demo.toml", BY_NAME)
    reader = StudyReader(study.folder.published)
    spans = reader.sql("SELECT clip_id, start_s, end_s FROM speech_regions ORDER BY clip_id, region").to_numpy()
    reader.close()
    lines = [(*span, "loud" if number % 2 else "calm") for number, span in enumerate(spans)]
    write_rows(tmp_path / "volume.csv", "clip_id,start_s,end_s,label", *lines, ("tiktok:1", 0, 1, "loud"))
    done = cliptone("train-head", "volume.csv", "--study", "demo/demo.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"1 × {NO_CLIP}" in done.stdout
    assert 'models = ["starter", "heads/volume"]' in done.stdout
    assert set(load(folder / "heads" / "volume").labels) == {"calm", "loud"}
    run = ("run", "demo/demo.toml", "--stage", "emotion", "--model", "heads/volume")
    assert "models = [" in cliptone(*run, cwd=tmp_path).stdout
    asked = (
        "SELECT count(DISTINCT label), bool_and(label IN ('calm', 'loud')) FROM emotions WHERE model = 'heads/volume'"
    )
    assert cliptone("sql", asked, "-s", "demo", "-f", "csv", cwd=tmp_path).stdout.splitlines()[1] == "2,True"
    unknown = cliptone("run", "demo/demo.toml", "--stage", "emotion", "--model", "heads/none", cwd=tmp_path)
    assert "'none'" in mistake(unknown)
    tones_ = [(*span, ("angry", "happy", "neutral", "sad")[number % 4]) for number, span in enumerate(spans)]
    write_rows(tmp_path / "tone.csv", "clip_id,start_s,end_s,label", *tones_)
    done = cliptone("evaluate", "--labels", "tone.csv", "--study", "demo/demo.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "music_share" in done.stdout
    assert (folder / "evaluation" / "starter-confusion.png").is_file()
    sentence = mistake(cliptone("evaluate", "--study", "demo/demo.toml", cwd=tmp_path))
    assert "--labels FILE, --corpus NAME FOLDER, --transcripts FILE" in sentence
    sentence = mistake(cliptone("evaluate", "--corpus", "emodb", cwd=tmp_path))
    assert "--corpus emodb path/to/emodb" in sentence
