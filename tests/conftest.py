"""Fixtures that many tests share: small media, a small study, and the demo study run once."""

from __future__ import annotations

import os
import shutil
import subprocess
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.speech.ctranslate2_engine import CTranslate2Engine
from pipeline.analysis.speech.encoder import WhisperEncoder
from pipeline.analysis.speech.openai_engine import OpenAIEngine
from pipeline.media import audio, ffmpeg
from pipeline.records import Clip, Outcome, Source
from pipeline.run.executors import isolated_call
from pipeline.run.executors.platform_lanes import LaneState
from pipeline.stages import BY_NAME
from pipeline.study import binding
from pipeline.study.config import Study, load_study
from pipeline.study.demo.study import SHIPPED
from pipeline.study.folder import StudyFolder
from pipeline.study.machine import cores
from tests.support.command import cliptone
from tests.support.small_study import SmallStudy

pytest_plugins = ["tests.faults.fault_table", "tests.support.fault_fixtures"]

# What isolated calls of tests need is imported once for all of them too, as what calls of a run need is.
isolated_call.PRELOAD += ["tests.support.platform.crowd", "yt_dlp.extractor.extractors"]

# hypothesis takes constants out of every module that is there, and those that SpeechBrain loads late fail at that.
providers._get_local_constants = lambda: providers._local_constants
# The same examples every time, however slow the machine is.
settings.register_profile(
    "tests", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tests")

# Two workers on two cores: one thread each, in this process too.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """As many processes as this one may use cores: pytest-xdist counts those that share a core once."""
    return cores()


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this session share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Pseudonym keys of tests in a folder of their own."""
    folder = tmp_path_factory.mktemp("keys")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIPTONE_KEYS", str(folder))
        yield folder


def write_wav(path: Path, waveform: np.ndarray, sample_rate: int = audio.SAMPLE_RATE) -> Path:
    """A mono 16-bit WAV file of a waveform between -1 and 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes((np.clip(waveform, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture
def tone_wav(tmp_path: Path) -> Callable[..., Path]:
    """A maker of WAV files with a sine tone."""

    def make(name: str = "tone.wav", seconds: float = 2.0, amplitude: float = 0.5, rate: int = 16_000) -> Path:
        times = np.arange(int(seconds * rate)) / rate
        return write_wav(tmp_path / name, amplitude * np.sin(2 * np.pi * 440 * times), rate)

    return make


def run_ffmpeg(*arguments: str) -> None:
    """Run the pinned ffmpeg to make a test file."""
    subprocess.run([ffmpeg.ffmpeg_path(), "-nostdin", "-v", "error", "-y", *arguments], check=True)


def make_clip(media_path: Path, work: Path, clip_id: str = "file:test.wav") -> Clip:
    """A clip of a local file, before any stage."""
    return Clip(clip_id, Source("file", str(media_path), ""), media_path, work / "audio" / "test.wav")


def write_study(folder: Path, body: str, name: str = "test") -> Path:
    """A study file of the given sections."""
    path = folder / f"{name}.toml"
    path.write_text(f'schema = 1\nname = "{name}"\n{body}', encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def weights() -> Path:
    """The Whisper base weights, or a skip that says how to have them."""
    folder = model_cache.find("whisper-base")
    if folder is None:
        pytest.skip(f"no Whisper weights on this machine: {model_cache.get('whisper-base').install_hint}")
    return folder


@pytest.fixture(scope="session")
def whisper(weights: Path) -> CTranslate2Engine:
    """The fast speech engine as it ships."""
    return CTranslate2Engine()


@pytest.fixture(scope="session")
def reference_whisper(weights: Path) -> OpenAIEngine:
    """The speech engine that the fast one is measured by."""
    return OpenAIEngine()


@pytest.fixture(scope="session")
def whisper_encoder(weights: Path) -> WhisperEncoder:
    """The speech encoder as it ships."""
    return WhisperEncoder(weights)


class Collecting:
    """An observer that remembers what it saw."""

    def __init__(self) -> None:
        self.total = 0
        self.stages: list[str] = []
        self.outcomes: list[tuple[str, Outcome]] = []
        self.skipped = 0
        self.lanes: list[LaneState] = []

    def begin(self, clips: int, steps: int) -> None:
        self.total = steps

    def more(self, clips: int, steps: int) -> None:
        self.total += steps

    def stage(self, name: str) -> None:
        self.stages.append(name)

    def lane(self, state: LaneState) -> None:
        self.lanes.append(state)

    def step(self, stage: str, outcome: Outcome, skipped: int) -> None:
        self.outcomes.append((stage, outcome))
        self.skipped += skipped


@pytest.fixture(scope="session")
def small_study() -> Iterator[SmallStudy]:
    """One for all tests of a process: to make its views takes longer than most tests."""
    made = SmallStudy()
    yield made
    made.connection.close()


@pytest.fixture
def study(small_study: SmallStudy) -> SmallStudy:
    """A small study of known numbers, empty but for what a test adds."""
    small_study.empty()
    return small_study


@pytest.fixture(scope="session")
def demo(session_folder: Path, weights: Path, keys: Path) -> Study:
    """The demo study, run once in a session, whichever process needs it first; nothing may change it.

    What `cliptone demo` said stands in `said.txt` beside the results.
    """
    folder, key = session_folder / "demo", session_folder / "demo.key"
    with FileLock(session_folder / "demo.lock"):
        if not key.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a run that failed
            if not (keys / "demo.studies.json").exists():  # so that no test's own demo has a key of this name
                (keys / "demo.studies.json").write_text('{"/elsewhere": {"id": "", "study_file": null}}')
            ended = cliptone("demo", str(folder), cwd=session_folder)
            assert ended.returncode == 0, ended.stderr
            (folder / "said.txt").write_text(ended.stdout, encoding="utf-8")
            shutil.copy(binding.state(StudyFolder("demo", folder)).path, key)
    shutil.copy(key, binding.state(StudyFolder("demo", folder)).path)
    return load_study(folder / "demo.toml", BY_NAME)


@pytest.fixture
def demo_copy(demo: Study, tmp_path: Path) -> Study:
    """A copy of the demo study with its results, to be changed."""
    shutil.copytree(demo.folder.root, tmp_path / "demo")
    return load_study(tmp_path / "demo" / "demo.toml", BY_NAME)


@pytest.fixture(scope="session")
def demo_clips() -> Path:
    """The folder of clips that ship with the demo."""
    return SHIPPED / "clips"
