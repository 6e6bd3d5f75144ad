"""What a study has still to do: clips that a stage has not passed, and posts that wait to be fetched."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from pipeline.errors import RETRYABLE, Reason
from pipeline.sources.platforms.failures import Action
from pipeline.stage import StagePlan
from pipeline.store.schema import quoted
from pipeline.store.tables import Tables

#: Clips that may be worked on: not those that are known by their metadata alone, nor those that a filter keeps out.
WANTED = "kind <> 'post' AND clip_id NOT IN (SELECT clip_id FROM exclusions)"
#: Clips whose last attempt at a stage passed under the given fingerprint. One under another has put other rows in
#: place, so an older success under this one no longer counts.
PASSED = "SELECT clip_id FROM last_attempts WHERE stage = $stage AND fingerprint = $fingerprint AND status = 'ok'"

#: Clips whose last attempt at the audio found no sound, and that have a caption: stages that read captions run on those
#: all the same, without what was said.
CAPTION_ALONE = """
    SELECT clip_id FROM last_attempts JOIN clips USING (clip_id)
    WHERE stage = 'audio' AND status = 'failed' AND reason = 'no_audio' AND caption IS NOT NULL
"""


class Mark(IntEnum):
    """What became of a clip's last attempt at a stage: two bits beside the number of the attempt."""

    STALE = 0  # under another fingerprint, or its input changed since; or none was made
    DONE = 1
    FAILED = 2
    AGAIN = 3  # failed for a reason that speaks of the moment: the next run tries again


@dataclass(frozen=True, slots=True)
class Waiting:
    """A post that is to be fetched, with what became of it so far."""

    clip_id: str
    location: str
    reasons: tuple[str | None, ...]  # of its attempts, oldest first; None where one passed
    again_at: datetime | None  # UTC without an offset; None: at once


@dataclass(frozen=True, slots=True)
class Seen:
    """A post that was fetched, with what earlier checks of it showed."""

    clip_id: str
    location: str
    reasons: tuple[str | None, ...]  # oldest first; None where it was public


def marks(plans: Sequence[StagePlan]) -> str:
    """SQL of one row a clip with the last attempt of each stage, `last_0` and so on, NULL without one.

    Its number times 4, and what became of it under the stage's current fingerprint. The view `last_attempts` says the
    same; of all stages and clips at once, one pass over numbers alone takes a third of its time.
    """
    lines = (f"({quoted(plan.name)}, {quoted(plan.fingerprint)}, {n})" for n, plan in enumerate(plans))
    last = (f"max(mark) FILTER (number = {n}) AS last_{n}" for n in range(len(plans)))
    again = ", ".join(map(quoted, sorted(RETRYABLE)))
    return f"""
        WITH plans(stage, current, number) AS (VALUES {", ".join(lines)}),
        marked AS (
            SELECT clip_id, number, attempt_id * 4 + CASE
                WHEN fingerprint <> current THEN {Mark.STALE}
                WHEN status = 'ok' THEN {Mark.DONE}
                WHEN status = 'failed' AND reason IN ({again}) THEN {Mark.AGAIN}
                WHEN status = 'failed' THEN {Mark.FAILED}
                ELSE {Mark.STALE} END AS mark
            FROM attempts JOIN plans USING (stage)
        )
        SELECT clip_id, {", ".join(last)} FROM marked GROUP BY clip_id
    """  # noqa: S608 - our own names and numbers


def unfinished(tables: Tables, plans: Sequence[StagePlan]) -> dict[str, dict[str, Mark]]:
    """Clips that have not passed every stage, in the order of the sources: what became of them, by stage."""
    states = ", ".join(f"coalesce(last_{n} % 4, {Mark.STALE}) AS state_{n}" for n in range(len(plans)))
    left = " OR ".join(f"state_{n} <> {Mark.DONE}" for n in range(len(plans)))
    sql = f"""
        SELECT clip_id, {states} FROM sources LEFT JOIN ({marks(plans)}) USING (clip_id)
        WHERE {WANTED} AND ({left})
        ORDER BY position, clip_id
    """  # noqa: S608 - our own names and numbers
    names = [plan.name for plan in plans]
    found = tables.connection.execute(sql).fetchall()
    return {str(row[0]): dict(zip(names, map(Mark, row[1:]), strict=True)) for row in found}


