"""The demo, end to end with real weights: the table tells the clips apart, twice gives the same."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import jiwer
import pytest

from pipeline import open_study
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.queries import read_queries
from pipeline.study.config import Study, load_study
from pipeline.study.demo.study import SHIPPED
from tests.support.command import cliptone
from tests.support.demo_part import CLIPS, demo_part, rows_of_part
from tests.support.look_alike import NAME, make_look_alike, pin

pytestmark = pytest.mark.model
MAX_WER = 0.15


@pytest.fixture(scope="module")
def overview(demo: Study) -> dict[str, Any]:
    frame = open_study(demo.folder.root).query("clip_overview")
    return {
        name.removesuffix(".mp4"): row for name, row in zip(frame["file_name"], frame.to_dict("records"), strict=True)
    }


def missing(value: object) -> bool:
    return value is None or value != value


@pytest.mark.parametrize(
    ("clip", "language"),
    [("english_clear", "en"), ("english_quick", "en"), ("english_slow", "en"), ("spanish", "es"), ("french", "fr")],
)
def test_languages_are_right_and_sure(overview: dict[str, Any], clip: str, language: str) -> None:
    assert overview[clip]["language"] == language
    assert overview[clip]["language_probability"] > 0.8


def test_words_are_right(overview: dict[str, Any]) -> None:
    def plain(text: str) -> str:
        return re.sub(r"[^\w\s']", " ", text.lower())

    with (SHIPPED / "transcripts.csv").open(encoding="utf-8") as file:
        references = {row["file"].removesuffix(".mp4"): row["text"] for row in csv.DictReader(file)}
    clear = [name for name in references if "music" not in name]
    assert len(clear) >= 5
    for name in clear:
        assert jiwer.wer(plain(references[name]), plain(overview[name]["text"])) <= MAX_WER, name


@pytest.mark.parametrize("clip", ["music_only", "silence"])
def test_nothing_is_heard_where_nobody_speaks(overview: dict[str, Any], clip: str) -> None:
    row = overview[clip]
    assert row["status"] == "ok", "no speech is a result, not a failure"
    assert row["speech_s"] == 0
    assert missing(row["text"])
    assert row["text_reason"] == "no_speech"
    assert missing(row["tone"])
    assert row["tone_reason"] == "no_speech"


def test_music_over_speech_takes_the_tone_away(overview: dict[str, Any], demo: Study) -> None:
    row = overview["speech_under_music"]
    assert missing(row["tone"])
    assert row["tone_reason"] == "music_over_speech"
    regions = open_study(demo.folder.root).sql("FROM emotions WHERE clip_id = $clip", clip=row["clip_id"])
    assert (regions["reason"] == "music_over_speech").mean() > 0.5
    assert regions.loc[regions["reason"].notna(), ["label", "probability", "probabilities"]].isna().all(axis=None)
    assert overview["speech_under_music"]["music_share"] > 0.5
    assert overview["english_clear"]["music_share"] < 0.1


def test_failures_have_their_reason(overview: dict[str, Any], demo: Study) -> None:
    failures = open_study(demo.folder.root).query("failures").set_index("clip_id")
    reasons = {row["clip_id"]: row["reason"] for row in failures.reset_index().to_dict("records")}
    assert sorted(reasons.values()) == ["no_audio", "not_media"]
    assert overview["no_audio"]["problem"] == "audio: no_audio"
    assert overview["broken"]["problem"] == "audio: not_media"


def test_quick_speech_is_quicker_than_slow_speech(overview: dict[str, Any], demo: Study) -> None:
    rates = open_study(demo.folder.root).sql(
        "SELECT clip_id, avg(articulation_rate_hz) AS rate FROM acoustics GROUP BY ALL"
    )
    by_clip = dict(zip(rates["clip_id"], rates["rate"], strict=True))
    assert by_clip[overview["english_quick"]["clip_id"]] > 1.2 * by_clip[overview["english_slow"]["clip_id"]]


def test_sentiment_only_in_english(overview: dict[str, Any]) -> None:
    assert not missing(overview["english_clear"]["sentiment"])
    assert missing(overview["french"]["sentiment"])
    assert overview["french"]["sentiment_reason"] == "language_unsupported"


def test_no_handle_is_stored(demo: Study) -> None:
    with (SHIPPED / "posts.csv").open(encoding="utf-8") as file:
        handles = {row["author"] for row in csv.DictReader(file)}
    assert handles
    content = open_study(demo.folder.root)
    for table in ("clips", "attempts", "media", "observations"):
        text = content.sql(f"FROM {table}").to_csv()
        assert not [handle for handle in handles if handle in text]


def test_ids_keep_their_nineteen_digits(demo: Study) -> None:
    ids = open_study(demo.folder.root).sql("SELECT clip_id FROM clips WHERE platform = 'tiktok'")["clip_id"]
    assert len(ids) > 0
    assert all(re.fullmatch(r"tiktok:\d{19}", clip_id) for clip_id in ids)


def content(study: Study) -> dict[str, list[Any]]:
    """Every stored row, but for the bookkeeping that holds times."""
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        tables = [kind.table for stage in STAGES for kind in stage.tables] + ["clips", "observations"]
        found = {table: connection.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in tables}
        sql = "SELECT clip_id, stage, fingerprint, status, reason, message FROM attempts ORDER BY ALL"
        return found | {"attempts": connection.execute(sql).fetchall()}


@pytest.mark.slow
def test_two_runs_give_identical_rows_whatever_other_clips_there_are(demo: Study, tmp_path: Path) -> None:
    again = demo_part(tmp_path, like=demo)
    run_study(again)
    first, second = rows_of_part(demo), rows_of_part(again)
    assert len(first["media"]) == len(CLIPS)
    for table in first:
        assert first[table] == second[table], table


def test_a_second_run_does_nothing(demo_copy: Study) -> None:
    report = run_study(demo_copy)
    assert report.idle
    assert report.seconds < 10


CLIP = "tiktok:7300000000000000001"
PARAMETERS = {
    "tone": "sad", "term": "number", "text": "please", "clip": CLIP, "words": "please wait",
    "column": "language", "value": "es",
}  # fmt: skip
#: The demo has one model, no filters, no captions of a platform, no two clips with one sound, no crowd, no odd voice.
EMPTY = {
    "tone_agreement", "tone_disagreements", "exclusions_by_rule", "caption_agreement", "chants", "speech_without_words",
    "sound_spread", "lip_sync", "reposts", "changed_sounds", "tone_of_sounds", "collective_voice", "strange_regions",
    "tone_prevalence", "hashtags_together",
}  # fmt: skip


@pytest.mark.parametrize("query", sorted(read_queries()))
def test_every_query_has_a_header_and_runs(query: str, demo: Study) -> None:
    chosen = read_queries()[query]
    heads = ["what", "grain", "unit", "caution", *(["parameters"] if chosen.parameters else [])]
    assert [line.split(":")[0] for line in chosen.header.splitlines()] == heads
    reader = open_study(demo.folder.root)
    author = reader.sql("SELECT author_key FROM clips WHERE clip_id = $clip", clip=CLIP)["author_key"].item()
    given = {name: value for name, value in {**PARAMETERS, "author": author}.items() if name in chosen.parameters}
    frame = reader.query(query, **chosen.bind(given))
    assert (len(frame) > 0) == (query not in EMPTY), "the demo shows something in every query"


@pytest.mark.parametrize(
    ("query", "grain"),
    [
        ("clip_overview", ["clip_id"]),
        ("clip_text", ["clip_id"]),
        ("clip_tone", ["clip_id", "model"]),
        ("tone_by_hashtag", ["hashtag", "model", "tone"]),
        ("tone_text_gap", ["clip_id", "model"]),
        ("failures", ["clip_id", "stage"]),
        ("model_versions", ["stage", "model"]),
    ],
)
def test_the_grain_of_a_query(query: str, grain: list[str], demo: Study) -> None:
    frame = open_study(demo.folder.root).query(query)
    assert not frame.duplicated(grain).any()


def test_queries_without_parameters_are_views_of_the_same_name(demo: Study) -> None:
    views = set(
        open_study(demo.folder.root).sql("SELECT view_name FROM duckdb_views() WHERE NOT internal")["view_name"]
    )
    assert views == {query.name for query in read_queries().values() if not query.parameters}


def test_tone_of_a_clip_is_the_mean_of_its_regions_by_length(demo: Study) -> None:
    reader = open_study(demo.folder.root)
    tone = reader.query("clip_tone")
    row = tone[tone["tone"].notna()].iloc[0]
    regions = reader.sql(
        "SELECT probabilities[$label] AS p, end_s - start_s AS length FROM emotions JOIN speech_regions "
        "USING (clip_id, region) WHERE clip_id = $clip AND model = $model AND status = 'scored'",
        label=row["tone"], clip=row["clip_id"], model=row["model"],
    )  # fmt: skip
    expected = (regions["p"] * regions["length"]).sum() / regions["length"].sum()
    assert row["tone_probability"] == pytest.approx(expected)
    assert sum(dict(row["probabilities"]).values()) == pytest.approx(1, abs=1e-6)


@pytest.mark.slow
def test_another_tone_option_runs_that_stage_alone(demo: Study, tmp_path: Path) -> None:
    shutil.copytree(demo.folder.root, tmp_path / "demo")
    study_file = tmp_path / "demo" / "demo.toml"
    study_file.write_text(study_file.read_text().replace("[emotion]", "[emotion]\nmin_region_s = 4.0"))
    before = content(demo)
    report = run_study(load_study(study_file, BY_NAME))
    assert set(report.passed) == {"emotion"}
    after = content(load_study(study_file, BY_NAME))
    assert after["emotions"] != before["emotions"]
    assert after["segments"] == before["segments"]


@pytest.mark.slow
def test_another_tone_model_runs_that_stage_alone_and_stands_beside_the_first(
    demo: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_look_alike(tmp_path / "models" / NAME, tmp_path / "scratch")
    pin(monkeypatch, tmp_path / "models" / NAME)
    shutil.copytree(demo.folder.root, tmp_path / "demo")
    study_file = tmp_path / "demo" / "demo.toml"
    both = study_file.read_text().replace('models = ["starter"]', f'models = ["starter", "{NAME}"]')
    study_file.write_text(f'{both}\n[run]\nmodels_folder = "{tmp_path / "models"}"\n')
    study = load_study(study_file, BY_NAME)
    report = run_study(study, executor=LocalExecutor(0))  # in this process, which knows the digests of the look-alike
    assert set(report.passed) == {"emotion"}
    before, after = content(demo)["emotions"], content(study)["emotions"]
    assert [row for row in after if row[2] == "starter"] == before
    others = [row for row in after if row[2] == NAME]
    assert len(others) == len(before)
    for row in others:
        assert (row[3] is None) == (row[10] == "no_evidence")
        if row[5] is not None:
            assert sum(row[5].values()) == pytest.approx(1, abs=1e-6)
            assert set(row[5]) == {"neutral", "angry", "happy", "sad"}
    assert set(open_study(study.folder.root).query("clip_tone")["model"]) == {"starter", NAME}


def test_the_demo_says_how_many_words_were_heard_wrong(demo: Study, demo_copy: Study) -> None:
    said = re.search(
        r"([\d.]+)% of the true words of 6 clips were heard wrong",
        (demo.folder.root / "said.txt").read_text(encoding="utf-8"),
    )
    assert said
    assert float(said[1]) <= 100 * MAX_WER
    stored = open_study(demo.folder.root).sql("SELECT DISTINCT group_value FROM evaluations WHERE measure = 'wer'")
    assert set(stored["group_value"]) == {"all", "en", "es", "fr"}
    again = cliptone("demo", str(demo_copy.folder.root), cwd=demo_copy.folder.root)
    assert "of the true words" not in again.stdout, "nothing was done, so there is nothing new to judge"
