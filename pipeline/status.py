"""How far a study is: each stage's clips done, failed by reason, pending and not reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.collect.options import DownloadOptions
from pipeline.collect.pace import PACES
from pipeline.config import Study
from pipeline.errors import RETRYABLE
from pipeline.ledger import LAST_ATTEMPTS
from pipeline.reader import StudyReader
from pipeline.records import Seconds
from pipeline.run import plan_stages, setting_of
from pipeline.stage import Stage
from pipeline.stages import STAGES

#: Clips that are to be analysed: not those known by their metadata alone, nor those that a filter keeps out.
WANTED = "SELECT clip_id FROM clips WHERE kind <> 'post' AND clip_id NOT IN (SELECT clip_id FROM exclusions)"
FETCH_S: Seconds = 3.0  # what a post takes beside the pause before it, until the study itself knows better


@dataclass(frozen=True, slots=True)
class StageStatus:
    """Clips of one stage under the study file as it stands; the four groups add up to all clips."""

    stage: str
    done: int
    failed: dict[str, int]  # by reason; the ones that the next run tries again are also pending work
    pending: int
    not_reached: int


def study_status(study: Study, stages: Sequence[type[Stage]] = STAGES) -> list[StageStatus]:
    """Status of every stage, from the published file: it never disturbs a run."""
    reader = StudyReader(study.published)
    clips = {row["clip_id"] for row in reader.arrow(WANTED, {}).to_pylist()}
    passed: dict[str, set[str]] = {}
    found: list[StageStatus] = []
    for plan in plan_stages(study, setting_of(study), stages):
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


def time_left(study: Study) -> dict[str, Seconds]:
    """By platform, how long the posts that can be fetched now will take at its pace, pauses of the site left out."""
    options = study.options["download"]
    assert isinstance(options, DownloadOptions)  # noqa: S101 - for the type checker
    reader = StudyReader(study.published)
    sql = """
        SELECT platform, count(*) AS posts,
            (SELECT median(seconds) FROM attempts WHERE stage = 'download' AND tools IS NOT NULL) AS seconds
        FROM collection
        WHERE state = 'not_yet' OR (state = 'waiting' AND again_at <= now()::TIMESTAMP + INTERVAL 1 HOUR)
        GROUP BY platform
    """
    rows = reader.arrow(sql, {}).to_pylist()
    reader.close()
    paces = {**PACES, **options.paces}
    return {
        row["platform"]: row["posts"] * (sum(paces[row["platform"]]) / 2 + (row["seconds"] or FETCH_S))
        for row in rows
        if row["platform"] in paces
    }


def retryable(failed: dict[str, int]) -> int:
    """How many failures the next run tries again."""
    return sum(count for reason, count in failed.items() if reason in RETRYABLE)
