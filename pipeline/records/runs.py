"""The bookkeeping of a study as rows: sources, runs, fingerprints, attempts, and changes not yet published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pipeline.records import Row, Seconds, column


@dataclass(frozen=True, slots=True)
class SourceRow(Row):
    """Where the bytes of a clip come from: kept in the working database alone, never published."""

    table: ClassVar[str] = "sources"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    position: int = column("order in which the sources list the clip", "count")
    kind: str = column("file; url, to be fetched; or post, known by its metadata alone")
    location: str = column("path of the file, or URL of the post")
    stamp: str = column("changes when the file does")
    author_alias: str | None = column(
        "pseudonym of the author's handle in lower case: by it they are found where `author_key` is that of their id",
        default=None,
    )


@dataclass(frozen=True, slots=True)
class AuthorNameRow(Row):
    """One name of an author, an id or a handle: kept in the working database alone, never published."""

    table: ClassVar[str] = "author_names"
    grain: ClassVar[tuple[str, ...]] = ("platform", "name")

    platform: str = column("the platform of the account")
    name: str = column("pseudonym of the name; the name itself where a study keeps authors as they are")
    author_key: str = column("`author_key` of all clips of whoever has this name")
    is_id: bool | None = column(
        "whether it is the platform's own id, which is one author's alone; NULL where an earlier version left that open"
    )


@dataclass(frozen=True, slots=True)
class RunRow(Row):
    """One run of a study."""

    table: ClassVar[str] = "runs"
    grain: ClassVar[tuple[str, ...]] = ("run_id",)

    run_id: int = column("number of the run in this study, from 1")
    started_at: datetime = column("when it began", "UTC")
    finished_at: datetime | None = column("when it ended; NULL while it goes on, or after a crash", "UTC")
    cliptone_version: str = column("version of cliptone")
    study_sha256: str = column("digest of the study file")
    instruction_set: str | None = column(
        "highest vector instructions of the processor, which words in int8 arithmetic depend on: X86_V3 is AVX2, "
        "X86_V4 AVX-512, AVX512_ICL with VNNI; in brackets what CTranslate2 was held to",
        default=None,
    )


@dataclass(frozen=True, slots=True)
class FingerprintRow(Row):
    """One configuration of a stage: everything that can change its numbers."""

    table: ClassVar[str] = "fingerprints"
    grain: ClassVar[tuple[str, ...]] = ("fingerprint",)

    fingerprint: str = column("hash of all that follows, and of the fingerprints of the stages it needs")
    stage: str = column("the stage")
    version: int = column("version of the stage's own code")
    options: str = column("its options", "JSON")
    models: str = column("its models, name to digest", "JSON")
    libraries: str = column("versions of libraries that can change its numbers", "JSON")
    is_current: bool = column("true when the study file of the last run gives this configuration")


@dataclass(frozen=True, slots=True)
class AttemptRow(Row):
    """One attempt of one stage on one clip; the last one under a fingerprint counts."""

    table: ClassVar[str] = "attempts"
    grain: ClassVar[tuple[str, ...]] = ("attempt_id",)

    attempt_id: int = column("number of the attempt in this study, from 1")
    run_id: int = column("the run")
    clip_id: str = column("the clip")
    stage: str = column("the stage")
    fingerprint: str = column("the configuration it ran under")
    status: str = column("ok, failed, or stale (its input changed since)")
    reason: str | None = column("why it failed: a word of the closed list")
    message: str | None = column("the same as a sentence")
    finished_at: datetime = column("when it ended", "UTC")
    seconds: Seconds = column("processing time", "s")
    action: str | None = column("what follows from a post that did not arrive: retry, hold, look_again or permanent")
    again_at: datetime | None = column("when it is tried again at the earliest; NULL if that has no date", "UTC")
    tools: str | None = column("versions of what fetched it; NULL for other stages", "JSON")


@dataclass(frozen=True, slots=True)
class TraceRow(Row):
    """The trace of an internal error, for debugging: it names files of the machine."""

    table: ClassVar[str] = "traces"
    grain: ClassVar[tuple[str, ...]] = ("attempt_id",)

    attempt_id: int = column("the attempt")
    trace: str = column("end of the trace")


@dataclass(frozen=True, slots=True)
class PublicationRow(Row):
    """The state of a study that a published file shows; the working database keeps those of the last two files."""

    table: ClassVar[str] = "publications"
    grain: ClassVar[tuple[str, ...]] = ("publication",)

    publication: int = column("number of the publication in this study, from 1")
    published_at: datetime = column("when it was published", "UTC")
    views_sha256: str = column("digest of the queries behind its views")


@dataclass(frozen=True, slots=True)
class ChangeRow(Row):
    """A table in which the rows of a clip changed, and the publication that shows it first."""

    table: ClassVar[str] = "changes"
    grain: ClassVar[tuple[str, ...]] = ("publication", "table_name", "clip_id")

    publication: int = column("number of the publication")
    table_name: str = column("the table")
    clip_id: str | None = column("the clip; NULL in tables without clips")
    is_first: bool = column("whether the clip had no rows there before, so that no older file has any")


@dataclass(frozen=True, slots=True)
class ReadingRow(Row):
    """What the sources of the study file held when they were last read, so that the same are not read again."""

    table: ClassVar[str] = "readings"
    grain: ClassVar[tuple[str, ...]] = ("stamp",)

    stamp: str = column("changes when a source does, or what reads it")
    listed: int = column("clips that they name", "count")
    rejected: int = column("rows of exports that could not be read", "count")
    notes: tuple[str, ...] | None = column("what does not fit together in them, as sentences")


@dataclass(frozen=True, slots=True)
class JudgementRow(Row):
    """The filters under which every post was judged; gone as soon as something is learnt of a post."""

    table: ClassVar[str] = "judgements"
    grain: ClassVar[tuple[str, ...]] = ("filters_sha256",)

    filters_sha256: str = column("digest of the filters, and of the configuration of the download")


@dataclass(frozen=True, slots=True)
class SoundSearchRow(Row):
    """What the shared sounds were last found in, so that they are not looked for again without need."""

    table: ClassVar[str] = "sound_searches"
    grain: ClassVar[tuple[str, ...]] = ("state",)

    state: str = column("changes with the landmarks of any clip, and with how they are compared")


#: Tables that every study has, whatever its stages; the private ones stay out of the published file.
PRIVATE_ROWS: tuple[type[Row], ...] = (
    SourceRow, AuthorNameRow, TraceRow, ChangeRow, ReadingRow, JudgementRow, SoundSearchRow,
)  # fmt: skip
LEDGER_ROWS: tuple[type[Row], ...] = (RunRow, FingerprintRow, AttemptRow, PublicationRow)
