"""Clips that crash a whole run: they are counted like those that cost workers, and quarantined after as many."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from pipeline.errors import Reason
from pipeline.records import Outcome
from pipeline.run.executors.crash_marker import count, read_unfinished
from pipeline.run.executors.local import TRIES
from pipeline.stage import StagePlan
from pipeline.store.store import Store


def count_crash(store: Store, path: Path, plans: Sequence[StagePlan]) -> None:
    """Store that the last run crashed on a clip, inside a run; of a batch, each clip runs by itself next time."""
    left = read_unfinished(path)
    if left is None or not left.is_crash or left.is_counted:
        return
    plan = next((plan for plan in plans if plan.fingerprint == left.fingerprint), None)
    if plan is not None and len(left.clip_ids) == 1:
        clip_id = left.clip_ids[0]
        times = 1 + _crashes(store, plan, clip_id)
        reason = Reason.QUARANTINED if times >= TRIES else Reason.WORKER_DIED
        store.save(
            plan, Outcome(clip_id, (), reason, f"{clip_id}: the whole run crashed on it, {times} times in a row")
        )
    count(path, left)


def _crashes(store: Store, plan: StagePlan, clip_id: str) -> int:
    """How many of the last attempts on a clip in a row ended its process."""
    return sum(
        1 for _ in takewhile(lambda reason: reason == Reason.WORKER_DIED, reversed(store.reasons(plan, clip_id)))
    )
