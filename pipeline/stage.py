"""The contract of a stage: a batch of clips in, exactly one result per clip out, in order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from pipeline.errors import StageError
from pipeline.records import Clip, ClipRow, ObservationRow, Row

FINGERPRINT_CHARACTERS = 16  # 64 bits: enough to tell the configurations of one study apart

#: What a stage returns for one clip: its rows, or why there are none.
Result = Sequence[Row] | StageError


class Options(BaseModel):
    """Options of a stage, checked once; each field's description is its comment in a study file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Setting:
    """What a stage may know of the machine: where models lie, and the study's own folders."""

    models_folder: Path | None = None
    key: bytes | None = None  # pseudonym key; None when the study keeps author ids
    heads_folder: Path | None = None  # heads trained on the study's own labels, one folder a head
    download_folder: Path | None = None
    study_folder: Path | None = None  # where the study file lies: paths in options start there
    keeps_out: Callable[[ClipRow, ObservationRow | None], tuple[str, str] | None] | None = None  # the study's filters


class Stage:
    """One step from clips to rows; a subclass is one file in `stages/` and one line in its registry.

    A stage is built once in each worker and called many times. It may raise `StageError` only by returning it;
    any other exception is caught at the executor's boundary and stored as `internal_error`.
    """

    name: ClassVar[str]
    version: ClassVar[int]  # raise it when the same options give other numbers
    tables: ClassVar[tuple[type[Row], ...]]
    needs: ClassVar[tuple[str, ...]] = ()  # earlier stages, whose rows come with each clip
    uses_audio: ClassVar[bool] = False  # reads `Clip.audio_path`
    #: Reads `Clip.caption`: a changed caption makes it run again, and where a clip has a caption and no sound it runs
    #: without the rows of the stages that it needs.
    uses_caption: ClassVar[bool] = False
    batch_size: ClassVar[int] = 1
    deadline_s: ClassVar[float] = 300.0  # for one clip; beyond it the worker is killed
    packages: ClassVar[tuple[str, ...]] = ()  # distributions whose version can change its numbers
    neutral: ClassVar[frozenset[str]] = frozenset()  # options that change no number, so nothing runs again for them
    Options: ClassVar[type[Options]] = Options

    def __init__(self, options: Any, setting: Setting) -> None:
        self.options = options
        self.setting = setting

    def __call__(self, batch: Sequence[Clip]) -> list[Result]:
        """Map clips to results, in order."""
        return [self.one(clip) for clip in batch]

    def one(self, clip: Clip) -> Result:
        """Map one clip; stages that gain nothing from batches implement only this."""
        raise AssertionError(f"{type(self).__name__} implements neither __call__ nor one")

    @classmethod
    def reads_audio(cls, options: Any) -> bool:
        """Whether it reads `Clip.audio_path` under these options."""
        return cls.uses_audio

    @classmethod
    def models(cls, options: Any, setting: Setting) -> tuple[str, ...]:
        """Names of the models it will load, for the fingerprint and for fetching them before any work."""
        return ()

    @classmethod
    def own_models(cls, options: Any, setting: Setting) -> dict[str, str]:
        """Digests, by name, of models that belong to the study itself, which no catalogue lists and nothing fetches."""
        return {}

    @classmethod
    def libraries(cls, options: Any, setting: Setting) -> dict[str, str]:
        """Versions of the libraries that can change its numbers, found without importing them."""
        return {package: version(package) for package in cls.packages}


@dataclass(frozen=True, slots=True)
class StagePlan:
    """A stage as one study runs it: its class, its options, and the fingerprint of all that can change its numbers."""

    stage: type[Stage]
    options: Options
    setting: Setting
    models: dict[str, str]  # name to digest
    libraries: dict[str, str]  # name to version
    fingerprint: str

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.stage.name


def plan_stage(
    stage: type[Stage], options: Options, setting: Setting, models: dict[str, str], needed: Mapping[str, str]
) -> StagePlan:
    """A stage's plan; `needed` gives the fingerprints of the stages it needs, whose changes change its own."""
    libraries = stage.libraries(options, setting)
    content = {
        "stage": stage.name,
        "version": stage.version,
        "options": options.model_dump(mode="json", exclude=set(stage.neutral)),
        "models": models,
        "libraries": libraries,
        "needs": {name: needed[name] for name in stage.needs},
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    fingerprint = hashlib.sha256(text.encode()).hexdigest()[:FINGERPRINT_CHARACTERS]
    return StagePlan(stage, options, setting, models, libraries, fingerprint)
