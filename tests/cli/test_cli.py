"""The command, as a user meets it: exit codes, one sentence for a mistake, results in four forms."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.stages import BY_NAME
from pipeline.study.config import Study, load_study
from pipeline.study.lock import held
from tests.conftest import write_study, write_wav
from tests.support.command import PROGRAM, cliptone, cliptone_process, mistake
from tests.support.paths import EXPORT_FIXTURES

SOURCE = '[[sources]]\nfolder = "clips"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_wav(tmp_path / "clips" / "one.wav", 0.1 * np.sin(np.arange(32_000) / 10))
    return tmp_path


def test_help_answers_without_heavy_libraries(tmp_path: Path) -> None:
    code = """
import sys
sys.argv = ["cliptone", "--help"]
from pipeline.cli import main
try:
    main()
except SystemExit:
    pass
heavy = ("torch", "duckdb", "pandas", "whisper", "speechbrain", "yt_dlp", "numpy")
print([name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip().endswith("[]")
    for command in ("demo", "init", "run", "status", "query", "sql", "models", "doctor"):
        assert command in done.stdout


def test_init_writes_a_study_that_says_what_to_do_next(tmp_path: Path) -> None:
    assert "cliptone run my-study.toml" in cliptone("init", "my-study", cwd=tmp_path).stdout
    assert (tmp_path / "my-study.toml").exists()
    assert "my-study.toml" in mistake(cliptone("init", "my-study", cwd=tmp_path))
    assert "'../x'" in mistake(cliptone("init", "../x", cwd=tmp_path))
    no_clips = mistake(cliptone("run", "my-study.toml", cwd=tmp_path))
    assert str(tmp_path / "clips") in no_clips, "its folder of clips is not there yet"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (SOURCE + "[transcribe]\nmodle = 'x'\n", "'transcribe.modle'"),
        ('[[sources]]\nfolder = "elsewhere"\n', "/elsewhere "),
        (SOURCE + '[emotion]\nmodels = ["speechbrain-iemocap"]\n', "'speechbrain-iemocap'"),
        (SOURCE + '[audio]\nffmpeg = "/no/ffmpeg"\n', "/no/ffmpeg"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(folder: Path, body: str, wanted: str) -> None:
    if "iemocap" in body and model_cache.find("speechbrain-iemocap"):
        pytest.skip("this machine has the model")
    assert wanted in mistake(cliptone("run", str(write_study(folder, body)), cwd=folder))


def test_a_study_file_of_a_newer_version(folder: Path) -> None:
    path = write_study(folder, SOURCE)
    path.write_text(path.read_text().replace("schema = 1", "schema = 2"))
    assert "schema 2" in mistake(cliptone("run", path.name, cwd=folder))


def test_which_study_is_meant(folder: Path) -> None:
    assert "`cliptone run my-study.toml`" in mistake(cliptone("status", cwd=folder))
    write_study(folder, SOURCE, "a")
    assert "cliptone run STUDY.toml" in mistake(cliptone("status", cwd=folder))
    write_study(folder, SOURCE, "b")
    assert "a.toml, b.toml" in mistake(cliptone("status", cwd=folder))


def test_without_a_study_here_the_demo_is_meant_whatever_else_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.cli.arguments import find_study
    from pipeline.study.demo.study import copy_demo

    study = copy_demo(tmp_path / "outputs" / "demo")
    monkeypatch.chdir(tmp_path)
    assert len(list(study.parent.glob("*.toml"))) > 1
    assert find_study(None) == study
    own = write_study(tmp_path, '[[sources]]\nfolder = "clips"')
    assert find_study(None) == own


@pytest.mark.slow
def test_a_run_without_speech_needs_no_weights_and_says_so(folder: Path) -> None:
    (folder / "clips" / "text.mp4").write_text("not a video")
    (folder / "clips" / "empty.mp4").touch()
    done = cliptone("run", str(write_study(folder, SOURCE)), "--stage", "download", "--stage", "audio", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "empty_file 1" in done.stdout
    assert "not_media 1" in done.stdout
    status = cliptone("status", cwd=folder)
    lines = {line.split("│")[1].strip(): line for line in status.stdout.splitlines() if line.startswith("│")}
    assert "empty_file 1" in lines["download"]
    assert "not_media 1" in lines["audio"]
    assert "1" in lines["evidence"]


@pytest.mark.model
def test_queries_and_sql_in_every_form(demo: Study, tmp_path: Path) -> None:
    here = str(demo.folder.root)
    table = cliptone("query", "tone_by_hashtag", "--study", here, cwd=tmp_path)
    assert "hashtag" in table.stdout
    listing = cliptone("query", cwd=tmp_path)
    assert "clip_overview" in listing.stdout
    counts = "SELECT clip_id, hashtags, views FROM clips LEFT JOIN observations USING (clip_id) ORDER BY 1"
    text = cliptone("sql", counts, "--study", here, "--format", "csv", cwd=tmp_path).stdout
    assert text.splitlines()[0] == "clip_id,hashtags,views"
    assert ".0" not in text, "counts stay whole numbers"
    rows = json.loads(cliptone("query", "clip_text", "--study", here, "--format", "json", cwd=tmp_path).stdout)
    assert {type(row["caption_emoji"]) for row in rows} <= {list, type(None)}
    done = cliptone("query", "clip_tone", "--study", here, "-f", "parquet", "-o", "tone.parquet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert parquet.read_table(tmp_path / "tone.parquet").num_rows == len(rows)


@pytest.mark.model
def test_mistakes_in_queries(demo: Study, tmp_path: Path) -> None:
    here = str(demo.folder.root)
    assert "'tones'" in mistake(cliptone("query", "tones", "--study", here, cwd=tmp_path))
    assert "--term bag" in mistake(cliptone("query", "clip_tone", "--study", here, "--term", "bag", cwd=tmp_path))
    assert "nothing" in cliptone("sql", "SELECT nothing", "--study", here, cwd=tmp_path).stderr
    changed = cliptone("sql", "DELETE FROM clips", "--study", here, cwd=tmp_path)
    assert changed.returncode == 2
    assert "read-only" in changed.stderr
    assert "--output" in mistake(cliptone("sql", "SELECT 1", "-s", here, "-f", "parquet", cwd=tmp_path))


@pytest.mark.model
@pytest.mark.slow
def test_in_one_process_with_many_threads_the_rows_are_those_of_workers(demo: Study, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    shutil.copy(demo.folder.root / "clips" / "english_quick.mp4", tmp_path / "clips")
    study = write_study(tmp_path, f"{SOURCE}[run]\nworkers = 0\n")
    many = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "2")
    assert cliptone_process("run", str(study), cwd=tmp_path, **many).returncode == 0
    compared = (
        "SELECT language_probability, word_index, word, start_s, words.probability, embedding, probabilities "
        "FROM media JOIN transcripts USING (clip_id) JOIN speech_embeddings USING (clip_id) "
        "JOIN emotions USING (clip_id, region) JOIN words USING (clip_id) "
        "WHERE file_name = 'english_quick.mp4' ORDER BY word_index, emotions.region"
    )
    here, there = (
        cliptone("sql", compared, "-s", str(place), "-f", "csv", cwd=tmp_path).stdout
        for place in (study, demo.folder.root)
    )
    assert len(here.splitlines()) > 100
    assert here == there


@pytest.mark.model
def test_places_that_cannot_be_written(demo: Study, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    complaint = mistake(cliptone("query", "failures", "-s", str(demo.folder.root), "-o", "none/x.csv", cwd=tmp_path))
    assert "none/x.csv" in complaint
    assert "file/demo" in mistake(cliptone("demo", "file/demo", cwd=tmp_path))


def test_databases_that_are_none(folder: Path) -> None:
    study = write_study(folder, SOURCE)
    work = folder / "outputs" / "test" / "work"
    work.mkdir(parents=True)
    for place in (work / "study.duckdb", work.parent / "study.duckdb"):
        place.write_text("not a database " * 1000)
    assert str(work / "study.duckdb") in mistake(cliptone("run", str(study), cwd=folder))
    asked = cliptone("query", "failures", "-s", str(study), cwd=folder)
    assert str(work.parent / "study.duckdb") in asked.stderr


def test_import_shows_what_an_export_holds_and_writes_what_it_cannot_read(tmp_path: Path) -> None:
    fixtures = EXPORT_FIXTURES
    done = cliptone("import", str(fixtures / "zeeschuimer.ndjson"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "posts" in done.stdout
    assert "export = " in done.stdout
    rejects = (tmp_path / "zeeschuimer.rejects.csv").read_text(encoding="utf-8").splitlines()
    assert rejects[0] == "line,reason,taken"
    assert len(rejects) > 1
    donation = str(fixtures / "tiktok_donation.json")
    assert "donor" in mistake(cliptone("import", donation, cwd=tmp_path))
    assert "exposures" in cliptone("import", donation, "--donor", "d01", cwd=tmp_path).stdout
    assert "none.json" in mistake(cliptone("import", "none.json", cwd=tmp_path))


def test_models_lists_each_with_source_licence_and_training(tmp_path: Path) -> None:
    shown = cliptone("models", cwd=tmp_path).stdout
    for name in ("whisper-base", "speechbrain-iemocap", "starter", "yamnet", "ast"):
        assert name in shown
    assert "Emo-DB" in shown
    assert "'x'" in mistake(cliptone("models", "pull", "x", cwd=tmp_path))


def test_doctor_says_what_to_do(tmp_path: Path) -> None:
    shown = cliptone("doctor", cwd=tmp_path).stdout
    for topic in ("ffmpeg", "model whisper-base", "disk", "network", "gpu", "versions", "sound tagger"):
        assert topic in shown
    assert "cliptone models pull" in shown
    assert "media files" in shown, "whether they are read without network"


def test_two_at_once(tmp_path: Path, demo_clips: Path) -> None:
    (tmp_path / "clips").symlink_to(demo_clips)
    study = write_study(tmp_path, SOURCE)
    with held(load_study(study, BY_NAME).folder):
        assert "'test'" in mistake(cliptone("run", str(study), cwd=tmp_path))


@pytest.mark.model
@pytest.mark.slow
def test_ctrl_c_stops_with_one_sentence_and_the_next_run_goes_on(
    tmp_path: Path, demo_clips: Path, weights: Path
) -> None:
    (tmp_path / "clips").symlink_to(demo_clips)
    study = write_study(tmp_path, SOURCE)
    command = [*PROGRAM, "run", str(study)]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    signal.signal(signal.SIGINT, before)
    until = time.monotonic() + 60
    while not (tmp_path / "outputs" / "test" / "work" / "audio").exists() and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == 130, complaint
    assert "Traceback" not in complaint
    assert "cliptone: stopped" in complaint
    done = cliptone("run", str(study), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lost = cliptone("query", "failures", "-f", "csv", "-s", str(study), cwd=tmp_path).stdout
    assert ("not_media" in lost, "no_audio" in lost) == (True, True)
    assert "pending" not in cliptone("query", "clip_overview", "-f", "csv", "-s", str(study), cwd=tmp_path).stdout
