"""Stages of tests: real in shape, cheap, and wrong on demand."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from pipeline.errors import ModelMissing, Reason, StageError
from pipeline.records import AudioRow, Clip, Row, column
from pipeline.stage import Options, Result, Setting, Stage

#: What a stage raises by the name of the trouble, and with which words.
ERRORS: dict[str, tuple[type[Exception], tuple[object, ...]]] = {
    "memory": (MemoryError, ()),
    "native memory": (RuntimeError, ("[alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory",)),
    "raise": (RuntimeError, ("a bug",)),
    "full": (OSError, (28, "No space left on device")),
}


@dataclass(frozen=True, slots=True)
class LengthRow(Row):
    """Length of a clip in half seconds."""

    table: ClassVar[str] = "lengths"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    halves: int = column("half seconds", "count")
    share: float | None = column("a number that may be unknown", "0–1")


class LengthOptions(Options):
    """Options of the fake."""

    factor: int = Field(2, description="parts of a second")
    trouble: str = Field(
        "",
        description="what to do wrong, by part of the clip's name: name=die, crash, exit, memory, raise, hang, …",
    )
    pause_s: float = Field(0.0, description="time that a clip takes")


class Length(Stage):
    """Counts, and goes wrong as its options say."""

    name: ClassVar[str] = "length"
    version: ClassVar[int] = 1
    tables = (LengthRow,)
    needs = ("audio",)
    deadline_s: ClassVar[float] = 2.0
    Options = LengthOptions
    options: LengthOptions

    def one(self, clip: Clip) -> Result:
        time.sleep(self.options.pause_s)
        trouble = dict(part.split("=") for part in self.options.trouble.split(",") if part)
        action = next((action for name, action in trouble.items() if name in clip.clip_id), "")
        if action == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if action == "crash":
            ctypes.string_at(0)
        if action == "exit":
            os._exit(3)
        if action in ERRORS:
            kind, said = ERRORS[action]
            raise kind(*said)
        if action == "hang":
            time.sleep(600)
        if action == "fail":
            return StageError(Reason.NOT_MEDIA, "cannot be read")
        if action == "network":
            return StageError(Reason.NETWORK, "no connection")
        share = float("nan") if action == "nan" else None
        return [LengthRow(clip.clip_id, round(clip.row(AudioRow).duration_s * self.options.factor), share)]


class Batched(Length):
    """The same in batches of three."""

    name: ClassVar[str] = "length"
    batch_size: ClassVar[int] = 3


class Unbuildable(Length):
    """Cannot be built."""

    def __init__(self, options: Any, setting: Setting) -> None:
        super().__init__(options, setting)
        raise ModelMissing("model 'x' is neither here nor reachable")


@dataclass(frozen=True, slots=True)
class DoubleRow(Row):
    """Twice the length."""

    table: ClassVar[str] = "doubles"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    doubled: int = column("quarters", "count")


class Double(Stage):
    """Needs what `Length` stored."""

    name: ClassVar[str] = "double"
    version: ClassVar[int] = 1
    tables = (DoubleRow,)
    needs = ("length",)

    def one(self, clip: Clip) -> Result:
        return [DoubleRow(clip.clip_id, 2 * clip.row(LengthRow).halves)]


@dataclass(frozen=True, slots=True)
class AsideRow(Row):
    """Something else about a clip."""

    table: ClassVar[str] = "asides"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")


class Aside(Stage):
    """Needs the audio, not the length."""

    name: ClassVar[str] = "aside"
    version: ClassVar[int] = 1
    tables = (AsideRow,)
    needs = ("audio",)

    def one(self, clip: Clip) -> Result:
        return [AsideRow(clip.clip_id)]
