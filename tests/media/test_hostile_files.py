"""F9: a study of hostile files ends; each has rows or a reason, nothing outside is reached, nothing is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest

from pipeline.errors import Reason
from pipeline.media import audio, ffmpeg
from pipeline.media.sandbox.client import decoder
from pipeline.media.sandbox.limits import MEMORY_BYTES
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.study.config import load_study
from pipeline.study.folder import work_name
from tests.conftest import write_study
from tests.support.hostile_media import make_hostile
from tests.support.hostile_media.hostile_texts import NAMES, SENTINEL

pytestmark = pytest.mark.slow

STAGES = (Download, Audio)
LEAST = 60  # hostile files
#: Reasons that say something of the machine, or of nothing: a hostile file must not end in one of them.
UNEXPLAINED = {Reason.INTERNAL_ERROR, Reason.DISK_FULL, Reason.WORKER_DIED, Reason.TIMEOUT}


@dataclass
class Watch:
    """Looks at the processes of this one all the time: the most memory of any, and the longest life of a reader."""

    peak_bytes: int = 0
    longest_s: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self._server = decoder()._server
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for child in psutil.Process(self._server).children(recursive=True):
                try:
                    self.peak_bytes = max(self.peak_bytes, child.memory_info().rss)
                    self.longest_s = max(self.longest_s, time.time() - child.create_time())
                except psutil.NoSuchProcess:
                    continue


@dataclass
class Ran:
    """What a study of the whole corpus left behind."""

    folder: Path
    files: int
    hits: list[str]
    attempts: dict[str, dict[str, Any]]  # by clip, its last attempt
    rows: dict[str, dict[str, Any]]  # by clip, its row of `audio`
    watch: Watch
    seconds: float


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("hostile")
    with make_hostile.canary() as canary:
        files = make_hostile.make(folder / "study" / "clips", folder / "outside", canary.url)
        study = load_study(
            write_study(folder / "study", '[[sources]]\nfolder = "clips"\n[run]\nworkers = 0\n'),
            {stage.name: stage for stage in STAGES},
        )
        decoder().look()
        started = time.monotonic()
        with Watch() as watch:
            run_study(study, executor=LocalExecutor(0), stages=STAGES)
        seconds = time.monotonic() - started
        with duckdb.connect(str(study.folder.published), read_only=True) as connection:
            attempts = _by_clip(connection.execute("SELECT * FROM attempts ORDER BY attempt_id"))
            rows = _by_clip(connection.execute("SELECT * FROM audio"))
        yield Ran(folder, files, canary.hits, attempts, rows, watch, seconds)


def _by_clip(answer: Any) -> dict[str, dict[str, Any]]:
    names = [column[0] for column in answer.description]
    found = (dict(zip(names, row, strict=True)) for row in answer.fetchall())
    return {row["clip_id"].removeprefix("file:"): row for row in found}


def reason(ran: Ran, name: str) -> str | None:
    return ran.attempts[name]["reason"]


def test_f9_every_file_ends_with_rows_or_a_reason_and_nothing_outside_is_reached(
    ran: Ran, tell: Callable[[str], None]
) -> None:
    assert ran.files >= LEAST
    ends = {name: attempt["reason"] for name, attempt in ran.attempts.items()}
    assert all((name in ran.rows) == (end is None) for name, end in ends.items())
    unexplained = {name: ran.attempts[name]["message"] for name, end in ends.items() if end in UNEXPLAINED}
    assert unexplained == {}
    assert ran.hits == []
    foreign = [name for name in ran.rows if _sounds_foreign(ran, name)]
    assert foreign == []
    outputs = [path for path in (ran.folder / "study").rglob("*") if path.is_file() and "clips" not in path.parts]
    assert outputs
    assert [path.name for path in outputs if SENTINEL in path.read_bytes()] == []
    assert ran.watch.peak_bytes < MEMORY_BYTES
    assert ran.watch.longest_s < ffmpeg.DEADLINE_CAP_S
    tell(
        f"{ran.files} hostile files in {ran.seconds:.0f} s: {len(ran.rows)} with rows, "
        f"{sum(end is not None for end in ends.values())} with a reason, {len(ran.hits)} canary hits, "
        f"{len(foreign)} foreign tones, 0 foreign bytes in outputs, largest reader {ran.watch.peak_bytes >> 20} MiB, "
        f"longest {ran.watch.longest_s:.1f} s"
    )


def _sounds_foreign(ran: Ran, name: str) -> bool:
    found = list((ran.folder / "study").rglob(f"work/audio/{work_name(f'file:{name}')}.wav"))
    assert len(found) == 1
    return make_hostile.share_of_foreign_tone(audio.read_audio(found[0])) > 0.05


def test_no_process_outlives_the_run(ran: Ran) -> None:
    server = decoder()._server
    assert psutil.Process(server).children(recursive=True) == []
    decoder().close()
    assert not psutil.pid_exists(server)


def test_nothing_was_written_beside_the_study(ran: Ran) -> None:
    assert {path.name for path in ran.folder.iterdir()} == {"study", "outside"}
    assert {path.name for path in (ran.folder / "study").iterdir()} == {"clips", "outputs", "test.toml"}
    assert list(ran.folder.rglob("escaped*")) == []


@pytest.mark.parametrize("kind", ["ffconcat", "hls", "dash", "sdp", "asx", "pls", "list", "xspf", "smil", "svg", "xml"])
def test_what_names_other_files_is_no_media(ran: Ran, kind: str) -> None:
    found = [name for name in ran.attempts if name.startswith(kind)]
    assert found
    assert {reason(ran, name) for name in found} == {"not_media"}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_only_a_name(ran: Ran, name: bytes) -> None:
    assert ran.rows[name.decode()]["duration_s"] == pytest.approx(3.0, abs=0.1)


def test_a_name_that_cannot_be_stored_says_what_to_do(ran: Ran) -> None:
    found = [attempt for name, attempt in ran.attempts.items() if "not utf-8" in name]
    assert [attempt["reason"] for attempt in found] == ["file_missing"]
    assert "rename it" in found[0]["message"]


def test_links_out_of_the_folder_are_not_followed(ran: Ran) -> None:
    for name in ("link_to_foreign.wav", "link_to_link.wav"):
        assert reason(ran, name) == "skipped_policy"
        assert "link" in ran.attempts[name]["message"]
    for name in ("pipe.mp4", "socket.mp4", "link_to_zeros.mp4", "folder.mp4", "link_up.mp4", "link_to_itself.mp4"):
        assert name not in ran.attempts, "it is no file"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hour_of_silence.wav", "too_long"),
        ("ten_hours_of_silence.wav", "too_long"),
        ("nine_channels.wav", "not_media"),
        ("96_channels.wav", "not_media"),
        ("one_hertz.wav", "not_media"),
        ("four_gigahertz.wav", "not_media"),
        ("empty.mp4", "empty_file"),
        ("picture_only.mp4", "no_audio"),
        ("no_sound_bytes.mp4", "not_media"),
        ("no_tables.mp4", "not_media"),
        ("title_says_disk_full_and_broken.mp4", "not_media"),
        ("gzip_bomb.mp4", "not_media"),
    ],
)
def test_what_cannot_be_heard_says_why(ran: Ran, name: str, expected: str) -> None:
    assert reason(ran, name) == expected


@pytest.mark.parametrize(
    "name", ["four_gigabytes.wav", "title_says_disk_full.mp4", "cover_bomb.mp3", "tag_bomb.mp3", "attachment.mkv",
             "two_sounds.mp4", "cover_of_32_megabytes.mp3", "zip_behind.mp4"],
)  # fmt: skip
def test_what_is_only_strange_is_heard(ran: Ran, name: str) -> None:
    assert ran.rows[name]["duration_s"] >= 1.0


def test_a_title_cannot_pass_for_a_measurement(ran: Ran) -> None:
    plain, titled = ran.rows["two_sounds.mp4"], ran.rows["title_with_numbers.mp4"]
    assert titled["loudness_lufs"] == pytest.approx(plain["loudness_lufs"])
    assert titled["true_peak_dbtp"] == pytest.approx(plain["true_peak_dbtp"])
