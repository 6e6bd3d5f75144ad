"""What a study has still to do: clips that a stage has not passed, and posts that wait to be fetched."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.collect.reasons import Action
from pipeline.errors import RETRYABLE, Reason
from pipeline.ledger import LAST_ATTEMPTS
from pipeline.stage import StagePlan
from pipeline.tables import Tables

#: Clips that may be worked on: not those that are known by their metadata alone, nor those that a filter keeps out.
WANTED = "kind <> 'post' AND clip_id NOT IN (SELECT clip_id FROM exclusions)"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A post that is to be fetched, with what became of it so far."""

    clip_id: str
    location: str
    reasons: tuple[str | None, ...]  # of its attempts, oldest first; None where one passed
    again_at: datetime | None  # UTC without an offset; None: at once


def pending(
    tables: Tables,
    plan: StagePlan,
    current: Mapping[str, StagePlan],
    retry_failed: bool = False,
    hopeful: Collection[str] = (),
) -> list[str]:
    """Clips that a stage has still to do, in the order of the sources.

    A clip is due when the stages it needs have passed under their current fingerprints, and this one has not;
    a failure counts as done unless its reason speaks of the moment, or `retry_failed`. `hopeful` clips are
    taken to pass the stages it needs.
    """
    sql = f"""
        SELECT clip_id FROM sources
        WHERE {WANTED} AND clip_id NOT IN (
            SELECT clip_id FROM ({LAST_ATTEMPTS})
            WHERE status = 'ok' OR (status = 'failed' AND NOT list_contains($again, reason))
        )
        ORDER BY position, clip_id
    """  # noqa: S608 - constants of this module
    again = list(Reason) if retry_failed else sorted(RETRYABLE)
    parameters = {"stage": plan.name, "fingerprint": plan.fingerprint, "again": again}
    due = [str(row[0]) for row in tables.connection.execute(sql, parameters).fetchall()]
    for need in plan.stage.needs:
        done = passed(tables, current[need])
        due = [clip_id for clip_id in due if clip_id in done or clip_id in hopeful]
    return due


def passed(tables: Tables, plan: StagePlan, among: Collection[str] | None = None) -> set[str]:
    """Clips that passed a stage under its current fingerprint, of all or of some."""
    attempts = LAST_ATTEMPTS
    parameters: dict[str, Any] = {"stage": plan.name, "fingerprint": plan.fingerprint}
    if among is not None:
        attempts = attempts.replace("WHERE stage =", "WHERE clip_id IN (SELECT unnest($ids)) AND stage =")
        parameters["ids"] = list(among)
    sql = f"SELECT clip_id FROM ({attempts}) WHERE status = 'ok'"  # noqa: S608 - constants of this module
    return {str(row[0]) for row in tables.connection.execute(sql, parameters).fetchall()}


def waiting(tables: Tables, plan: StagePlan, tools: str, retry_failed: bool = False) -> list[Waiting]:
    """Posts that are to be fetched now or at a later date, in the order of the sources.

    One on hold is due once the versions of the tools, or the cookies, are others than at its last attempt.
    """
    sql = f"""
        WITH history AS (
            SELECT
                clip_id,
                list(reason ORDER BY attempt_id) AS reasons,
                arg_max({{
                    'status': status, 'fingerprint': fingerprint, 'reason': reason, 'action': action,
                    'again_at': again_at, 'tools': tools
                }}, attempt_id) AS last
            FROM attempts WHERE stage = $stage GROUP BY clip_id
        )
        SELECT clip_id, location, coalesce(reasons, []), last
        FROM sources LEFT JOIN history USING (clip_id)
        WHERE kind = 'url' AND {WANTED}
            AND NOT coalesce(last.status = 'ok' AND last.fingerprint = $fingerprint, false)
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
