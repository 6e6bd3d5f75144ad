"""The bookkeeping of a study as rows: sources, runs, fingerprints and attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pipeline.records import Row, Seconds, column

#: The state of each clip at one stage: its last attempt, if that was under the given fingerprint. An attempt under
#: another one has put other rows in place, so an older success under this one no longer counts.
LAST_ATTEMPTS = """
    SELECT clip_id, status, reason
    FROM (
        SELECT
            clip_id,
            arg_max(status, attempt_id) AS status,
            arg_max(reason, attempt_id) AS reason,
            arg_max(fingerprint, attempt_id) AS fingerprint
        FROM attempts WHERE stage = $stage GROUP BY clip_id
    )
    WHERE fingerprint = $fingerprint
"""


@dataclass(frozen=True, slots=True)
class SourceRow(Row):
    """Where the bytes of a clip come from: kept in the working database alone, never published."""

    table: ClassVar[str] = "sources"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    position: int = column("order in which the sources list the clip", "count")
    kind: str = column("file; url, to be fetched; or post, known by its metadata alone")
    location: str = column("path of the file, or address of the post")
    stamp: str = column("changes when the file does")


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
    """The trace of an internal error, for whoever mends it: it names files of the machine."""

    table: ClassVar[str] = "traces"
    grain: ClassVar[tuple[str, ...]] = ("attempt_id",)

    attempt_id: int = column("the attempt")
    trace: str = column("end of the trace")


#: Tables that every study has, whatever its stages; the private ones stay out of the published file.
PRIVATE_ROWS: tuple[type[Row], ...] = (SourceRow, TraceRow)
LEDGER_ROWS: tuple[type[Row], ...] = (RunRow, FingerprintRow, AttemptRow)
