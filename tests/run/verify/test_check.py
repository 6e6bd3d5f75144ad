"""Whether a study is intact: what is wrong is found, said with what to do, and repaired where that is possible."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.errors import StudyBusy, UserError
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.run.verify.check import verify
from pipeline.run.verify.repair import repair
from pipeline.run.verify.rows import row_findings
from pipeline.stage import Stage
from pipeline.stages import STAGES as SHIPPED_STAGES
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.store.store import Store
from pipeline.study import audit_log
from pipeline.study.config import Study, load_study
from pipeline.study.lock import held
from tests.conftest import write_study, write_wav
from tests.support.fake_stages import Double, Length

STAGES: tuple[type[Stage], ...] = (Download, Audio, Length, Double)
BODY = '[[sources]]\nfolder = "clips"\n[audio]\nloudness = false\n[length]\ntrouble = "clip1=fail"\n'


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Study:
    """A study, run once; `study` gives it back as it was to each test."""
    folder = tmp_path_factory.mktemp("whole") / "study"
    for number in range(2):
        write_wav(folder / "clips" / f"clip{number}.wav", 0.1 * np.ones(16_000 * (number + 1)))
    study = run(load_study(write_study(folder, BODY), {stage.name: stage for stage in STAGES}))
    shutil.copytree(folder, folder.with_name("kept"))
    return study


@pytest.fixture
def study(whole: Study) -> Study:
    folder = whole.file.path.parent
    shutil.rmtree(folder)
    shutil.copytree(folder.with_name("kept"), folder)
    return whole


def run(study: Study) -> Study:
    run_study(study, executor=LocalExecutor(0), stages=STAGES)
    return study


def change(study: Study, sql: str) -> None:
    """Do to the working database what no command does."""
    with duckdb.connect(str(study.folder.working)) as connection:
        connection.execute(sql)


def audio(study: Study) -> Path:
    return study.folder.audio_path("file:clip0.wav")


def test_a_study_that_is_whole(study: Study) -> None:
    assert verify(study, STAGES) == []
    audit_log.note(study.folder, "run", {"passed": 7})
    assert verify(study, STAGES) == []


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1_000])


def flip_last_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "check", "says"),
    [
        (lambda study: audio(study).unlink(), "audio", "is not there"),
        (lambda study: cut(audio(study)), "audio", " 0.969 s"),
        (lambda study: flip_last_bit(audio(study)), "audio", "sha256"),
        (lambda study: audio(study).write_bytes(b"RIFF"), "audio", " 1.000 s"),
        (lambda study: write_wav(study.folder.root / "work/audio/x-y.wav", np.zeros(9)), "files", "x-y.wav"),
        (lambda study: audio(study).with_suffix(".part").touch(), "files", ".part"),
        (lambda study: (study.folder.media / "left").mkdir(parents=True), "files", "left"),
        (lambda study: study.folder.published.unlink(), "published", "is not there"),
        (lambda study: study.folder.published.write_bytes(b"no database"), "published", "cannot be read"),
        (lambda study: change(study, "INSERT INTO lengths VALUES ('file:clip1.wav', 1, NULL)"), "rows", "lengths"),
        (lambda study: change(study, "INSERT INTO doubles FROM doubles"), "rows", "doubles"),
        (lambda study: change(study, "DELETE FROM audio"), "rows", "audio "),
        (lambda study: change(study, "UPDATE lengths SET halves = 99"), "published", "lengths differs"),
        (lambda study: change(study, "INSERT INTO sources VALUES ('x', 9, 'file', '/x', '', NULL)"), "rows", "sources"),
    ],
)
def test_what_is_wrong_is_found_and_repaired(
    study: Study, harm: Callable[[Study], object], check: str, says: str
) -> None:
    before = rows(study)
    harm(study)
    found = verify(study, STAGES)
    assert any(one.check == check and says in one.what for one in found), found
    assert all(one.advice for one in found)
    first, left = repair(study, STAGES)
    assert first == found
    assert left == []
    run(study)
    assert verify(study, STAGES) == []
    if "99" not in says and "lengths differs" not in says:
        assert rows(study) == before, "what was repaired is as it was"


def rows(study: Study) -> list[object]:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        tables = ("media", "audio", "lengths", "doubles", "clips")
        return [connection.execute(f"FROM {table} ORDER BY ALL").fetchall() for table in tables]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda study: (study.file.path.parent / "clips" / "clip0.wav").unlink(), "your file clip0.wav is no longer"),
        (lambda study: change(study, "DELETE FROM sources WHERE clip_id = 'file:clip0.wav'"), "no source lists"),
        (lambda study: change(study, "UPDATE attempts SET run_id = 99 WHERE attempt_id = 1"), "names a run_id"),
    ],
)
def test_what_cannot_be_repaired_says_what_to_do(study: Study, harm: Callable[[Study], object], says: str) -> None:
    harm(study)
    found, left = repair(study, STAGES)
    assert any(says in one.what for one in found), found
    assert any(says in one.what for one in left), "it is still said"


def test_media_of_posts_that_changed_or_vanished(study: Study) -> None:
    folder = study.folder.media / "tiktok_1"
    change(study, "UPDATE sources SET kind = 'url' WHERE clip_id = 'file:clip0.wav'")
    missing = [one for one in verify(study, STAGES) if one.check == "media"]
    assert [(one.stale_stage, one.clip_id) for one in missing] == [("download", "file:clip0.wav")]
    assert not folder.exists()


def test_another_content_of_the_same_length_is_found_by_its_digest(study: Study) -> None:
    flip_last_bit(study.file.path.parent / "clips" / "clip0.wav")
    assert [one.check for one in verify(study, STAGES)] == ["media"]


def test_a_changed_audit_log_is_said_and_nothing_mends_it(study: Study) -> None:
    for number in range(2):
        audit_log.note(study.folder, "run", {"passed": number})
    path = study.folder.audit_log
    path.write_bytes(path.read_bytes().replace(b'"passed": 0', b'"passed": 7'))
    found, left = repair(study, STAGES)
    assert found == left
    assert [(one.check, one.is_repairable) for one in found] == [("audit", False)]


def test_a_deleted_audit_log_is_said(study: Study) -> None:
    audit_log.note(study.folder, "run", {"passed": 7})
    study.folder.audit_log.unlink()
    assert [(one.check, one.is_repairable) for one in verify(study, STAGES)] == [("audit", False)]


@pytest.mark.slow
def test_audio_that_the_study_does_not_keep_is_not_missed(tmp_path: Path) -> None:
    write_wav(tmp_path / "clips" / "clip0.wav", 0.1 * np.ones(16_000))
    body = BODY + "[privacy]\nkeep_audio = false\n"
    study = run(load_study(write_study(tmp_path, body), {stage.name: stage for stage in STAGES}))
    assert not audio(study).exists()
    assert verify(study, STAGES) == []


def test_a_study_without_results_and_one_that_runs(tmp_path: Path, study: Study) -> None:
    for look in (verify, repair):
        with held(study.folder), pytest.raises(StudyBusy, match="'test'"):
            look(study, STAGES)
    (tmp_path / "other").mkdir()
    empty = load_study(write_study(tmp_path / "other", BODY, "other"), {stage.name: stage for stage in STAGES})
    with pytest.raises(UserError, match="'other'"):
        verify(empty, STAGES)


def test_the_tables_of_every_stage_can_be_checked(tmp_path: Path) -> None:
    """Some have columns of the same name as those of attempts."""
    store = Store(tmp_path / "study.duckdb", SHIPPED_STAGES)
    assert list(row_findings(store, SHIPPED_STAGES)) == []
    store.close()


@pytest.mark.slow
def test_the_command(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.cli import app

    monkeypatch.setattr("pipeline.stages.BY_NAME", {stage.name: stage for stage in STAGES})
    for function in (verify, repair):
        monkeypatch.setattr(function, "__defaults__", (STAGES,))
    command = CliRunner()

    def ask(*more: str) -> tuple[int, str]:
        done = command.invoke(app, ["verify", str(study.file.path), *more])
        return done.exit_code, " ".join(done.stdout.split())

    code, said = ask()
    assert (code, "--repair" in said) == (0, False)
    assert "cannot be told" in said, "there is no log yet"
    audio(study).unlink()
    code, said = ask()
    assert code == 1
    assert "1 findings" in said
    assert "cliptone verify --repair" in said
    code, said = ask("--repair")
    assert (code, "1 of 1" in said) == (0, True)
    assert audit_log.read(study.folder.audit_log)[-1].command == "verify --repair"
    spare = study.folder.root / "left.part"
    spare.parent.mkdir(parents=True, exist_ok=True)
    spare.write_bytes(b"half")
    code, said = ask("--repair")
    assert (code, spare.exists()) == (1, True), "nothing is deleted without --yes"
    assert "--repair --yes" in said
    code, said = ask("--repair", "--yes")
    assert (code, spare.exists()) == (0, False)


def test_a_missing_working_database_is_no_study_without_results(study: Study) -> None:
    study.folder.working.unlink()
    with pytest.raises(UserError, match=str(study.folder.working)):
        verify(study, STAGES)
