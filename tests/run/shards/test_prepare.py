"""Shards and their merge: the same tables as one run, each clip in one shard, and no merge of what does not fit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from pipeline.errors import Reason, StageError, StudyBusy, UserError
from pipeline.privacy.forget import forget
from pipeline.privacy.subjects import Named
from pipeline.records import AudioRow, Clip
from pipeline.records.pseudonyms import tombstone
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.progress import RunSummary
from pipeline.run.runner import run_study
from pipeline.run.shards.merge import Merged, merge, remove_shards
from pipeline.run.shards.prepare import part_of, shards_of
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.stage import Result, Stage
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.study.config import Study, load_study
from pipeline.study.folder import work_name
from pipeline.study.lock import held
from pipeline.study.shard import Shard, shard_named, shard_of_folder
from tests.conftest import write_study, write_wav
from tests.support.fake_stages import Aside, Double, Length
from tests.support.same_key import share_key
from tests.support.small_study import row


class QuickAudio(Audio):
    """Tells the length of a clip from the size of its file, and decodes nothing."""

    def one(self, clip: Clip) -> Result:
        assert clip.media_path is not None
        size = clip.media_path.stat().st_size
        if size < 44:
            return StageError(Reason.NOT_MEDIA, "cannot be read")
        return [row(AudioRow, clip_id=clip.clip_id, duration_s=(size - 44) / 32_000)]


STAGES: tuple[type[Stage], ...] = (Download, QuickAudio, Length, Double)
BY_NAME = {stage.name: stage for stage in STAGES}
SOURCE = '[[sources]]\nfolder = "../clips"\n[[sources]]\nexport = "../posts.csv"\nfetch = false\n'
CSV = "url,caption,author,counted_at,likes\n" + "".join(
    f"https://www.tiktok.com/@a/video/{n},Look #one @{n},anna{n % 3},2026-04-01T00:00:00Z,{n}\n"
    for n in range(101, 113)
)
COUNT = 2
#: Numbers and times of a run, not of a clip.
OF_A_RUN = {
    "attempts": ("attempt_id", "run_id", "finished_at", "seconds", "tools"),
    "provenance": ("first_seen_at",),
    "imports": ("imported_at",),
    "fingerprints": ("options",),  # of a shard with the pace of a shard; no number follows from it
}


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    for number in range(12):
        write_wav(tmp_path / "clips" / f"clip{number}.wav", 0.1 * np.ones(4_000 * (number + 1)))
    (tmp_path / "clips" / "broken.wav").write_bytes(b"RIFF")
    (tmp_path / "posts.csv").write_text(CSV, encoding="utf-8")
    return tmp_path


def load(clips: Path, name: str = "split", extra: str = "", source: str = SOURCE) -> Study:
    folder = clips / name
    folder.mkdir(exist_ok=True)
    return load_study(write_study(folder, source + "[run]\nworkers = 0\n" + extra), BY_NAME)


def go(study: Study, stages: Sequence[type[Stage]] = STAGES, **options: Any) -> RunSummary:
    return run_study(study, executor=LocalExecutor(0), stages=stages, **options)


def go_shards(study: Study, *numbers: int, count: int = COUNT, **options: Any) -> list[RunSummary]:
    """Run some shards, or all."""
    return [go(part_of(study, Shard(count, number)), **options) for number in numbers or range(1, count + 1)]


def unite(study: Study, **options: Any) -> Merged:
    return merge(study, stages=STAGES, **options)


def content(study: Study) -> dict[str, list[Any]]:
    """All published tables, without what tells one run from another."""
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        sql = "SELECT table_name FROM duckdb_tables() WHERE table_name NOT IN ('runs', 'publications')"
        tables = sorted(name for (name,) in connection.execute(sql).fetchall())
        found = {}
        for table in tables:
            left_out = OF_A_RUN.get(table, ())
            columns = f"* EXCLUDE ({', '.join(left_out)})" if left_out else "*"
            found[table] = connection.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()
    return found


def rows(path: Path, sql: str) -> list[Any]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


# ------------------------------------------------------------ which clip is where


def test_each_clip_falls_into_one_shard_and_sql_says_the_same() -> None:
    clip_ids = [f"tiktok:{number}" for number in range(500)]
    shards = [Shard(7, number) for number in range(1, 8)]
    parts = [{clip_id for clip_id in clip_ids if shard.holds(clip_id)} for shard in shards]
    assert sum(map(len, parts)) == 500
    assert set.union(*parts) == set(clip_ids)
    assert min(map(len, parts)) > 40
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE clips AS SELECT unnest($ids) AS clip_id", {"ids": clip_ids})
        for shard, part in zip(shards, parts, strict=True):
            found = connection.execute(f"SELECT clip_id FROM clips WHERE {shard.condition}").fetchall()
            assert {clip_id for (clip_id,) in found} == part
            assert all(shard.holds_work(work_name(clip_id)) == (clip_id in part) for clip_id in clip_ids)


def test_where_a_clip_falls_never_changes() -> None:
    assert [Shard(8, n).holds("tiktok:7301234567890123456") for n in range(1, 9)].index(True) == 2
    assert not Shard(1, 1).holds_work("something-else")


@pytest.mark.parametrize("text", ["0/4", "5/4", "4", "1/0", "a/b", "-1/4", "1/20000", ""])
def test_a_shard_is_two_numbers(text: str) -> None:
    with pytest.raises(UserError, match=re.escape(f"{text!r} ") + ".* 2/8"):
        shard_named(text)


def test_shards_and_their_folders() -> None:
    assert shard_named(" 2/8 ") == Shard(8, 2)
    assert shard_of_folder(Shard(8, 2).folder) == Shard(8, 2)
    assert shard_of_folder("begin.lock") is None
    assert str(Shard(8, 2)) == "2 of 8"


# ------------------------------------------------------------ the same as one run


@pytest.mark.slow
def test_merged_shards_are_as_one_run(clips: Path) -> None:
    whole, study = load(clips, "whole"), load(clips)
    go(whole)
    share_key(whole, study)
    reports = go_shards(study, count=4)
    assert sum(report.listed for report in reports) == 25
    assert all(report.passed for report in reports)
    merged = unite(study)
    assert (merged.shards, merged.count, merged.clips, merged.gaps) == (4, 4, 13, ())  # posts are known already
    assert content(study) == content(whole)
    assert go(study).idle
    assert content(study) == content(whole)


@pytest.mark.slow
def test_every_attempt_names_the_run_that_made_it(clips: Path) -> None:
    study = load(clips)
    go_shards(study)
    unite(study)
    sql = "SELECT count(DISTINCT run_id), count(*) = count(DISTINCT attempt_id) FROM attempts JOIN runs USING (run_id)"
    assert rows(study.folder.published, sql) == [(COUNT, True)]
    # as in each shard, a clip's stages follow one another
    assert rows(
        study.folder.published,
        "SELECT DISTINCT list(stage ORDER BY attempt_id) FROM attempts WHERE clip_id LIKE '%clip%' GROUP BY clip_id",
    ) == [(["download", "audio", "length", "double"],)]


@pytest.mark.slow
def test_merging_twice_changes_nothing(clips: Path) -> None:
    study = load(clips)
    go_shards(study)
    unite(study)
    before, stamp = content(study), study.folder.published.stat().st_mtime_ns
    attempts = rows(study.folder.published, "FROM attempts ORDER BY ALL")
    assert unite(study).clips == 0
    assert content(study) == before
    assert rows(study.folder.published, "FROM attempts ORDER BY ALL") == attempts
    assert study.folder.published.stat().st_mtime_ns == stamp  # readers were not disturbed


@pytest.mark.slow
def test_a_shard_that_was_stopped_and_went_on_is_merged_again(clips: Path) -> None:
    whole, study = load(clips, "whole"), load(clips)
    go(whole)
    share_key(whole, study)
    go_shards(study, 1)
    go_shards(study, 2, only=["download", "audio"])
    with pytest.raises(UserError, match=r"shard 2 of 2 .*\d.* --partial"):
        unite(study)
    assert not study.folder.published.exists()
    merged = unite(study, partial=True)
    assert merged.clips == 13
    assert len(merged.gaps) == 1
    assert content(study) != content(whole)
    go_shards(study, 2)
    assert unite(study).clips > 0
    assert content(study) == content(whole)
    # a run that both merges brought has one row: beside it stand those of the merges themselves
    starts = "SELECT count(*) = count(DISTINCT started_at) FROM runs JOIN attempts USING (run_id) GROUP BY run_id"
    assert rows(study.folder.published, "SELECT count(*), count(DISTINCT started_at) FROM runs")[0][0] == 3 + 2
    assert rows(study.folder.published, starts)


@pytest.mark.slow
def test_what_the_study_did_after_a_merge_stays(clips: Path) -> None:
    study = load(clips)
    go_shards(study)
    unite(study)
    changed = load(clips, extra="[length]\nfactor = 3\n")
    go(changed)
    before = content(changed)
    assert not any(report.passed for report in go_shards(changed))  # they take over what the study has
    assert unite(changed).clips == 0
    assert content(changed) == before


@pytest.mark.slow
def test_a_shard_begins_with_what_the_study_has(clips: Path) -> None:
    study = load(clips)
    go(study, only=["download", "audio"])
    reports = go_shards(study)
    assert not any({"download", "audio"} & set(report.passed) for report in reports)
    assert sum(report.passed["double"] for report in reports) == 12
    unite(study)
    assert go(study).idle


# ------------------------------------------------------------ what a merge refuses


@pytest.mark.slow
def test_missing_shards_are_named(clips: Path) -> None:
    study = load(clips)
    with pytest.raises(UserError, match=r"`cliptone run test.toml --shard 1/4`"):
        unite(study)
    go_shards(study, 2)
    with pytest.raises(UserError, match=r"^shard 1 of 2 \D*--partial"):
        unite(study)
    merged = unite(study, partial=True)
    assert (merged.shards, merged.count, len(merged.gaps)) == (1, 2, 1)
    assert 0 < merged.clips < 13
    go_shards(study, 1)
    unite(study)
    assert go(study).idle


@pytest.mark.slow
def test_shards_of_another_study_file(clips: Path) -> None:
    go_shards(load(clips))
    with pytest.raises(UserError, match=r"shard 1 of 2 .* test.toml .* --shard 1/2"):
        unite(load(clips, extra="[length]\nfactor = 3\n"))


@pytest.mark.slow
def test_shards_under_another_configuration(clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = load(clips)
    go_shards(study)
    monkeypatch.setattr(Length, "version", 2)
    with pytest.raises(UserError, match=r"shard 1 of 2 .* length "):
        unite(study)


@pytest.mark.slow
def test_two_splits_side_by_side(clips: Path) -> None:
    study = load(clips)
    go_shards(study)
    go_shards(study, 3, count=4)
    with pytest.raises(UserError, match=rf" 2 .* 4 .*{re.escape(str(study.folder.shards))}"):
        unite(study)


@pytest.mark.slow
def test_who_runs_keeps_the_others_out(clips: Path) -> None:
    study = load(clips)
    go_shards(study)
    running = study.of_shard(Shard(COUNT, 2))
    with held(running.folder):
        with pytest.raises(StudyBusy, match=r"shard 2 of 2 .*'test'"):
            unite(study)
        with pytest.raises(StudyBusy, match="shard 2 of 2"):
            go(study)
        with pytest.raises(StudyBusy, match="shard 2 of 2"):
            remove_shards(study)
        assert go_shards(study, 1)[0].idle  # another shard goes on
    with held(study.folder), pytest.raises(StudyBusy, match=r"^(?!.*shard).*'test'"):
        unite(study)


@pytest.mark.slow
def test_removed_shards_leave_the_study_as_it_is(clips: Path) -> None:
    study = load(clips)
    go_shards(study)
    unite(study)
    before = content(study)
    remove_shards(study)
    assert not study.folder.shards.exists()
    assert go(study).idle
    assert content(study) == before


# ------------------------------------------------------------ what a shard refuses


def test_a_sample_is_drawn_by_no_shard(clips: Path) -> None:
    study = load(clips, extra="[filters]\nsample = 3\n")
    with pytest.raises(UserError, match=r"test\.toml .* --shard$"):
        go_shards(study, 1)


@pytest.mark.slow
def test_pages_are_listed_before_shards_begin(clips: Path) -> None:
    source = '[[sources]]\nlisting = "https://www.tiktok.com/@anna"\n[[sources]]\nfolder = "../clips"\n'
    study = load(clips, source=source)
    with pytest.raises(UserError, match=r"`cliptone run test.toml --stage download`"):
        go_shards(study, 1)
    go(study, only=["length"])  # a run of the whole study, here without its download
    assert go_shards(study)[0].passed["length"] > 0


def test_all_shards_together_ask_no_more_often_than_one_run(clips: Path) -> None:
    study = load(clips, extra="[download]\npaces = { tiktok = [2, 4] }\n")
    options = part_of(study, Shard(8, 3)).file.options["download"]
    assert isinstance(options, DownloadOptions)
    assert options.paces["tiktok"] == (16, 32)
    assert options.paces["youtube"] == (80, 160)


def test_every_machine_needs_the_same_key(clips: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    study = load(clips)
    go_shards(study, 1)
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "other"))
    with pytest.raises(UserError, match="CLIPTONE_KEYS"):
        go_shards(study, 2)


@pytest.mark.slow
def test_cut_off_fetches_of_other_shards_are_left_alone(clips: Path) -> None:
    study = load(clips)
    names = [f"tiktok:{number}" for number in range(30)]
    for name in names:
        (study.folder.media / work_name(name)).mkdir(parents=True)
    go_shards(study, 1)
    left = {path.name for path in study.folder.media.iterdir()}
    assert left == {work_name(name) for name in names if not Shard(COUNT, 1).holds(name)}
    go(study)  # the whole study does not know what shards have fetched
    assert {path.name for path in study.folder.media.iterdir()} == left
    assert shards_of(study.folder) == [Shard(COUNT, 1)]


@pytest.mark.slow
def test_forgotten_clips_do_not_come_back(clips: Path) -> None:
    from pipeline.store.store import Store
    from pipeline.study.binding import study_key

    study = load(clips)
    go_shards(study)
    unite(study)
    gone = "file:clip3.wav"
    store = Store(study.folder.working, STAGES)
    store.forget({gone: tombstone(gone, study_key(study.folder))}, "decision")
    store.close()
    assert unite(study).clips == 0
    assert gone not in {clip_id for (clip_id,) in rows(study.folder.published, "SELECT clip_id FROM clips")}


@pytest.mark.slow
def test_nothing_is_forgotten_while_shards_hold_copies_of_clips(clips: Path) -> None:
    study = load(clips)
    go_shards(study)
    unite(study)
    with pytest.raises(UserError, match=r"merge .* --remove"):
        forget(study, Named(frozenset({"file:clip3.wav"})), stages=STAGES)
    remove_shards(study)
    assert forget(study, Named(frozenset({"file:clip3.wav"})), stages=STAGES).clips == 1


@pytest.mark.slow
def test_another_stage_later_runs_on_merged_clips(clips: Path) -> None:
    study = load(clips)
    go_shards(study)
    unite(study)
    more = (*STAGES, Aside)
    larger = load_study(study.file.path, {stage.name: stage for stage in more})
    report = go(larger, stages=more)
    assert report.passed == {"aside": 12}
