"""How far a study is: each stage's clips done, failed by reason, pending and not reached."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pipeline.config import Study
from pipeline.errors import RETRYABLE
from pipeline.ledger import LAST_ATTEMPTS
from pipeline.reader import StudyReader
from pipeline.run import plan_stages, setting_of


@dataclass(frozen=True, slots=True)
class StageStatus:
    """Clips of one stage under the study file as it stands; the four groups add up to all clips."""

    stage: str
    done: int
    failed: dict[str, int]  # by reason; the ones that the next run tries again are also pending work
    pending: int
    not_reached: int


def study_status(study: Study) -> list[StageStatus]:
    """Status of every stage, from the published file: it never disturbs a run."""
    reader = StudyReader(study.published)
    clips = {row["clip_id"] for row in reader.arrow("SELECT clip_id FROM clips", {}).to_pylist()}
    passed: dict[str, set[str]] = {}
    found: list[StageStatus] = []
    for plan in plan_stages(study, setting_of(study)):
        last = reader.arrow(LAST_ATTEMPTS, {"stage": plan.name, "fingerprint": plan.fingerprint}).to_pylist()
        states = {row["clip_id"]: tuple(row.values())[1:] for row in last}
        ready = set.intersection(clips, *(passed[need] for need in plan.stage.needs))
        passed[plan.name] = {clip_id for clip_id, (status, _) in states.items() if status == "ok"} & ready
        failed = Counter(
            str(reason) for clip_id, (status, reason) in states.items() if status == "failed" and clip_id in ready
        )
        pending = len(ready) - len(passed[plan.name]) - failed.total()
        found.append(
            StageStatus(plan.name, len(passed[plan.name]), dict(failed.most_common()), pending, len(clips - ready))
        )
    reader.close()
    return found


def retryable(failed: dict[str, int]) -> int:
    """How many failures the next run tries again."""
    return sum(count for reason, count in failed.items() if reason in RETRYABLE)
