"""A study file (TOML) as typed options; an unknown key or a wrong type is an error that names the key."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipeline.errors import ConfigError
from pipeline.stage import Options, Stage
from pipeline.study.filters import FilterOptions
from pipeline.study.profiles import Profile, completed
from pipeline.study.shard import Shard, digest_of
from pipeline.study.source_options import SourceOptions, labels

SCHEMA = 1  # of the study file; a file from a newer cliptone is refused
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
PARQUET = "parquet://"  # before a folder, or an address such as s3://bucket/study
NAME_BYTES, PATH_BYTES = 255, 4_000  # what file systems take
STEM_CHARACTERS = 40  # readable part of a work file's name; a digest makes it unique


class PrivacyOptions(Options):
    """What is known of people."""

    pseudonymise: bool = Field(True, description="store authors and mentions as keyed pseudonyms, never as they are")
    keep_media: bool = Field(
        True,
        description="keep fetched videos once all stages have passed or failed for good (your own are never touched)",
    )
    keep_audio: bool = Field(True, description="keep decoded audio once all stages have passed or failed for good")
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
        description="last day (as in 2028-12-31) you may keep it: `cliptone status` counts, `cliptone expire` deletes",
    )


class RayOptions(Options):
    """Where a Ray cluster is, and what a worker takes of it."""

    address: str | None = Field(
        None,
        description="auto for the cluster of this machine, or its HOST:PORT; without one, this machine alone",
    )
    cpus: float = Field(1.0, gt=0, description="cores that a worker takes")
    gpus: float = Field(1.0, gt=0, description="GPUs, or the share of one, of a worker for stages whose device is cuda")
    memory_gib: float | None = Field(None, gt=0, description="memory that is set aside for a worker, in GiB")


class RunOptions(Options):
    """How the machine is used; nothing here changes a number."""

    workers: int | Literal["auto"] = Field(
        "auto", description="worker processes: a number, auto for one a core, or 0 to work in the one process"
    )
    models_folder: str | None = Field(None, description="a folder with models of your own, one folder a model")
    engine: Literal["local", "ray"] = Field(
        "local", description='"ray" works on a Ray cluster, or on this machine through Ray (extra `ray`)'
    )
    ray: RayOptions = RayOptions()


class StudyFile(BaseModel):
    """The part of a study file that is not options of a stage."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = Field(SCHEMA, alias="schema", description="version of the study file's form")
    name: str = Field(description="name of the study: letters, digits, - and _")
    output: str | None = Field(
        None, description="folder of the results, beside this file; outputs/NAME where none is named"
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

    @property
    def labels(self) -> tuple[str, ...]:
        """What each source is called in results, in order."""
        return labels(self.sources)

    @field_validator("store")
    @classmethod
    def _known_store(cls, store: str) -> str:
        if store != "duckdb" and not store.removeprefix(PARQUET):
            raise ValueError(f"name a folder after {PARQUET}")
        if store != "duckdb" and not store.startswith(PARQUET):
            raise ValueError(f'{store!r} is neither "duckdb" nor "{PARQUET}FOLDER"')
        return store

    @model_validator(mode="after")
    def _labels_differ(self) -> StudyFile:
        label, times = Counter(self.labels).most_common(1)[0]
        if times > 1:
            raise ValueError(f"two sources are called {label!r}: give each a name of its own")
        return self


@dataclass(frozen=True)
class Study:
    """A study: what its file says, and where its results lie."""

    path: Path
    file: StudyFile
    options: Mapping[str, Options]  # by stage
    digest: str  # sha256 of the study file
    shard: Shard | None = None  # the part of it that is meant; None: all of it

    @property
    def name(self) -> str:
        """The study's name."""
        return self.file.name

    @property
    def output(self) -> Path:
        """The folder of its results: `outputs/<name>` beside the study file, unless the file names another."""
        return self.resolve(self.file.output or f"outputs/{self.name}")

    @property
    def parquet(self) -> str | None:
        """The folder, or the address, of its results as Parquet files; None: they are one DuckDB file."""
        if not self.file.store.startswith(PARQUET):
            return None
        named = self.file.store.removeprefix(PARQUET).removeprefix("file://")
        return named if "://" in named else str(self.resolve(named))

    @property
    def shards(self) -> Path:
        """The folder of shards, one folder each."""
        return self.output / "work" / "shards"

    @property
    def published(self) -> Path:
        """The database for readers, replaced as a whole when there is news."""
        return self._home / "study.duckdb"

    @property
    def working(self) -> Path:
        """The database that a run holds open."""
        return self._home / "work" / "study.duckdb"

    @property
    def _home(self) -> Path:
        """Where the databases lie: a shard has its own, while media and audio lie with those of all clips."""
        return self.shards / self.shard.folder if self.shard else self.output

    @property
    def models_folder(self) -> Path | None:
        """The folder with the user's own models, if the file names one."""
        return self.resolve(self.file.run.models_folder) if self.file.run.models_folder else None

    @property
    def downloads(self) -> Path:
        """The folder of fetched media, one folder a clip."""
        return self.output / "work" / "media"

    @property
    def audio_folder(self) -> Path:
        """The folder of decoded audio, one file a clip."""
        return self.output / "work" / "audio"

    def audio_path(self, clip_id: str) -> Path:
        """The decoded audio of a clip; its name holds nothing that a path could misread."""
        return self.audio_folder / f"{work_name(clip_id)}.wav"

    def media_path(self, clip_id: str) -> Path | None:
        """The fetched media of a clip, if it is there."""
        return next(iter(sorted((self.downloads / work_name(clip_id)).glob("media.*"))), None)

    def resolve(self, text: str) -> Path:
        """A path of the study file; relative ones start beside the file. `ConfigError` if no file can have it."""
        try:
            path = (self.path.parent / Path(text).expanduser()).absolute()
            if "\0" in text or len(os.fsencode(path)) > PATH_BYTES:
                raise ValueError("it is too long, or holds a zero character")
            if any(len(os.fsencode(part)) > NAME_BYTES for part in path.parts):
                raise ValueError("a part of it is too long")
        except (RuntimeError, ValueError) as error:  # the first: ~ of a user who is not known here
            raise ConfigError(f"{self.path.name}: {text[:80]!r} cannot be the name of a file: {error}") from error
        return path


def work_name(clip_id: str) -> str:
    """A file name for a clip, safe on every system: readable characters and a digest."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '_', clip_id)[-STEM_CHARACTERS:].strip('_')}-{digest_of(clip_id)}"


def load_study(path: Path, stages: Mapping[str, type[Stage]]) -> Study:
    """Read a study file and check every key; `ConfigError` says in one sentence what to correct."""
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError as error:
        raise ConfigError(f"there is no study file {path}: `cliptone init NAME` writes one") from error
    except (OSError, ValueError, RecursionError) as error:  # not text, not TOML, a number or a nesting without end
        raise ConfigError(f"{path} cannot be read as TOML: {error}") from error
    schema = content.get("schema", SCHEMA)
    if isinstance(schema, int) and schema > SCHEMA:
        raise ConfigError(
            f"{path} was written for a newer cliptone (schema {schema}, this one reads {SCHEMA}): upgrade it"
        )
    own = {key: value for key, value in content.items() if key not in stages}
    file = _check(StudyFile, own, path, (), extra=tuple(stages))
    if not NAME.fullmatch(file.name):
        raise ConfigError(f"{path}: the name {file.name!r} may hold letters, digits, - and _ alone")
    content = completed(content, file.profile)
    options = {name: _check(stage.Options, content.get(name, {}), path, (name,)) for name, stage in stages.items()}
    return Study(path.absolute(), file, options, hashlib.sha256(text.encode()).hexdigest())


def _check(
    model: type[BaseModel], content: object, path: Path, where: tuple[str, ...], extra: tuple[str, ...] = ()
) -> Any:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        keys = (*where, *(str(part) for part in first["loc"]))
        raise ConfigError(f"{path}: {_sentence(model, first, keys, extra)}") from error


def _sentence(model: type[BaseModel], first: Any, keys: tuple[str, ...], extra: tuple[str, ...]) -> str:
    name = ".".join(keys)
    if first["type"] == "extra_forbidden":
        valid = [*_valid_keys(model, first["loc"][:-1]), *(extra if len(first["loc"]) == 1 else ())]
        close = difflib.get_close_matches(keys[-1], valid, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        return f"unknown key {name!r}: {hint}valid keys are {', '.join(valid)}"
    if first["type"] == "missing":
        return f"the key {name!r} is missing"
    message = first["msg"].removeprefix("Value error, ")
    return f"the key {name!r} is wrong: {message[:1].lower()}{message[1:]}" if name else message


def _valid_keys(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Valid keys at a place in the file: follow the parts of the error's place that are fields with options."""
    nested: dict[str, type[BaseModel]] = {
        "sources": SourceOptions,
        "filters": FilterOptions,
        "privacy": PrivacyOptions,
        "run": RunOptions,
        "ray": RayOptions,
    }
    named = next((nested[part] for part in reversed(loc) if part in nested), model)
    return [field.alias or name for name, field in named.model_fields.items()]