def caption_alone(tables: Tables, left: Mapping[str, Mapping[str, Mark]]) -> set[str]:
    """Clips that are known to have no sound under the current configuration, and have a caption."""
    return {name for name in tables.texts(CAPTION_ALONE) if left.get(name, {}).get("audio") is Mark.FAILED}


def pending(
    left: Mapping[str, Mapping[str, Mark]],
    plan: StagePlan,
    retry_failed: bool = False,
    hopeful: Collection[str] = (),
    caption_alone: Collection[str] = (),
) -> list[str]:
    """Clips that a stage has still to do, of those that are `left`, in their order.

    A clip is due when the stages it needs have passed under their current fingerprints, and this one has not;
    a failure counts as done unless its reason speaks of the moment, or `retry_failed`. `hopeful` clips are
    taken to pass the stages it needs; those of `caption_alone` may lack them where the stage reads captions, and come
    again where they are hopeful.
    """
    over = {Mark.DONE} if retry_failed else {Mark.DONE, Mark.FAILED}
    silent = caption_alone if plan.stage.uses_caption else ()
    return [
        clip_id
        for clip_id, states in left.items()
        if (states[plan.name] not in over or (clip_id in silent and clip_id in hopeful))
        and (clip_id in silent or all(states[need] is Mark.DONE or clip_id in hopeful for need in plan.stage.needs))
    ]


def failed_before(tables: Tables, plans: Sequence[StagePlan], run_id: int) -> dict[str, int]:
    """By reason, how many clips failed a stage in a run before this one, under its current fingerprint and for good."""
    last = ", ".join(f"last_{n}" for n in range(len(plans)))
    sql = f"""
        WITH last AS (
            SELECT unnest([{last}]) AS mark
            FROM ({marks(plans)}) SEMI JOIN (SELECT clip_id FROM sources WHERE {WANTED}) USING (clip_id)
        )
        SELECT attempts.reason, count(*)
        FROM last JOIN attempts ON attempts.attempt_id = last.mark // 4
        WHERE last.mark % 4 IN ({Mark.FAILED}, {Mark.AGAIN}) AND attempts.run_id < $run_id
        GROUP BY attempts.reason
    """  # noqa: S608 - our own names and numbers
    found = tables.connection.execute(sql, {"run_id": run_id}).fetchall()
    return {str(reason): int(count) for reason, count in found if reason != Reason.EXCLUDED}


def passed(tables: Tables, plan: StagePlan, among: Collection[str] | None = None) -> set[str]:
    """Clips that passed a stage under its current fingerprint, of all or of some."""
    sql, parameters = PASSED, {"stage": plan.name, "fingerprint": plan.fingerprint}
    if among is None:
        return tables.texts(sql, parameters)
    return tables.texts(f"{sql} AND clip_id IN (SELECT unnest($ids))", {**parameters, "ids": list(among)})


def passed_under_another_file(tables: Tables, plan: StagePlan, study_sha256: str, run_id: int) -> set[str]:
    """Clips that passed a stage before the study file became what it is now; all, if the run before had another."""
    before = "(SELECT max_by(study_sha256, run_id) FROM runs WHERE run_id < $run_id)"
    sql = f"{PASSED} AND ({before} <> $now OR run_id IN (SELECT run_id FROM runs WHERE study_sha256 <> $now))"  # noqa: S608 - constants
    parameters = {"stage": plan.name, "fingerprint": plan.fingerprint, "now": study_sha256, "run_id": run_id}
    return tables.texts(sql, parameters)


def tried_since_last_end(tables: Tables) -> set[str]:
    """Clips that a stage was tried on since the last run that ended, this one and those that were broken off."""
    sql = """
        SELECT DISTINCT clip_id FROM attempts
        WHERE run_id > (SELECT coalesce(max(run_id), 0) FROM runs WHERE finished_at IS NOT NULL)
    """
    return tables.texts(sql)


def of_kind(tables: Tables, kind: str, among: Collection[str]) -> set[str]:
    """Those of some clips whose bytes come from a file, a URL, or nowhere."""
    sql = "SELECT clip_id FROM sources WHERE kind = $kind AND clip_id IN (SELECT unnest($ids))"
    return tables.texts(sql, {"kind": kind, "ids": list(among)})


