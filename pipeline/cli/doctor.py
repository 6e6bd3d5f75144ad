"""The checks behind `cliptone doctor`: what this machine has, and what to do about what it lacks."""

from __future__ import annotations

import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline.analysis.models import cache as model_cache
from pipeline.errors import CliptoneError, how_to_install
from pipeline.media import ffmpeg
from pipeline.media.sandbox.client import decoder
from pipeline.records.counted import counted
from pipeline.sources.platforms.tool_versions import OLD_DAYS, age_days
from pipeline.study.machine import cores

MIN_FREE_GIB = 5
PACKAGES = ("cliptone", "duckdb", "torch", "faster-whisper", "ctranslate2", "openai-whisper", "speechbrain")
HUB = ("huggingface.co", 443)
NETWORK_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check: `ok`, `note` (works without it) or `problem`."""

    topic: str
    state: str
    finding: str
    advice: str = ""


def check_up(folder: Path) -> Iterator[Check]:
    """Run every check in turn; one that raises an error is a problem with its message."""
    for check in (_python, _ffmpeg, _limits, _package_versions, _yt_dlp, _models, _tagger, _disk, _network, _gpu):
        try:
            yield from check(folder)
        except (CliptoneError, OSError, PackageNotFoundError) as error:
            yield Check(check.__name__.removeprefix("_"), "problem", str(error), "install cliptone again")


def _python(_: Path) -> Iterator[Check]:
    yield Check("python", "ok", f"{sys.version.split()[0]}, {cores()} cores")


def _ffmpeg(_: Path) -> Iterator[Check]:
    yield Check("ffmpeg", "ok", f"{ffmpeg.ffmpeg_version()} (the pinned one that comes with cliptone)")


def _limits(_: Path) -> Iterator[Check]:
    found = decoder().look()
    limited = "memory, time and disk limited" if found.limited else "only the time limited"
    if found.offline:
        yield Check("media files", "ok", f"read in processes without network, {limited}")
    else:
        advice = "playlists and URLs are refused all the same; Linux with user namespaces shuts the network too"
        yield Check("media files", "note", f"read in processes of their own, {limited}, with network", advice)


def _package_versions(_: Path) -> Iterator[Check]:
    yield Check("versions", "ok", ", ".join(f"{name} {version(name)}" for name in PACKAGES))


def _yt_dlp(_: Path) -> Iterator[Check]:
    found = version("yt-dlp")
    age = age_days()
    if age is not None and age > OLD_DAYS:
        advice = "platforms change and its extractors age: pip install --upgrade yt-dlp"
        yield Check("yt-dlp", "note", f"{found}, {counted(age, 'day')} old", advice)
    else:
        yield Check("yt-dlp", "ok", found)


def _models(_: Path) -> Iterator[Check]:
    for name, model in model_cache.MODELS.items():
        needed = name in ("whisper-base", "starter")
        here = model_cache.find(name) is not None
        state = "ok" if here else "problem" if needed else "note"
        yield Check(f"model {name}", state, "here" if here else "not here", "" if here else model.install_hint)


def _tagger(_: Path) -> Iterator[Check]:
    if model_cache.find("yamnet") is None and model_cache.find("ast") is None:
        advice = f"music stays unknown (NULL, no_tagger) until there is one; {how_to_install('starter')}"
        yield Check("sound tagger", "note", "none", advice)
    else:
        yield Check("sound tagger", "ok", "yamnet" if model_cache.find("yamnet") else "ast")


def _disk(folder: Path) -> Iterator[Check]:
    free = shutil.disk_usage(folder).free / 2**30
    state = "ok" if free >= MIN_FREE_GIB else "problem"
    yield Check("disk", state, f"{free:.0f} GiB free", "" if state == "ok" else "make room before a large study")


def _network(_: Path) -> Iterator[Check]:
    try:
        with socket.create_connection(HUB, timeout=NETWORK_PATIENCE_S):
            yield Check("network", "ok", "the model hub answers")
    except OSError:
        advice = "local files and the models that are here work without it"
        yield Check("network", "note", "the model hub does not answer", advice)


def _gpu(_: Path) -> Iterator[Check]:
    import torch

    if torch.cuda.is_available():
        yield Check("gpu", "ok", torch.cuda.get_device_name(0))
    else:
        yield Check("gpu", "ok", "none, and none is needed")
