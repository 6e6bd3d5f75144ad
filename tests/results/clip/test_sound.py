"""Sound that a study did not keep: decoded again from the user's own file or from kept media, with the same samples."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import open_study
from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, read_audio
from pipeline.records import AudioRow
from pipeline.results.report.build import build_report
from pipeline.results.report.places import Places
from pipeline.study.config import Study
from pipeline.study.folder import StudyFolder
from pipeline.study.own_files import list_of, own_file, own_files, write
from tests.conftest import write_wav
from tests.results.report.test_build import page
from tests.support.report.generated_study import clip, write_published
from tests.support.small_runs import go, load, rows
from tests.support.small_study import row

MINIMAL = "[privacy]\nkeep_media = false\nkeep_audio = false\n"
KEEPING = MINIMAL.replace("keep_audio = false", "keep_audio = true")
CLIP = "file:clip1.wav"


def speech_like(seconds: float, rate: int = 44_100) -> np.ndarray:
    times = np.arange(int(seconds * rate)) / rate
    return 0.3 * np.sin(2 * np.pi * 220 * times) * (0.4 + 0.6 * np.sin(7 * times) ** 2)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Two sounds at another rate than the decoded one, run by a study that keeps neither media nor audio."""
    for number in (1, 2):
        write_wav(tmp_path / "clips" / f"clip{number}.wav", speech_like(1.5 * number), 44_100)
    loaded = load(tmp_path, MINIMAL)
    go(loaded)
    assert not list(loaded.folder.audio.glob("*"))
    return loaded


@pytest.fixture
def results(study: Study, tmp_path: Path) -> Path:
    """The same clips in results with every table and view, as all stages would publish them."""
    decoded = rows(study, "SELECT clip_id, duration_s, container_duration_s, audio_sha256 FROM audio")
    audio = {name: {"duration_s": s, "container_duration_s": c, "audio_sha256": d} for name, s, c, d in decoded}
    made = [one for name in audio for one in clip(name) if not isinstance(one, AudioRow)]
    folder = write_published(tmp_path / "whole", [*made, *(row(AudioRow, clip_id=n, **v) for n, v in audio.items())])
    list_of(StudyFolder.at(folder)).parent.mkdir()
    write(list_of(StudyFolder.at(folder)), {name: str(path) for name, path in own_files(study.folder).items()})
    return folder


def test_the_users_own_file_gives_the_samples_that_the_stages_heard(results: Path, tmp_path: Path) -> None:
    found = open_study(results).clip(CLIP)
    heard = found.waveform()
    assert heard.size == pytest.approx(1.5 * SAMPLE_RATE, abs=2)
    assert len(found.audio(0.2, 0.6).data) > 0
    assert found.plot("waveform", "pitch").axes[0].has_data()
    again = load(tmp_path, KEEPING)
    go(again)
    assert np.array_equal(read_audio(again.folder.audio_path(CLIP)), heard)
    assert not list(results.rglob("*.wav")), "listening leaves no file behind"


def test_a_file_that_is_gone_or_another_is_named(results: Path, tmp_path: Path) -> None:
    write_wav(tmp_path / "clips" / "clip1.wav", speech_like(1.5) * 0.5, 44_100)
    (tmp_path / "clips" / "clip2.wav").unlink()
    reader = open_study(results)
    with pytest.raises(UserError, match=r"clip1\.wav"):
        reader.clip(CLIP).audio()
    with pytest.raises(UserError, match=r"clip2\.wav"):
        reader.waveform("file:clip2.wav")
    assert "without its audio" in reader.clip("file:clip2.wav").plot().get_suptitle()


@pytest.mark.slow
def test_results_that_moved_with_their_files_find_them(results: Path, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    for name in ("clips", "whole"):
        shutil.move(tmp_path / name, tmp_path / "project" / name)
    assert open_study(tmp_path / "project" / "whole").clip(CLIP).waveform().size


def test_audio_that_is_to_be_kept_after_all_is_decoded_again_and_nothing_else_runs(
    study: Study, tmp_path: Path
) -> None:
    report = go(load(tmp_path, KEEPING))
    assert report.passed == {"audio": 2}
    assert study.folder.audio_path(CLIP).is_file()
    assert go(load(tmp_path, KEEPING)).idle


@pytest.mark.slow
def test_where_the_media_is_gone_too_the_run_counts_it(study: Study, tmp_path: Path) -> None:
    (tmp_path / "clips" / "clip2.wav").unlink()
    report = go(load(tmp_path, KEEPING))
    assert report.passed == {"audio": 1}
    assert report.without_media == 1


def test_the_page_plays_the_users_own_file_where_it_lies(results: Path, tmp_path: Path) -> None:
    build_report(results)
    media = page(results, CLIP)["media"]
    report = Places(results).report
    assert (report / media["play"]).resolve() == (tmp_path / "clips" / "clip1.wav").resolve()
    assert (report / media["curves"]).is_file()
    assert media["reason"] is None
    build_report(results, copy_media=True)
    copied = page(results, CLIP)["media"]["play"]
    assert copied.startswith("media/")
    assert read_audio(report / copied).size == pytest.approx(1.5 * SAMPLE_RATE, abs=2)


@pytest.mark.slow
def test_the_page_never_says_that_an_own_file_was_deleted(results: Path, tmp_path: Path) -> None:
    shutil.move(tmp_path / "clips" / "clip1.wav", tmp_path / "elsewhere.wav")
    build_report(results)
    media = page(results, CLIP)["media"]
    assert media["play"] is None
    assert "clip1.wav" in media["reason"]
    assert "deleted" not in media["reason"]


def test_a_study_that_was_published_without_the_list_has_it_after_the_next_command(
    study: Study, tmp_path: Path
) -> None:
    list_of(study.folder).unlink()
    assert own_file(study.folder, CLIP) is None
    assert go(load(tmp_path, MINIMAL)).idle
    assert own_file(study.folder, CLIP) == tmp_path / "clips" / "clip1.wav"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.dictionaries(st.text(min_size=1), st.text(st.characters(), min_size=1)))
def test_every_name_of_a_file_comes_back_from_the_list(tmp_path: Path, places: dict[str, str]) -> None:
    folder = StudyFolder.at(tmp_path)
    folder.working.parent.mkdir(exist_ok=True)
    list_of(folder).unlink(missing_ok=True)
    write(list_of(folder), places)
    assert own_files(folder) == {name: Path(place) for name, place in places.items()}
