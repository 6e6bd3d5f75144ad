"""A study file (TOML) as typed options; an unknown key or a wrong type is an error that names the key."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.errors import ConfigError
from pipeline.stage import Options, Stage
from pipeline.study.filters import FilterOptions
from pipeline.study.folder import StudyFolder, results_of
from pipeline.study.identity import refuse_another_file
from pipeline.study.key_values import misfits
from pipeline.study.mistakes import misfit, sentence
from pipeline.study.profiles import Profile, completed
from pipeline.study.shard import Shard
from pipeline.study.source_options import SourceOptions, labels

SCHEMA = 1  # of the study file; a file from a newer cliptone is refused
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
PARQUET = "parquet://"  # before a folder, or a URL such as s3://bucket/study
NAME_BYTES, PATH_BYTES = 255, 4_000  # what file systems take


class PrivacyOptions(Options):
    """What is known of people."""

    pseudonymise: bool = Field(True, description="store authors and mentions as keyed pseudonyms, never as they are")
    keep_media: bool = Field(
        True,
        description="keep fetched videos once all stages have passed or failed permanently (never your own files)",
    )
    keep_audio: bool = Field(True, description="keep decoded audio once all stages have passed or failed permanently")
    transcripts: Literal["keep", "redact", "drop"] = Field(
        "keep",
        description="what was said, once no stage is left for the clip: keep, redact (numbers, addresses and handles; "
        "names stay), or drop",
    )
    vanished: Literal["keep", "delete_media", "forget"] = Field(
        "keep", description="what `cliptone recheck` does with posts that are no longer public"
    )
    retain_until: date | None = Field(
        None,
        examples=[date(2028, 12, 31)],
        description="last day to keep the data, as in 2028-12-31: `cliptone status` counts, `cliptone expire` deletes",
    )


class RayOptions(Options):
    """Where a Ray cluster is, and what a worker takes of it."""

    address: str | None = Field(
        None,
        examples=["auto"],
        description="auto for the cluster of this machine, or its HOST:PORT; without one, this machine alone",
    )
    cpus: float = Field(1.0, gt=0, description="cores that a worker takes")
    gpus: float = Field(1.0, gt=0, description="GPUs, or the share of one, of a worker for stages whose device is cuda")
    memory_gib: float | None = Field(
        None, examples=[4.0], gt=0, description="memory that is set aside for a worker, in GiB"
    )


class RunOptions(Options):
    """How the machine is used; nothing here changes a number."""

    workers: int | Literal["auto"] = Field(
        "auto", description="worker processes: a number, auto for one a core, or 0 to work in the one process"
    )
    models_folder: str | None = Field(
        None, examples=["models"], description="a folder with models of your own, one folder a model"
    )
    engine: Literal["local", "ray"] = Field(
        "local", description='"ray" works on a Ray cluster, or on this machine through Ray (extra `ray`)'
    )
    ray: RayOptions = RayOptions()


class StudyContent(BaseModel):
    """The part of a study file that is not options of a stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = Field(SCHEMA, alias="schema", description="version of the study file's form")
    name: str = Field(examples=["my-study"], description="name of the study: letters, digits, - and _")
    output: str | None = Field(
        None,
        examples=["results/first"],
        description="folder of the results, beside this file; outputs/NAME where none is named",
    )
    profile: Profile = Field(
        "balanced",
        description="what accuracy may cost: balanced, reference (slow, Whisper as it was trained) or fast (a few more "
        "wrong words)",
    )
    store: str = Field(
        "duckdb",
        description='"duckdb", or "parquet://FOLDER", "parquet://s3://bucket/study": results as Parquet files',
    )
    sources: tuple[SourceOptions, ...] = Field(min_length=1)
    filters: FilterOptions = FilterOptions()
    privacy: PrivacyOptions = PrivacyOptions()
    run: RunOptions = RunOptions()

    @field_validator("store")
    @classmethod
    def _known_store(cls, store: str) -> str:
        if store != "duckdb" and not store.removeprefix(PARQUET):
            raise ValueError(f"name a folder after {PARQUET}")
        if store != "duckdb" and not store.startswith(PARQUET):
            raise ValueError(f'{store!r} is neither "duckdb" nor "{PARQUET}FOLDER"')
        return store

    @model_validator(mode="after")
    def _labels_differ(self) -> StudyContent:
        label, times = Counter(labels(self.sources)).most_common(1)[0]
        if times > 1:
            raise ValueError(f"two sources are called {label!r}: give each a name of its own")
        return self