def known(tables: Tables, platform: str) -> set[str]:
    """All clips of a platform."""
    sql = "SELECT clip_id FROM clips WHERE platform = $platform"
    return tables.texts(sql, {"platform": platform})


def waiting(tables: Tables, plan: StagePlan, tools: str, retry_failed: bool = False) -> list[Waiting]:
    """Posts that are to be fetched now or at a later date, in the order of the sources.

    One on hold is due once the versions of the tools, or the cookies, are others than at its last attempt.
    """
    sql = f"""
        WITH due AS (
            SELECT clip_id, location, position FROM sources
            WHERE kind = 'url' AND {WANTED} AND clip_id NOT IN ({PASSED})
        ),
        history AS (
            SELECT clip_id, list(reason ORDER BY attempt_id) AS reasons
            FROM attempts SEMI JOIN due USING (clip_id)
            WHERE stage = $stage GROUP BY clip_id
        ),
        last AS (
            SELECT clip_id, {{
                'status': status, 'fingerprint': fingerprint, 'reason': reason, 'action': action,
                'again_at': again_at, 'tools': tools
            }} AS attempt
            FROM last_attempts WHERE stage = $stage
        )
        SELECT clip_id, location, coalesce(reasons, []), attempt
        FROM due LEFT JOIN history USING (clip_id) LEFT JOIN last USING (clip_id)
        ORDER BY position, clip_id
    """  # noqa: S608 - constants of this module
    parameters = {"stage": plan.name, "fingerprint": plan.fingerprint}
    found = tables.connection.execute(sql, parameters).fetchall()
    return [
        Waiting(clip_id, location, tuple(reasons), _date(last) if not retry_failed else None)
        for clip_id, location, reasons, last in found
        if retry_failed or _comes_again(last, plan.fingerprint, tools)
    ]


def next_position(tables: Tables) -> int:
    """The place in the order of clips for one that is found now."""
    return 1 + tables.number("SELECT coalesce(max(position), -1) FROM sources")


def next_listing(tables: Tables) -> int:
    """The number of a listing that is made now."""
    return 1 + tables.number("SELECT coalesce(max(listing_id), 0) FROM listings")


def to_look_at(tables: Tables, limit: int) -> list[Seen]:
    """Fetched posts that have not vanished, the ones that were not looked at for the longest time first."""
    sql = """
        WITH looks AS (
            SELECT
                clip_id,
                max(looked_at) AS last,
                list(reason ORDER BY looked_at) AS reasons,
                bool_or(state = 'vanished') AS gone
            FROM visibility GROUP BY clip_id
        )
        SELECT clips.clip_id, coalesce(sources.location, clips.url), coalesce(looks.reasons, [])
        FROM clips
        JOIN sources USING (clip_id)
        LEFT JOIN looks USING (clip_id)
        WHERE clips.kind = 'url' AND NOT coalesce(looks.gone, false)
        ORDER BY looks.last NULLS FIRST, sources.position, clips.clip_id
        LIMIT $limit
    """
    found = tables.connection.execute(sql, {"limit": limit}).fetchall()
    return [Seen(clip_id, location, tuple(reasons)) for clip_id, location, reasons in found]


def _comes_again(last: Mapping[str, Any] | None, fingerprint: str, tools: str) -> bool:
    """Whether another attempt follows by itself, now or later."""
    if last is None or last["status"] != "failed" or last["fingerprint"] != fingerprint:
        return True
    if last["action"] == Action.HOLD:
        return bool(last["tools"] != tools)
    if last["action"] is None:
        return last["reason"] in RETRYABLE
    return last["again_at"] is not None or last["reason"] == Reason.EXCLUDED


def _date(last: Mapping[str, Any] | None) -> datetime | None:
    return last["again_at"] if last and last["status"] == "failed" else None


def locations(tables: Tables, clip_ids: Sequence[str]) -> dict[str, str]:
    """Where the bytes of these clips come from."""
    sql = "SELECT clip_id, location FROM sources WHERE clip_id IN (SELECT unnest($ids))"
    return dict(tables.connection.execute(sql, {"ids": list(clip_ids)}).fetchall())
