"""The study's filters applied to what is stored: each post that they exclude is a row with its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.metadata import version

from pipeline.records import ClipRow, ExclusionRow, ObservationRow
from pipeline.records.runs import JudgementRow
from pipeline.sources.filters import PostFilter
from pipeline.stage import StagePlan
from pipeline.store.store import Store
from pipeline.store.tables import now
from pipeline.study.filters import FilterOptions

RULES = 2  # rises when the same filters judge the same posts otherwise


def apply_filters(store: Store, filters: FilterOptions, plan: StagePlan) -> int:
    """Judge every post, store what changed, and return how many are excluded; `plan` is that of the download.

    A post that was fetched before stays in a sample, whatever is found later. Where nothing was learnt of any post
    since, the last judgement stands.
    """
    judged_by = f"{version('cliptone')} {RULES} {filters.model_dump_json()} {plan.fingerprint}"
    digest = hashlib.sha256(judged_by.encode()).hexdigest()
    with store.uninterrupted_lock():
        known = {row.clip_id: row for row in store.tables.read(ExclusionRow)}
        if store.tables.read(JudgementRow) == [JudgementRow(digest)] or (filters == FilterOptions() and not known):
            return len(known)
        found = _judge(store, filters, plan)
        gone = [name for name, row in known.items() if name not in found or found[name].rule != row.rule]
        fresh = [row for name, row in found.items() if name not in known or known[name].rule != row.rule]
        with store.change():
            store.tables.delete(ExclusionRow, gone)
            store.tables.insert(fresh)
            store.tables.forget_judgement()
            store.tables.insert([JudgementRow(digest)])
        return len(found)


def _judge(store: Store, filters: FilterOptions, plan: StagePlan) -> dict[str, ExclusionRow]:
    clips = store.tables.read(ClipRow)
    counts = latest_counts(store, None)
    decided = now().replace(tzinfo=None)
    judge = PostFilter(filters)
    found: dict[str, ExclusionRow] = {}
    for clip in clips:
        verdict = judge.keeps_out(clip, counts.get(clip.clip_id))
        if verdict is not None:
            found[clip.clip_id] = ExclusionRow(clip.clip_id, *verdict, decided)
    left = [clip for clip in clips if clip.clip_id not in found]
    settled = store.passed(plan) if filters.sample is not None else set()
    # Apart, so that posts known by their metadata alone take no place of one that is to be analysed.
    for among in ([clip for clip in left if clip.kind != "post"], [clip for clip in left if clip.kind == "post"]):
        for clip_id, message in judge.not_drawn(among, settled).items():
            found[clip_id] = ExclusionRow(clip_id, "sample", message, decided)
    return found


def latest_counts(store: Store, clip_ids: Sequence[str] | None) -> dict[str, ObservationRow]:
    """The last counts of each post."""
    rows = store.tables.read(ObservationRow, clip_ids)  # in the order of their times
    return {row.clip_id: row for row in rows}
