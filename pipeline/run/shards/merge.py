"""Shards of a study merged: their clips are copied into the study's own database, which is then published."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from pipeline.errors import UserError
from pipeline.records.counted import counted
from pipeline.run.batch_writer import follow_choice
from pipeline.run.exclusions import apply_filters
from pipeline.run.ingest import take_sources
from pipeline.run.plan import plan_stages, setting_of
from pipeline.run.progress import RunSummary
from pipeline.run.shards.prepare import ShardState, check_key, database_of, shards_of, state_of
from pipeline.run.shards.transfer import carry
from pipeline.run.shared_sounds import find_sounds
from pipeline.stage import Stage, StagePlan
from pipeline.stages import STAGES
from pipeline.store.store import Store
from pipeline.study.config import Study, StudyFile
from pipeline.study.folder import StudyFolder
from pipeline.study.lock import held
from pipeline.study.shard import Shard


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge brought together."""

    shards: int  # that were there
    count: int  # that the study was split into
    clips: int  # that came over: new here, or worked on later than here
    gaps: tuple[str, ...]  # what was missing, as sentences; empty unless a partial merge was asked for


def merge(study: Study, partial: bool = False, stages: Sequence[type[Stage]] = STAGES) -> Merged:
    """Merge the shards of a study into its working database and publish it; the same again changes nothing.

    `UserError` where there are none, some are missing or unfinished (unless `partial`), or they come from another study
    file or configuration; `StudyBusy` while one of them, or the study itself, runs.
    """
    begun = shards_of(study.folder)
    if not begun:
        raise UserError(
            f"{study.file.name} has no shards: `cliptone run {study.file.path.name} --shard 1/4` begins one of four"
        )
    setting = setting_of(study)
    plans = plan_stages(study.file, setting, stages)
    with held(study.folder):
        check_key(study.folder, setting.key)
        states = {shard: state_of(study, shard, plans) for shard in _all_of(study.folder, begun)}
        here = [state for state in states.values() if state is not None]
        for state in here:
            _refuse_another(study.file, state, plans)
        gaps = tuple(_gap(shard, state) for shard, state in states.items() if state is None or _is_behind(state))
        if gaps and not partial:
            raise UserError(f"{'; '.join(gaps)}: finish them, or merge what is there with --partial")
        clips = _unite(study, [state.shard for state in here], plans, stages)
        _publish(study, plans, stages)
    return Merged(len(here), len(states), clips, gaps)


def remove_shards(study: Study) -> None:
    """Delete the shards' databases; media and audio lie elsewhere and stay. `StudyBusy` while one runs."""
    with held(study.folder):
        for shard in shards_of(study.folder):
            with held(study.of_shard(shard).folder):
                pass
        shutil.rmtree(study.folder.shards, ignore_errors=True)


def _all_of(folder: StudyFolder, begun: Sequence[Shard]) -> list[Shard]:
    """Every shard of the split that was begun; `UserError` if there are two splits."""
    counts = sorted({shard.count for shard in begun})
    if len(counts) > 1:
        raise UserError(
            f"shards of {counts[0]} and of {counts[1]} lie in {folder.shards}: delete the folders of those that you do "
            "not mean"
        )
    return [Shard(counts[0], number) for number in range(1, counts[0] + 1)]


def _refuse_another(file: StudyFile, state: ShardState, plans: Sequence[StagePlan]) -> None:
    """Raise `UserError` for a shard that was not run as this study file and this machine would run it."""
    again = f"run it again: `cliptone run {file.path.name} --shard {state.shard.number}/{state.shard.count}`"
    if state.runs and state.study_sha256 != file.digest:
        raise UserError(f"shard {state.shard} was run with another {file.path.name} than the one that is here: {again}")
    for plan in plans:
        if state.runs and state.fingerprints.get(plan.name) != plan.fingerprint:
            raise UserError(
                f"shard {state.shard} ran the stage {plan.name} with other models or versions than this machine has: "
                f"install the same everywhere, then {again}"
            )


def _is_behind(state: ShardState) -> bool:
    return not state.runs or state.not_tried > 0


def _gap(shard: Shard, state: ShardState | None) -> str:
    if state is None or not state.runs:
        return f"shard {shard} has not run"
    return f"shard {shard} has {counted(state.not_tried, 'clip')} to do"


def _unite(study: Study, shards: Sequence[Shard], plans: Sequence[StagePlan], stages: Sequence[type[Stage]]) -> int:
    """Read the sources as a run of the whole study does, then take over what the shards made of their clips."""
    key = plans[0].setting.key
    with Store(study.folder.working, stages) as store:
        take_sources(study, store, key, None, RunSummary())
        return sum(carry(store, database_of(study, shard), stages, key, shard) for shard in shards)


def _publish(study: Study, plans: Sequence[StagePlan], stages: Sequence[type[Stage]]) -> None:
    with Store(study.folder.working, stages) as store:  # anew: numbers of attempts go on after those that came over
        follow_choice(study.folder, store)
        store.begin_run(version("cliptone"), study.file.digest, plans)
        apply_filters(store, study.file.filters, plans[0])
        find_sounds(store)
        store.end_run()
        if store.unpublished or not study.folder.published.exists():
            store.publish(study.folder.published)