@dataclass(frozen=True)
class StudyFile:
    """What a study asks for: its file, read and checked."""

    path: Path
    content: StudyContent
    options: Mapping[str, Options]  # by stage
    digest: str  # sha256 of the file

    @property
    def name(self) -> str:
        """The study's name."""
        return self.content.name

    @property
    def sources(self) -> tuple[SourceOptions, ...]:
        """Where its clips come from."""
        return self.content.sources

    @property
    def labels(self) -> tuple[str, ...]:
        """What each source is called in results, in order."""
        return labels(self.sources)

    @property
    def filters(self) -> FilterOptions:
        """Which posts stay out."""
        return self.content.filters

    @property
    def privacy(self) -> PrivacyOptions:
        """What is known of people."""
        return self.content.privacy

    @property
    def run(self) -> RunOptions:
        """How the machine is used."""
        return self.content.run

    @property
    def models_folder(self) -> Path | None:
        """The folder with the user's own models, if the file names one."""
        return self.resolve(self.run.models_folder) if self.run.models_folder else None

    def folder(self) -> StudyFolder:
        """Where its results lie: `outputs/NAME` beside the file, unless the file names another folder."""
        return StudyFolder(
            self.name, self.resolve(self.content.output or results_of(self.name)), parquet=self._parquet()
        )

    def _parquet(self) -> str | None:
        if not self.content.store.startswith(PARQUET):
            return None
        named = self.content.store.removeprefix(PARQUET).removeprefix("file://")
        return named if "://" in named else str(self.resolve(named))

    def resolve(self, text: str) -> Path:
        """A path from the study file, relative to its folder; `ConfigError` if no file can have that name."""
        try:
            path = (self.path.parent / Path(text).expanduser()).absolute()
            if "\0" in text or len(os.fsencode(path)) > PATH_BYTES:
                raise ValueError("it is too long, or holds a zero character")
            if any(len(os.fsencode(part)) > NAME_BYTES for part in path.parts):
                raise ValueError("a part of it is too long")
        except (RuntimeError, ValueError) as error:  # RuntimeError: ~ of an unknown user
            raise ConfigError(f"{self.path.name}: {text[:80]!r} cannot be the name of a file: {error}") from error
        return path


@dataclass(frozen=True)
class Study:
    """A study: what it asks for, and where its files lie; functions take the part that they need."""

    file: StudyFile
    folder: StudyFolder

    def with_options(self, stage: str, options: Options) -> Study:
        """The same study with other options of one stage."""
        return replace(self, file=replace(self.file, options={**self.file.options, stage: options}))

    def with_run(self, options: RunOptions) -> Study:
        """The same study on another engine, or with other workers."""
        return replace(self, file=replace(self.file, content=self.file.content.model_copy(update={"run": options})))

    def of_shard(self, shard: Shard | None) -> Study:
        """The same study for one shard, or with None for all of it."""
        return replace(self, folder=self.folder.of_shard(shard))


def load_study(path: Path, stages: Mapping[str, type[Stage]]) -> Study:
    """Read a study file and check every key; `ConfigError` says in one sentence what to correct."""
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError as error:
        raise ConfigError(f"there is no study file {path}: `cliptone init NAME` writes one") from error
    except (OSError, ValueError, RecursionError) as error:  # not UTF-8, not TOML, too large a number, too deep
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error
    schema = content.get("schema", SCHEMA)
    if isinstance(schema, int) and schema > SCHEMA:
        raise ConfigError(
            f"{path} was written for a newer cliptone (schema {schema}, this one reads {SCHEMA}): upgrade it"
        )
    own = {key: value for key, value in content.items() if key not in stages}
    own_content = _validated(StudyContent, own, path, (), extra=tuple(stages))
    if not NAME.fullmatch(own_content.name):
        raise ConfigError(f"{path}: the name {own_content.name!r} may hold letters, digits, - and _ alone")
    content = completed(content, own_content.profile)
    options = {name: _validated(stage.Options, content.get(name, {}), path, (name,)) for name, stage in stages.items()}
    file = StudyFile(path.absolute(), own_content, options, hashlib.sha256(text.encode()).hexdigest())
    folder = file.folder()
    refuse_another_file(folder, file.path)
    return Study(file, folder)


def _validated(
    model: type[BaseModel], content: object, path: Path, where: tuple[str, ...], extra: tuple[str, ...] = ()
) -> Any:
    found = next(misfits(model, content), None)
    if found is not None:
        raise ConfigError(f"{path}: {misfit(model, where, found[0], found[1])}")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ConfigError(f"{path}: {sentence(model, where, error.errors()[0], extra)}") from error
