"""Rows, attempts and clips of a working database against each other: clips whose rows are not as they should be."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.records import Row
from pipeline.store.tables import Tables

#: Not the view `last_attempts`: a clip marked stale keeps its rows and its file until the stage runs again on it.
WHEN_RUN = """
    SELECT clip_id, arg_max(status, attempt_id) AS status
    FROM attempts WHERE stage = $stage AND status <> 'stale' GROUP BY clip_id
"""
PASSED = "SELECT clip_id FROM last_attempts WHERE stage = $stage AND status = 'ok'"

UNEARNED = f"""
    WITH last AS ({WHEN_RUN})
    SELECT DISTINCT clip_id FROM {{table}} LEFT JOIN last USING (clip_id) WHERE coalesce(last.status, '') <> 'ok'
"""  # noqa: S608 - constants
MISSING = f"SELECT clip_id FROM ({PASSED}) ANTI JOIN {{table}} USING (clip_id)"  # noqa: S608 - constants
TWICE = f"""
    SELECT clip_id FROM {{table}} SEMI JOIN ({PASSED}) USING (clip_id)
    GROUP BY clip_id, {{grain}} HAVING count(*) > 1
"""  # noqa: S608 - constants
KEPT = f"SELECT clip_id FROM ({WHEN_RUN}) WHERE status = 'ok'"  # noqa: S608 - constants
MEDIA = f"""
    SELECT clip_id, sha256, size_bytes, file_name, sources.kind, location
    FROM media JOIN sources USING (clip_id) SEMI JOIN ({PASSED}) USING (clip_id) ORDER BY clip_id
"""  # noqa: S608 - constants
AUDIO = f"""
    SELECT clip_id, duration_s, audio_sha256 FROM audio SEMI JOIN ({PASSED}) USING (clip_id) ORDER BY clip_id
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """The media file of a clip, as its row says."""

    clip_id: str
    sha256: str
    size_bytes: int
    file_name: str
    kind: str  # of its source
    location: str


@dataclass(frozen=True, slots=True)
class StoredAudio:
    """The decoded audio of a clip, as its row says."""

    clip_id: str
    duration_s: float
    sha256: str | None


def unearned(tables: Tables, stage: str, kind: type[Row]) -> list[str]:
    """Clips with rows of a stage that did not pass when it last ran on them."""
    return sorted(tables.texts(UNEARNED.format(table=kind.table), {"stage": stage}))


def missing(tables: Tables, stage: str, kind: type[Row]) -> list[str]:
    """Clips that passed a stage at their last attempt, and have no row in its table."""
    return sorted(tables.texts(MISSING.format(table=kind.table), {"stage": stage}))


def twice(tables: Tables, stage: str, kind: type[Row]) -> list[str]:
    """Clips that passed a stage at their last attempt, and have two rows where there is to be one."""
    return sorted(tables.texts(TWICE.format(table=kind.table, grain=", ".join(kind.grain)), {"stage": stage}))


def without_clip(tables: Tables, table: str) -> list[str]:
    """Clips that a table names and `clips` does not have."""
    return sorted(tables.texts(f"SELECT clip_id FROM {table} ANTI JOIN clips USING (clip_id)"))  # noqa: S608


def unlisted(tables: Tables) -> list[str]:
    """Clips that no source lists."""
    return sorted(tables.texts("SELECT clip_id FROM clips ANTI JOIN sources USING (clip_id)"))


def unbooked(tables: Tables, table: str, column: str) -> list[str]:
    """Clips with an attempt that names something which a table of the ledger does not have."""
    return sorted(tables.texts(f"SELECT clip_id FROM attempts ANTI JOIN {table} USING ({column})"))  # noqa: S608


def with_file(tables: Tables, stage: str) -> set[str]:
    """Clips that passed a stage when it last ran on them: their file belongs to them."""
    return tables.texts(KEPT, {"stage": stage})


def media(tables: Tables) -> list[StoredMedia]:
    """The media of all clips that passed the download."""
    return [StoredMedia(*row) for row in tables.connection.execute(MEDIA, {"stage": "download"}).fetchall()]


def audio(tables: Tables) -> list[StoredAudio]:
    """The audio of all clips that were decoded."""
    return [StoredAudio(*row) for row in tables.connection.execute(AUDIO, {"stage": "audio"}).fetchall()]
