"""Exports from end to end: what leaves at each level, and what cannot be found in any of its bytes."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import UserError
from pipeline.records import ClipRow, ObservationRow, TombstoneRow
from pipeline.records.pseudonyms import author_tombstone, tombstone
from pipeline.results.export.build import ExportOptions, ExportResult, export_study
from pipeline.results.export.levels import Level
from pipeline.results.study import StudyReader
from pipeline.study.config import Study
from pipeline.study.keys import destroy_key, key_for
from tests.support.export_study import HANDLE, NAME, SENTENCE, author, made_rows, make_study, post_id
from tests.support.report.generated_study import clip
from tests.support.small_study import row

SECRETS = (
    HANDLE, "anna", SENTENCE, "HYPERLINK", "tiktok.com", "http", post_id(0)[:12], "original sound", "user_abcdefgh",
    "#", "file:", "مرحبا", "72000000000", "tiktok:",
)  # fmt: skip
#: A hashtag so short that letters of a random pseudonym can spell it: looked for as a word.
WORD = re.compile(r"\bbag\b")


def table(export: ExportResult, name: str) -> pd.DataFrame:
    return pd.read_csv(export.folder / f"{name}.csv", keep_default_na=False, na_values=[""])


def rows_of(export: ExportResult, name: str) -> list[dict[str, str]]:
    with (export.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def notes(export: ExportResult) -> dict:
    return json.loads((export.folder / "manifest.json").read_text("utf-8"))


def test_nothing_of_persons_is_in_any_byte_of_the_shareable_tables(shareable: ExportResult) -> None:
    for file in shareable.files:
        content = (shareable.folder / file.path).read_text("utf-8")
        assert not [secret for secret in SECRETS if secret in content], file.path
        assert not WORD.search(content), file.path
        assert not [number for number in range(40) if author(number) in content], file.path


def test_what_goes_with_the_tables_names_nobody_either(shareable: ExportResult) -> None:
    for path in shareable.folder.glob("*.json"):
        content = path.read_text("utf-8")
        assert not [secret for secret in (HANDLE, SENTENCE, post_id(0)[:12], "مرحبا") if secret in content]


def test_shareable_values_are_coarse(shareable: ExportResult) -> None:
    clips, counts = rows_of(shareable, "clips"), rows_of(shareable, "observations")
    assert {one["posted_week"] for one in clips} == {"2026-03-02", "2026-03-09", ""}
    assert {one["views_log2"] for one in counts} == {"13"}
    assert {one["likes_log2"] for one in counts} == {"0"}
    assert {one["comments_log2"] for one in counts} == {""}
    assert "16.1" in {one["declared_duration_s"] for one in clips}
    assert "views" not in counts[0]
    assert "posted_at" not in clips[0]


def test_authors_with_fewer_than_five_clips_lose_their_pseudonym_and_keep_their_rows(shareable: ExportResult) -> None:
    clips = table(shareable, "clips")
    assert len(clips) == 41
    assert (clips.groupby("author_key").size() == 6).all()
    assert clips["author_key"].nunique() == 6
    reasons = clips.loc[clips["author_key"].isna(), "author_reason"].value_counts().to_dict()
    assert reasons == {"few_clips": 4, "unknown": 1}
    assert clips.loc[clips["author_key"].notna(), "author_reason"].isna().all()
    [held] = [one for one in notes(shareable)["suppressed"] if one["where"] == "clips.author_key"]
    assert (held["count"], held["unit"]) == (4, "cells")


def test_tables_of_one_export_join(shareable: ExportResult, made: Study) -> None:
    clips, emotions = table(shareable, "clips"), table(shareable, "emotions")
    reader = StudyReader(made.folder.published)
    stored = reader.sql("SELECT region, model, round(probability, 2) AS p FROM emotions WHERE label IS NOT NULL")
    reader.close()
    joined = emotions.merge(clips, on="clip_id", validate="many_to_one")
    assert len(joined) == len(emotions) == 160
    assert sorted(joined["probability"].dropna().round(2)) == pytest.approx(sorted(stored["p"]), abs=0.011)
    assert clips["clip_id"].is_unique


def test_rows_are_in_an_order_that_tells_nothing(shareable: ExportResult) -> None:
    ids = [one["clip_id"] for one in rows_of(shareable, "clips")]
    assert ids == sorted(ids)


@pytest.mark.slow
def test_ids_match_another_export_only_where_asked(made: Study, shareable: ExportResult, tmp_path: Path) -> None:
    def ids(name: str, asked: str | None) -> set[str]:
        done = export_study(made, ExportOptions(form="csv", folder=tmp_path / name, ids=asked))
        return {one["clip_id"] for one in rows_of(done, "clips")}

    assert not ids("alone", None) & {one["clip_id"] for one in rows_of(shareable, "clips")}
    first = ids("first", "paper-1")
    assert first == ids("second", "paper-1")
    assert not first & ids("third", "paper-2")
    assert (tmp_path / "first" / "emotions.csv").read_bytes() == (tmp_path / "second" / "emotions.csv").read_bytes()


def test_restricted_has_post_ids_texts_and_pseudonyms_and_no_handle(restricted: ExportResult) -> None:
    clips = rows_of(restricted, "clips")
    found = next(one for one in clips if one["clip_id"] == f"tiktok:{post_id(1)}")
    assert found["author_key"] == author(1)
    assert SENTENCE in found["caption"]
    assert json.loads(found["hashtags"]) == ["bag", "rare"]
    assert found["posted_at"] == "2026-03-03T00:00:01.000000Z"
    assert "url" not in found
    for path in restricted.folder.rglob("*"):
        if path.is_file():
            assert f"@{HANDLE}" not in path.read_text("utf-8"), path.name
    agreement = (restricted.folder / "DATA_USE_AGREEMENT.txt").read_text("utf-8")
    assert f"Study:                        {NAME}" in agreement
    assert "{" not in agreement


def test_ids_only_has_ids_of_posts_and_nothing_else(made: Study, tmp_path: Path) -> None:
    done = export_study(made, ExportOptions(Level.IDS_ONLY, "csv", folder=tmp_path / "out"))
    assert [file.path for file in done.files] == ["ids.csv"]
    assert rows_of(done, "ids") == [  # the others are excluded by a filter, or are files without a post
        {"platform": "tiktok", "clip_id": f"tiktok:{post_id(39)}", "post_id": post_id(39)}
    ]
    assert [one["count"] for one in notes(done)["suppressed"]] == [0, 1]


@pytest.mark.slow
def test_forgotten_clips_leave_at_no_level(tmp_path: Path, keys: Path) -> None:
    gone = f"tiktok:{post_id(0)}"
    tombstones = row(TombstoneRow, clip_key=tombstone(gone, key_for(NAME)), cause="vanished")
    study = make_study(tmp_path / "s", [*made_rows(), tombstones])
    for level in Level:
        done = export_study(study, ExportOptions(level, "csv", folder=tmp_path / level))
        assert notes(done)["suppressed"][0]["count"] == 1
        if level is not Level.AGGREGATE:
            assert gone not in "".join(path.read_text("utf-8") for path in done.folder.rglob("*.csv"))
        if level is Level.SHAREABLE:
            assert len(rows_of(done, "clips")) == 40
            assert (table(done, "clips").groupby("author_key").size() >= 5).all()
        if level is Level.AGGREGATE:
            platform = [one for one in rows_of(done, "means") if one["measure"] == "clips" and one["value"] == "tiktok"]
            assert [one["clips"] for one in platform] in ([], ["39"])


@pytest.mark.slow
def test_clips_of_an_author_who_opted_out_leave_at_no_level(tmp_path: Path, keys: Path) -> None:
    tombstones = row(TombstoneRow, clip_key=author_tombstone(author(0), key_for(NAME)), cause="opt_out")
    study = make_study(tmp_path / "s", [*made_rows(), tombstones])
    theirs = [f"tiktok:{post_id(number)}" for number in range(36) if author(number) == author(0)]
    for level in Level:
        done = export_study(study, ExportOptions(level, "csv", folder=tmp_path / level))
        assert notes(done)["suppressed"][0]["count"] == len(theirs) == 6
        written = "".join(path.read_text("utf-8") for path in done.folder.rglob("*.csv"))
        assert not [clip_id for clip_id in theirs if clip_id in written]


def test_the_manifest_says_what_lies_there(shareable: ExportResult) -> None:
    said = notes(shareable)
    assert said["level"] == "shareable"
    assert said["cliptone_version"]
    for file in said["files"]:
        content = (shareable.folder / file["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert len(content) == file["bytes"]
        rows = rows_of(shareable, file["table"])
        assert len(rows) == file["rows"]
        assert list(rows[0]) == [column["name"] for column in file["columns"]]
    described = {one["path"] for one in [*said["files"], *said["other_files"]]} | {"manifest.json"}
    assert described == {path.name for path in shareable.folder.iterdir()}
    assert {"caption", "url", "hashtags"} <= set(said["columns_left_out"]["clips"])
    assert "clip_id" not in said["columns_left_out"]["clips"]


def test_the_codebook_has_the_exported_columns_alone(shareable: ExportResult) -> None:
    with (shareable.folder / "codebook.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    for name in ("clips", "observations", "clip_tone"):
        assert [one["column"] for one in lines if one["name"] == name] == list(rows_of(shareable, name)[0])
    assert "words" not in {one["name"] for one in lines}
    assert all(one["meaning"] for one in lines)


def test_a_goal_that_is_there_is_not_touched(made: Study, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(str(tmp_path))):
        export_study(made, ExportOptions(folder=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_it_lies_beside_the_results_by_time_and_level(tmp_path: Path, keys: Path) -> None:
    study = make_study(tmp_path, clip("tiktok:1", author_key="a", caption=None))
    done = export_study(study, ExportOptions())
    assert done.folder.parent == study.folder.root / "exports"
    assert done.folder.name.endswith("-shareable")
    assert [path.name for path in done.folder.parent.iterdir()] == [done.folder.name]


def test_options_that_do_not_fit_are_refused(made: Study, tmp_path: Path, keys: Path) -> None:
    with pytest.raises(UserError, match=r"--level restricted .*shareable"):
        export_study(made, ExportOptions(subtitles=("srt",), folder=tmp_path / "out"))
    with pytest.raises(UserError, match=r"'a\|b'"):
        export_study(made, ExportOptions(ids="a|b", folder=tmp_path / "out"))


def test_a_study_with_plain_authors_has_no_restricted_export_and_a_clean_shareable_one(tmp_path: Path) -> None:
    rows = clip("tiktok:73000000000", author_key=HANDLE, mentions=("someone_else",), caption="hello @someone_else you")
    study = make_study(tmp_path, rows, "[privacy]\npseudonymise = false\n")
    with pytest.raises(UserError, match="pseudonymise = false"):
        export_study(study, ExportOptions(Level.RESTRICTED))
    done = export_study(study, ExportOptions(form="csv"))
    content = "".join(path.read_text("utf-8") for path in done.folder.glob("*.csv"))
    assert HANDLE not in content
    assert "someone_else" not in content


def test_an_empty_study_says_so(tmp_path: Path, keys: Path) -> None:
    study = make_study(tmp_path, [row(ClipRow, clip_id="file:a", platform="file", kind="file")])
    with pytest.raises(UserError, match=r"nothing can leave this study at ids-only .1 clips held back"):
        export_study(study, ExportOptions(Level.IDS_ONLY))
    assert not list(tmp_path.rglob("*.part*"))


@pytest.mark.slow
def test_counts_without_a_time_stay_without_one(tmp_path: Path, keys: Path) -> None:
    rows = [*clip("tiktok:1", author_key="a"), row(ObservationRow, clip_id="tiktok:1", count_source="csv", views=None)]
    done = export_study(make_study(tmp_path, rows), ExportOptions(form="csv"))
    [found] = rows_of(done, "observations")
    assert found["counted_week"] == found["views_log2"] == ""


def test_it_never_writes_to_the_study(made: Study, tmp_path: Path) -> None:
    before = made.folder.published.read_bytes()
    export_study(made, replace(ExportOptions(), folder=tmp_path / "out"))
    assert made.folder.published.read_bytes() == before


@pytest.mark.slow
def test_a_study_whose_key_is_destroyed_can_still_be_exported(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(tmp_path)
    shutil.copytree(keys, tmp_path / "keys")  # other tests use the key
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "keys"))
    destroy_key(study.file.name)
    for level in Level:
        assert export_study(study, ExportOptions(level)).files, level
    with pytest.raises(UserError, match="--ids"):
        export_study(study, ExportOptions(Level.SHAREABLE, ids="first"))
