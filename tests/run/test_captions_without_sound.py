"""Captions of clips without sound: stages that read captions run on them all the same."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline.records import Clip, Row, column
from pipeline.run.status import StageStatus, study_status
from pipeline.stage import Result, Stage
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.study.config import Study, load_study
from tests.conftest import Collecting, run_ffmpeg, write_study
from tests.support.fake_stages import Length, LengthRow
from tests.support.small_runs import SOURCE, WORKERS, go, rows


@dataclass(frozen=True, slots=True)
class ReadRow(Row):
    """A caption, and whether there was sound beside it."""

    table: ClassVar[str] = "captions_read"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    caption: str | None = column("its caption")
    has_sound: bool = column("whether its sound was measured")


class ReadCaption(Stage):
    """Reads a caption beside what another stage made of the sound."""

    name: ClassVar[str] = "read"
    version: ClassVar[int] = 1
    tables = (ReadRow,)
    needs = ("download", "length")
    uses_caption: ClassVar[bool] = True

    def one(self, clip: Clip) -> Result:
        return [ReadRow(clip.clip_id, clip.caption, bool(clip.rows(LengthRow)))]


STAGES: tuple[type[Stage], ...] = (Download, Audio, Length, ReadCaption)
CAPTIONS = {"silent.mp4": "a bag #bag", "mute.mp4": "", "loud.mp4": "a drum", "broken.mp4": "no video"}


def video(path: Path, *sound: str) -> None:
    path.unlink(missing_ok=True)
    run_ffmpeg("-f", "lavfi", "-i", "color=size=16x16:rate=5:duration=1", *sound, "-shortest", str(path))


SOUND = ("-f", "lavfi", "-i", "sine=duration=1")


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """Videos without sound, with a caption and without one, one with sound, and a file that is no video."""
    (tmp_path / "clips").mkdir()
    for name in ("silent.mp4", "mute.mp4"):
        video(tmp_path / "clips" / name)
    video(tmp_path / "clips" / "loud.mp4", *SOUND)
    (tmp_path / "clips" / "broken.mp4").write_text("no video", encoding="utf-8")
    lines = [f"{name},{caption}" for name, caption in CAPTIONS.items()]
    (tmp_path / "posts.csv").write_text("\n".join(["file,caption", *lines]), encoding="utf-8")
    by_name = {stage.name: stage for stage in STAGES}
    return load_study(write_study(tmp_path, f'{SOURCE}sidecar = "posts.csv"\n{WORKERS}'), by_name)


def read(study: Study) -> list[tuple[str, str, bool]]:
    found = rows(study, "SELECT clip_id, caption, has_sound FROM captions_read ORDER BY clip_id")
    return [(str(clip_id).removeprefix("file:"), str(caption), bool(sound)) for clip_id, caption, sound in found]


READ = [("loud.mp4", "a drum", True), ("silent.mp4", "a bag #bag", False)]


def test_a_caption_is_read_where_there_is_no_sound(study: Study) -> None:
    seen = Collecting()
    report = go(study, seen, stages=STAGES)
    assert read(study) == READ, "without a caption there is nothing to read, and a broken file may have sound"
    assert report.passed["read"] == 2
    assert seen.total - seen.skipped == len(seen.outcomes), "progress adds up"
    status = {one.stage: one for one in study_status(study, STAGES)}
    assert status["read"] == StageStatus("read", 2, {}, 0, 2)
    assert status["length"] == StageStatus("length", 1, {}, 0, 3)
    assert go(study, stages=STAGES).idle, "once is enough"


@pytest.mark.slow
def test_a_study_that_was_run_before_reads_them_in_its_next_run(study: Study) -> None:
    go(study, stages=STAGES, only=("download", "audio", "length"))
    assert read(study) == []
    before = {one.stage: one for one in study_status(study, STAGES)}["read"]
    assert before == StageStatus("read", 0, {}, 2, 2)
    report = go(study, stages=STAGES)
    assert (dict(report.passed), dict(report.failed)) == ({"read": 2}, {}), "nothing else runs again"
    assert read(study) == READ


@pytest.mark.slow
def test_sound_that_is_found_later_is_read_with_the_caption(study: Study) -> None:
    go(study, stages=STAGES)
    go(study, stages=STAGES, retry_failed=True)
    assert read(study) == READ
    video(study.file.path.parent / "clips" / "silent.mp4", *SOUND)
    go(study, stages=STAGES)
    assert read(study) == [READ[0], ("silent.mp4", "a bag #bag", True)]
