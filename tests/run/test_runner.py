"""A run: the database is the checkpoint, a change re-runs what it touches, and nothing stored is lost."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.cli.sentences import report_lines
from pipeline.errors import ConfigError, DiskFull, ModelMissing, StoreError, StudyBusy, UserError
from pipeline.records.pseudonyms import tombstone
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.store.migrations import CURRENT
from pipeline.store.store import Store
from pipeline.study.binding import study_key
from pipeline.study.config import Study, load_study
from pipeline.study.lock import held
from tests.conftest import Collecting, write_study, write_wav
from tests.support.fake_stages import Aside, Double, Length, Unbuildable
from tests.support.site import serving

import numpy as np  # isort: skip
from tests.support.small_runs import SOURCE, STAGES, WORKERS, four_sounds, go, load, rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return four_sounds(tmp_path)


def test_rows_of_every_stage_and_nothing_to_do_the_second_time(folder: Path) -> None:
    study = load(folder)
    report = go(study)
    assert report.passed == {"download": 4, "audio": 4, "length": 4, "double": 4}
    assert rows(study, "SELECT clip_id, halves FROM lengths ORDER BY ALL") == [
        (f"file:clip{number}.wav", 2 * (number + 1)) for number in range(4)
    ]
    again = go(study)
    assert again.idle
    assert rows(study, "SELECT count(*) FROM attempts") == [(16,)]


@pytest.mark.slow
def test_a_changed_option_runs_that_stage_and_those_after_it(folder: Path) -> None:
    go(load(folder))
    report = go(load(folder, "[length]\nfactor = 4\n"))
    assert report.passed == {"length": 4, "double": 4}
    assert rows(load(folder), "SELECT max(halves), max(doubled) FROM lengths JOIN doubles USING (clip_id)") == [
        (16, 32)
    ]


@pytest.mark.slow
def test_going_back_to_an_old_option_restores_its_rows(folder: Path) -> None:
    go(load(folder))
    go(load(folder, "[length]\nfactor = 4\n"))
    go(load(folder))
    assert rows(load(folder), "SELECT max(halves) FROM lengths") == [(8,)]


@pytest.mark.slow
def test_rows_of_an_old_configuration_never_stand_beside_new_ones(folder: Path) -> None:
    go(load(folder))
    go(load(folder, '[length]\nfactor = 4\ntrouble = "clip1=fail"\n'))
    found = rows(load(folder), "SELECT clip_id FROM lengths FULL JOIN doubles USING (clip_id) ORDER BY ALL")
    assert [clip_id for (clip_id,) in found] == ["file:clip0.wav", "file:clip2.wav", "file:clip3.wav"]


@pytest.mark.slow
def test_final_failures_stay_and_failures_of_the_moment_are_tried_again(folder: Path) -> None:
    trouble = '[length]\ntrouble = "clip0=fail,clip1=network"\n'
    first = go(load(folder, trouble))
    assert {stage: dict(reasons) for stage, reasons in first.failed.items()} == {
        "length": {"not_media": 1, "network": 1}
    }
    assert first.passed["double"] == 2, "a clip that failed goes no further"
    assert not first.failed_before
    second = go(load(folder, trouble))
    assert second.failed["length"] == {"network": 1}
    assert second.failed_before == {"not_media": 1}, "what stands of the run before"
    third = go(load(folder, trouble), retry_failed=True)
    assert third.failed["length"] == {"not_media": 1, "network": 1}
    assert rows(load(folder), "SELECT stage, reason, attempts FROM failures ORDER BY clip_id") == [
        ("length", "not_media", 2),
        ("length", "network", 3),
    ]


@pytest.mark.slow
def test_the_last_line_of_a_run_tells_failures_of_runs_before(folder: Path) -> None:
    study = load(folder, '[length]\ntrouble = "clip0=fail"\n')
    go(study)
    again = go(study)
    assert again.idle
    assert again.failed_before == {"not_media": 1}
    assert "not_media 1" in report_lines(again)
    assert "up to date" not in report_lines(again)
    write_wav(folder / "clips" / "clip4.wav", np.zeros(16_000))
    assert go(study).failed_before == {"not_media": 1}
    assert not go(load(folder)).failed_before, "another configuration has no failure yet"


def test_only_one_stage(folder: Path) -> None:
    report = go(load(folder), only=("download",))
    assert report.passed == {"download": 4}
    with pytest.raises(UserError, match="'sing'"):
        go(load(folder), only=("sing",))


def test_a_stage_that_waits_for_one_that_was_not_chosen_says_so(folder: Path) -> None:
    study = load(folder)
    report = go(study, only=("length",))
    assert not report.passed
    assert report.blocked == {"length": ("download", "audio")}
    said = report_lines(report)
    assert "--stage download --stage audio --stage length" in said
    assert "up to date" not in said
    assert not go(study).blocked


@pytest.mark.slow
def test_new_and_changed_files_are_seen(folder: Path) -> None:
    go(load(folder))
    write_wav(folder / "clips" / "clip9.wav", np.ones(8_000) * 0.1)
    changed = write_wav(folder / "clips" / "clip0.wav", np.ones(80_000) * 0.1)
    os.utime(changed, (1, 1))
    report = go(load(folder))
    assert report.new == 1
    assert report.passed["length"] == 2
    assert rows(load(folder), "SELECT halves FROM lengths WHERE clip_id = 'file:clip0.wav'") == [(10,)]


@pytest.mark.slow
def test_a_file_that_went_missing_and_came_back(folder: Path) -> None:
    study = load(folder)
    study_source = folder / "clips" / "clip0.wav"
    shutil.move(study_source, folder / "aside.wav")
    go(study)
    shutil.move(folder / "aside.wav", study_source)
    assert go(load(folder)).passed["length"] == 1


@pytest.mark.slow
def test_progress_adds_up(folder: Path) -> None:
    watcher = Collecting()
    go(load(folder, '[length]\ntrouble = "clip0=fail"\n'), watcher)
    assert watcher.total == 16
    assert len(watcher.outcomes) + watcher.skipped == watcher.total
    assert watcher.stages == ["download", "audio", "length", "double"]


@pytest.mark.slow
def test_audio_that_was_deleted_is_decoded_again_when_a_stage_needs_it(folder: Path) -> None:
    class Listening(Length):
        uses_audio = True

    stages = (Download, Audio, Listening, Double)
    go(load(folder, "[privacy]\nkeep_audio = false\n"), stages=stages)
    study = load(folder, "[privacy]\nkeep_audio = false\n[length]\nfactor = 4\n")
    assert not list((study.folder.root / "work" / "audio").glob("*.wav"))
    report = go(study, stages=stages)
    assert report.passed == {"audio": 4, "length": 4, "double": 4}
    assert not list((study.folder.root / "work" / "audio").glob("*.wav"))


@pytest.mark.slow
def test_two_runs_at_once(folder: Path) -> None:
    study = load(folder)
    with held(study.folder), pytest.raises(StudyBusy, match="'test'"):
        go(study)
    assert go(study).passed["double"] == 4


@pytest.mark.slow
def test_a_full_disk_stops_the_run_and_the_next_goes_on(folder: Path) -> None:
    with pytest.raises(DiskFull):
        go(load(folder, '[length]\ntrouble = "clip2=full"\n'))
    study = load(folder, '[length]\ntrouble = "clip2=full"\n')
    assert rows(study, "SELECT count(*) FROM lengths") == [(2,)]
    assert go(load(folder)).passed["double"] == 4


@pytest.mark.slow
def test_a_full_disk_under_the_database(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = load(folder)
    go(study)
    before = rows(study, "FROM lengths ORDER BY ALL")

    def full(*_: object, **__: object) -> None:
        raise duckdb.IOException("Could not write file: No space left on device")

    monkeypatch.setattr("pipeline.store.schema.insert", full)
    with pytest.raises(DiskFull):
        go(load(folder, "[length]\nfactor = 4\n"))
    monkeypatch.undo()
    assert rows(study, "FROM lengths ORDER BY ALL") == before


@pytest.mark.slow
def test_a_missing_model_leaves_what_is_stored(folder: Path) -> None:
    go(load(folder))
    with pytest.raises(ModelMissing):
        go(load(folder, "[length]\nfactor = 4\n"), stages=(Download, Audio, Unbuildable, Double))
    assert rows(load(folder), "SELECT count(*) FROM lengths") == [(4,)]


def test_a_mistake_in_the_sources_leaves_no_trace(folder: Path) -> None:
    with pytest.raises(ConfigError):
        go(load(folder, source='[[sources]]\nfolder = "elsewhere"\n'))
    assert not (folder / "outputs").exists()


@pytest.mark.slow
def test_a_database_of_a_newer_version_is_refused(folder: Path) -> None:
    study = load(folder)
    go(study)
    with duckdb.connect(str(study.folder.working)) as connection:
        connection.execute("UPDATE schema_version SET version = $version", {"version": CURRENT + 1})
    with pytest.raises(StoreError, match=f"version {CURRENT + 1}"):
        go(study)


def posts_study(folder: Path, url: str, extra: str = "") -> Study:
    urls = ", ".join(f'"{url}/{name}.html"' for name in ("english_quick", "silence", "404"))
    source = f"[[sources]]\nurls = [{urls}]\n"
    return load(folder, '[download]\nextractors = ["generic"]\n' + extra, source=source)


@pytest.mark.slow
def test_posts_are_fetched_stored_and_their_media_deleted_after_use(tmp_path: Path, demo_clips: Path) -> None:
    with serving(demo_clips) as url:
        study = posts_study(tmp_path, url, "[privacy]\nkeep_media = false\n")
        report = go(study)
        assert report.passed == {"download": 2, "audio": 2, "length": 2, "double": 2}
        assert report.failed == {"download": {"removed": 1}}
        assert list((study.folder.root / "work" / "media").rglob("media.*")) == []
        assert rows(study, "SELECT DISTINCT hashtags, views FROM clips JOIN observations USING (clip_id)") == [
            (["bag"], 42)
        ]
        assert go(study).idle, "a post that is gone is not asked for again, and media that was deleted is not missed"
        assert rows(study, "SELECT count(*) FROM clips") == [(3,)]


@pytest.mark.slow
def test_media_that_was_deleted_is_fetched_again_when_the_audio_changes(tmp_path: Path, demo_clips: Path) -> None:
    with serving(demo_clips) as url:
        go(posts_study(tmp_path, url, "[privacy]\nkeep_media = false\n"))
        report = go(posts_study(tmp_path, url, "[privacy]\nkeep_media = false\n[audio]\nmax_duration_s = 60\n"))
        assert report.passed == {"download": 2, "audio": 2, "length": 2, "double": 2}


@pytest.mark.slow
def test_counts_are_kept_by_their_time_and_read_twice_add_nothing(folder: Path) -> None:
    def counts(views: int, counted_at: str) -> list[tuple[Any, ...]]:
        (folder / "posts.csv").write_text(f"file,views,counted_at\nclip0.wav,{views},{counted_at}\n")
        study = load(folder, source='[[sources]]\nfolder = "clips"\nsidecar = "posts.csv"\n')
        go(study)
        return rows(study, "SELECT views, counted_at::VARCHAR FROM observations ORDER BY ALL")

    dated = (5, "2026-01-01 10:00:00")
    assert counts(5, "2026-01-01T10:00:00Z") == [dated]
    assert counts(5, "2026-01-01T10:00:00Z") == [dated]
    assert counts(7, "2026-01-02T10:00:00Z") == [dated, (7, "2026-01-02 10:00:00")]
    assert len(counts(8, "")) == 3, "a time that is not known is NULL, not now"
    assert len(counts(8, "")) == 3
    assert counts(9, "")[-1] == (9, None), "and the last count without a time stands"


@pytest.mark.slow
def test_sources_that_did_not_change_are_not_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(load(folder))

    def read(*_: object) -> None:
        raise AssertionError("read again")

    with monkeypatch.context() as watched:
        watched.setattr("pipeline.run.ingest.read_sources", read)
        report = go(load(folder))
        assert report.idle
        assert report.listed == 4
    write_wav(folder / "clips" / "clip9.wav", np.ones(8_000) * 0.1)
    report = go(load(folder))
    assert (report.listed, report.new) == (5, 1)


@pytest.mark.slow
def test_a_mistake_in_the_sources_of_a_stored_study_changes_nothing(folder: Path) -> None:
    go(load(folder))
    with pytest.raises(ConfigError):
        go(load(folder, source='[[sources]]\nfolder = "elsewhere"\n'))
    assert rows(load(folder), "SELECT count(*) FROM clips") == [(4,)]
    assert go(load(folder)).idle


@pytest.mark.slow
def test_a_clip_that_was_forgotten_does_not_come_back(folder: Path) -> None:
    study = load(folder)
    go(study)
    store = Store(study.folder.working, STAGES)
    store.forget({"file:clip0.wav": tombstone("file:clip0.wav", study_key(study.folder))}, "decision")
    store.close()
    assert go(study).listed == 3
    assert rows(study, "SELECT count(*) FROM clips") == [(3,)]


@pytest.mark.slow
def test_outcomes_that_were_not_stored_when_a_run_was_killed_are_done_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load(folder)

    class Killed(Exception):
        """As far as the database can tell, a kill -9."""

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        broken.setattr("pipeline.run.batch_writer.BatchWriter.save", kill)
        with pytest.raises(Killed):
            go(study)
    assert rows(study, "SELECT count(*) FROM attempts") == [(0,)]
    assert go(study).passed == {"download": 4, "audio": 4, "length": 4, "double": 4}
    assert rows(study, "SELECT count(*), count(DISTINCT clip_id) FROM lengths") == [(4, 4)]


@pytest.mark.slow
def test_a_stage_that_fails_spares_only_those_that_need_it(folder: Path) -> None:
    stages = (Download, Audio, Length, Double, Aside)
    study = load_study(
        write_study(folder, SOURCE + WORKERS + '[length]\ntrouble = "clip0=fail"\n'),
        {stage.name: stage for stage in stages},
    )
    watcher = Collecting()
    report = go(study, watcher, stages=stages)
    assert report.passed == {"download": 4, "audio": 4, "length": 3, "double": 3, "aside": 4}
    assert watcher.skipped == 1
    assert len(watcher.outcomes) + watcher.skipped == watcher.total


@pytest.mark.slow
def test_a_database_of_an_older_version_gets_the_columns_that_it_lacks(folder: Path) -> None:
    study = load(folder)
    go(study)
    with duckdb.connect(str(study.folder.working)) as connection:
        for table, column in (
            ("clips", "kind"),
            ("clips", "field_sources"),
            ("attempts", "action"),
            ("lengths", "share"),
        ):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    write_wav(folder / "clips" / "clip9.wav", np.ones(8_000) * 0.1)
    assert go(study).passed == {"download": 1, "audio": 1, "length": 1, "double": 1}
    assert rows(study, "SELECT DISTINCT kind FROM clips") == [("file",)]
    assert rows(study, "SELECT count(halves), count(share) FROM lengths") == [(5, 0)]
