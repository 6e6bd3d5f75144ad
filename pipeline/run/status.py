"""How far a study is: each stage's clips done, failed by reason, pending and not reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import RETRYABLE
from pipeline.records import Seconds
from pipeline.run.plan import plan_stages, setting_of
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.sources.platforms.rate_limit import PACES
from pipeline.stage import Stage, StagePlan
from pipeline.stages import STAGES
from pipeline.store.pending import CAPTION_ALONE, Mark, marks
from pipeline.store.reader import ResultsReader
from pipeline.store.schema import quoted
from pipeline.study.config import Study

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
    plans = plan_stages(study.file, setting_of(study, reads_only=True), stages)
    with ResultsReader(study.folder.published) as reader:
        rows = reader.arrow(_counting(plans), {}).to_pylist()
    found: list[StageStatus] = []
    for plan in plans:
        here = {(row["state"], row["reason"]): row["clips"] for row in rows if row["stage"] == plan.name}
        failed = {str(reason): clips for (state, reason), clips in here.items() if state == "failed"}
        done, pending, not_reached = (here.get((state, None), 0) for state in ("done", "pending", "not_reached"))
        found.append(StageStatus(plan.name, done, failed, pending, not_reached))
    return found


def _counting(plans: Sequence[StagePlan]) -> str:
    """SQL that counts clips by stage, state and reason."""
    numbers = {plan.name: number for number, plan in enumerate(plans)}
    through, tallies = [], []
    for plan, n in zip(plans, numbers.values(), strict=True):
        ready = " AND ".join(["true", *(f"done_{numbers[need]}" for need in plan.stage.needs)])
        if plan.stage.uses_caption and "audio" in numbers:
            ready = f"(({ready}) OR coalesce(is_silent AND last_{numbers['audio']} % 4 = {Mark.FAILED}, false))"
        through.append(f"{ready} AS ready_{n}, ready_{n} AND coalesce(last_{n} % 4 = {Mark.DONE}, false) AS done_{n}")
        tallies.append(f"""
            SELECT
                {quoted(plan.name)} AS stage,
                count(*) AS clips,
                CASE
                    WHEN NOT ready_{n} THEN 'not_reached'
                    WHEN done_{n} THEN 'done'
                    WHEN last_{n} % 4 IN ({Mark.FAILED}, {Mark.AGAIN}) THEN 'failed'
                    ELSE 'pending'
                END AS state,
                CASE WHEN state = 'failed' THEN last_{n} // 4 END AS attempt_id
            FROM passed GROUP BY ALL
        """)  # noqa: S608 - our own names and numbers
    return f"""
        WITH passed AS MATERIALIZED (
            SELECT *, {", ".join(through)}
            FROM ({WANTED})
            LEFT JOIN ({marks(plans)}) USING (clip_id)
            LEFT JOIN (SELECT clip_id, true AS is_silent FROM ({CAPTION_ALONE})) USING (clip_id)
        ),
        tallies AS ({" UNION ALL ".join(tallies)}),
        failures AS (SELECT attempt_id, reason FROM attempts WHERE status = 'failed')
        SELECT stage, state, reason, sum(clips)::BIGINT AS clips
        FROM tallies LEFT JOIN failures USING (attempt_id)
        GROUP BY ALL ORDER BY clips DESC, reason
    """  # noqa: S608 - our own names and numbers


def time_left(study: Study) -> dict[str, Seconds]:
    """By platform, how long the posts that can be fetched now will take at its pace, pauses of the site left out."""
    options = study.file.options["download"]
    assert isinstance(options, DownloadOptions)  # noqa: S101 - for the type checker
    sql = """
        SELECT platform, count(*) AS posts,
            (SELECT median(seconds) FROM attempts WHERE stage = 'download' AND tools IS NOT NULL) AS seconds
        FROM collection
        WHERE state = 'not_yet' OR (state = 'waiting' AND again_at <= now()::TIMESTAMP + INTERVAL 1 HOUR)
        GROUP BY platform
    """
    with ResultsReader(study.folder.published) as reader:
        rows = reader.arrow(sql, {}).to_pylist()
    paces = {**PACES, **options.paces}
    return {
        row["platform"]: row["posts"] * (sum(paces[row["platform"]]) / 2 + (row["seconds"] or FETCH_S))
        for row in rows
        if row["platform"] in paces
    }


def retryable(failed: dict[str, int]) -> int:
    """How many failures the next run tries again."""
    return sum(count for reason, count in failed.items() if reason in RETRYABLE)
