"""The files of a report: complete, self-contained, without markup of others, and none of clips that are gone."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import StoreError
from pipeline.results.report.build import build_report, write_pages
from pipeline.results.report.clip_pages import CAPTION_CHARACTERS, CAPTION_ON_PAGE
from pipeline.results.report.places import Places, shard_digits, shard_of
from pipeline.results.report.policy import POLICY
from tests.results.report.conftest import HOSTILE
from tests.support.report.generated_study import LONG, SCRIPT, clip, with_sets, write_audio, write_published


def value(path: Path) -> Any:
    return json.loads(path.read_text("utf-8").partition(", ")[2].removesuffix(");\n"))


def page(study: Path, clip_id: str) -> Any:
    return value(Places(study).rows / "clips-all.js")[clip_id]


def line(study: Path, clip_id: str) -> dict[str, Any]:
    table = value(Places(study).rows / "table.js")
    lines = [dict(zip(table["columns"], cells, strict=True)) for cells in table["lines"]]
    return next(found for found in lines if found["clip_id"] == clip_id)


def test_the_pages_ask_nobody_and_run_no_script_of_others(study: Path) -> None:
    pages = sorted((study / "report").glob("*.html"))
    assert [path.name for path in pages] == ["clip.html", "index.html"]
    for path in pages:
        text = path.read_text("utf-8")
        assert POLICY.replace("'", "&#39;") in text
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|<style", text), "nothing inline"
        assert SCRIPT not in text


def test_what_a_model_is_unsure_of_is_known_to_the_table_and_the_page(tmp_path: Path) -> None:
    """Regions last 2 s and 2.5 s: a clip whose longer one alone is unsure is unsure as a whole."""
    sure, unsure, empty = ("a",), ("a", "b"), ()
    clips = {"sure": (sure, sure), "longer": (sure, unsure), "shorter": (empty, sure), "none": (empty, empty)}
    rows = [
        one
        for number, (name, sets) in enumerate(clips.items())
        for one in with_sets(clip(f"tiktok:{name}", number=3 * number + 1), *sets)
    ]
    folder = tmp_path / "outputs" / "sets"
    write_published(folder, [*rows, *clip("tiktok:silent", number=1)])
    build_report(folder)
    wanted = {"sure": "sure", "longer": "unsure", "shorter": "sure", "none": "unsure", "silent": None}
    for name, certainty in wanted.items():
        found = page(folder, f"tiktok:{name}")
        assert line(folder, f"tiktok:{name}")["certainty"] == certainty, name
        assert found["overview"]["certainty"] == certainty
        assert {row["certainty"] for row in found["tones"]} == {certainty}
    assert [row["certainty"] for row in page(folder, "tiktok:longer")["emotions"]] == ["sure", "unsure"] * 2


def test_a_page_has_all_that_is_known_of_a_clip(study: Path) -> None:
    found = page(study, "tiktok:1")
    assert [word[0] for word in found["words"]][:3] == ["I", "love", "this"]
    assert {(row["region"], row["model"], row["status"], row["reason"]) for row in found["emotions"]} == {
        (0, "one", "scored", None),
        (0, "two", "scored", None),
        (1, "one", "no_evidence", "low_snr"),
        (1, "two", "no_evidence", "low_snr"),
    }
    assert found["media"]["play"].startswith("../work/audio/")
    assert (study / "report" / found["media"]["play"]).resolve().is_file()
    assert (study / "report" / found["media"]["curves"]).is_file()
    assert found["post"]["caption"] == "the first bag"
    assert found["attempts"][0]["stage"] == "emotion"


@pytest.mark.parametrize(("clip_id", "reason"), [("tiktok:2", "deleted after use"), ("tiktok:x", "was never decoded")])
def test_without_media_the_page_says_why(study: Path, clip_id: str, reason: str) -> None:
    media = page(study, clip_id)["media"]
    assert media["play"] is None
    assert reason in media["reason"]


@pytest.mark.parametrize(
    ("clip_id", "reason"), [("youtube:s", "no_speech"), ("tiktok:x", "not_media"), ("tiktok:1", None)]
)
def test_a_missing_text_has_its_reason_or_that_of_the_failure(study: Path, clip_id: str, reason: str | None) -> None:
    assert line(study, clip_id)["text_reason"] == reason
    assert page(study, clip_id)["overview"]["text_reason"] == reason


def test_long_texts_are_cut_and_say_so(study: Path) -> None:
    assert len(line(study, HOSTILE)["caption"]) == CAPTION_CHARACTERS
    post = page(study, HOSTILE)["post"]
    assert (len(post["caption"]), post["caption"][-1]) == (CAPTION_ON_PAGE, "…")
    assert post["caption_characters"] > len(LONG)


@pytest.mark.slow
def test_a_study_of_many_clips_is_cut_into_shards(tmp_path: Path) -> None:
    names = [f"tiktok:{number}" for number in range(60)]
    write_published(tmp_path, [one for number, name in enumerate(names) for one in clip(name, number=number)])
    build_report(tmp_path)
    shards = list(Places(tmp_path).rows.glob("clips-*.js"))
    assert len(shards) > 1
    for path in shards:
        assert {f"clips-{shard_of(name, 1)}" for name in value(path)} == {path.stem}
    assert sum(len(value(path)) for path in shards) == len(names)


@pytest.mark.parametrize(("clips", "digits"), [(0, 0), (50, 0), (51, 1), (10_000, 2), (100_000, 3)])
def test_a_shard_holds_some_fifty_clips(clips: int, digits: int) -> None:
    assert shard_digits(clips) == digits


@pytest.mark.slow
def test_clips_that_are_gone_leave_nothing_behind(tmp_path: Path) -> None:
    write_published(tmp_path, [*clip("tiktok:1", caption="keep me"), *clip("tiktok:2", caption="forget me")])
    write_audio(tmp_path, "tiktok:1"), write_audio(tmp_path, "tiktok:2")
    build_report(tmp_path, copy_media=True)
    places = Places(tmp_path)
    assert places.curves("tiktok:2").is_file()
    assert places.copied("tiktok:2").is_file()
    write_published(tmp_path, clip("tiktok:1", caption="keep me"))
    build_report(tmp_path, copy_media=True)
    assert not places.curves("tiktok:2").exists()
    assert not places.copied("tiktok:2").exists()
    left = [path for path in places.report.rglob("*") if path.is_file() and b"forget me" in path.read_bytes()]
    assert left == []
    assert places.copied("tiktok:1").is_file()
    build_report(tmp_path)
    assert not places.copied("tiktok:1").exists(), "copies are there only while they are asked for"


def test_copied_media_is_played_from_inside_the_report(tmp_path: Path) -> None:
    write_published(tmp_path / "here", clip("tiktok:1"))
    write_audio(tmp_path / "here", "tiktok:1")
    build_report(tmp_path / "here", copy_media=True)
    url = page(tmp_path / "here", "tiktok:1")["media"]["play"]
    shutil.move(tmp_path / "here" / "report", tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / url).is_file()


def test_fetched_video_is_played_where_it_is_kept(tmp_path: Path) -> None:
    write_published(tmp_path, clip("tiktok:1"))
    audio = write_audio(tmp_path, "tiktok:1")
    video = tmp_path / "work" / "media" / audio.stem / "media.mp4"
    video.parent.mkdir(parents=True)
    video.write_bytes(b"film")
    build_report(tmp_path)
    media = page(tmp_path, "tiktok:1")["media"]
    assert media["video"] is True
    assert (tmp_path / "report" / media["play"]).resolve() == video


@pytest.mark.slow
def test_curves_are_measured_once_for_each_audio(tmp_path: Path) -> None:
    write_published(tmp_path, clip("tiktok:1"))
    write_audio(tmp_path, "tiktok:1")
    assert build_report(tmp_path).curves == 1
    assert build_report(tmp_path).curves == 0
    write_audio(tmp_path, "tiktok:1", seconds=3)
    assert build_report(tmp_path).curves == 1


@pytest.mark.slow
def test_the_same_study_gives_the_same_files(tmp_path: Path) -> None:
    write_published(tmp_path, clip("tiktok:1"))
    build_report(tmp_path)
    first = {path: path.read_bytes() for path in (tmp_path / "report").rglob("*") if path.is_file()}
    build_report(tmp_path)
    assert {path: path.read_bytes() for path in (tmp_path / "report").rglob("*") if path.is_file()} == first


def test_without_results_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cliptone run STUDY\.toml"):
        build_report(tmp_path)


def test_the_command_says_what_to_open(tmp_path: Path) -> None:
    write_published(tmp_path / "mine", clip("tiktok:1"))
    done = CliRunner().invoke(app, ["report", str(tmp_path / "mine")])
    assert done.exit_code == 0, done.output
    assert f"1 clip. Open {tmp_path / 'mine' / 'report' / 'index.html'}" in done.output


@pytest.mark.slow
def test_pages_come_without_curves_where_nobody_waits_for_them(tmp_path: Path) -> None:
    from pipeline.results.study import StudyReader

    write_published(tmp_path, clip("tiktok:1"))
    write_audio(tmp_path, "tiktok:1")
    reader = StudyReader(tmp_path)
    assert write_pages(Places(tmp_path), reader) == 1
    reader.close()
    assert not Places(tmp_path).curves("tiktok:1").exists()
    assert page(tmp_path, "tiktok:1")["media"]["curves"], "the server draws them when they are asked for"
