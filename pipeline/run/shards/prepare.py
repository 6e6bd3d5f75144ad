"""Shards of a study: what a run of one needs before it begins, and how far those are that lie beside each other.

A shard works on the clips whose ids fall into it, in a database of its own; media and audio lie with those of all
clips, each under the name of its clip. What the whole study has found and done before is its start: so pages are
listed, and posts best fetched, by one run of the whole study first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from pipeline.errors import UserError
from pipeline.records import Seconds
from pipeline.records.runs import FingerprintRow, RunRow
from pipeline.run.shards.transfer import carry
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.sources.platforms.rate_limit import PACES
from pipeline.sources.post_urls import short_link_url
from pipeline.stage import Stage, StagePlan
from pipeline.store import pending
from pipeline.store.connect import read_only
from pipeline.store.pending import Mark
from pipeline.store.short_links import unfollowed_links
from pipeline.store.store import Store
from pipeline.store.tables import Tables
from pipeline.study import binding
from pipeline.study.config import Study
from pipeline.study.folder import StudyFolder
from pipeline.study.lock import held
from pipeline.study.shard import Shard, shard_of_folder

BEGIN_S: Seconds = 120.0  # shards of an array begin at the same moment, one after the other
KEY_DIGEST = "key.sha256"  # of the pseudonym key that all shards share


def part_of(study: Study, shard: Shard) -> Study:
    """A study as one of its shards; all of them together ask a platform no more often than one run would."""
    options = study.file.options["download"]
    assert isinstance(options, DownloadOptions)  # noqa: S101 - for the type checker
    paces = {
        name: (least * shard.count, most * shard.count) for name, (least, most) in {**PACES, **options.paces}.items()
    }
    slower = options.model_copy(update={"paces": paces})
    return study.of_shard(shard).with_options("download", slower)


def prepare(study: Study) -> None:
    """See that a run may begin: of a shard, or of the whole study, which no shard may run beside.

    `StudyBusy` if one does; `UserError` where the study cannot be split, or this machine has another pseudonym key than
    that of the shards before.
    """
    if study.folder.shard is None:
        for shard in shards_of(study.folder):
            if database_of(study, shard).exists():
                with held(study.of_shard(shard).folder):
                    pass
        return
    _refuse_what_shards_cannot(study.of_shard(None))
    study.folder.shards.mkdir(parents=True, exist_ok=True)
    with FileLock(study.folder.shards / "begin.lock", timeout=BEGIN_S):  # one shard at a time makes a key
        check_key(study.folder, binding.key_of(study))


def begin(study: Study, stages: Sequence[type[Stage]], key: bytes | None) -> None:
    """Give a shard what the whole study knows of its clips, with the shard's lock held; nothing for a whole study.

    `StoreError` while a run holds the whole study.
    """
    whole = study.of_shard(None)
    if study.folder.shard is None or not whole.folder.working.exists():
        return
    with Store(study.folder.working, stages) as store:
        carry(store, whole.folder.working, stages, key, study.folder.shard)


def refuse_unfollowed_links(study: Study, store: Store) -> None:
    """Raise `UserError` where a shard holds short links that were never followed: another shard may own the post."""
    if study.folder.shard is not None and any(map(short_link_url, unfollowed_links(store).values())):
        raise UserError(
            f"{study.file.path.name} names short links, which one run follows for all shards: first run "
            f"`cliptone run {study.file.path.name} --stage download`"
        )


def check_key(folder: StudyFolder, key: bytes | None) -> None:
    """Raise `UserError` if shards of this study were run under another pseudonym key; note it for the first."""
    digest = hashlib.sha256(key or b"").hexdigest()
    path = folder.shards / KEY_DIGEST
    if not path.exists():
        path.write_text(digest, encoding="ascii")
    elif path.read_text(encoding="ascii") != digest:
        raise UserError(
            f"this machine has another pseudonym key for {folder.name!r} than the shards that ran before: set "
            "CLIPTONE_KEYS to one folder that all machines read"
        )


def _refuse_what_shards_cannot(whole: Study) -> None:
    if whole.file.filters.sample is not None:
        raise UserError(
            f"{whole.file.path.name} draws a sample from all posts, which no shard knows: run it without --shard"
        )
    if any(source.listing for source in whole.file.sources) and not whole.folder.working.exists():
        raise UserError(
            f"{whole.file.path.name} lists pages, which one run does for all shards: first run "
            f"`cliptone run {whole.file.path.name} --stage download`"
        )
    if whole.file.run.engine == "ray":
        raise UserError("a shard works on its own machine: run it with --engine local")


# ------------------------------------------------------------ how far they are


@dataclass(frozen=True, slots=True)
class ShardState:
    """What one shard has done so far."""

    shard: Shard
    runs: int
    study_sha256: str | None  # of its last run
    fingerprints: Mapping[str, str]  # by stage
    not_tried: int  # clips that a stage could run on and has not


def shards_of(folder: StudyFolder) -> list[Shard]:
    """The shards that were begun, in order."""
    folders = folder.shards.iterdir() if folder.shards.is_dir() else ()
    return sorted(shard for path in folders if (shard := shard_of_folder(path.name)) is not None)


def own_work(study_folder: StudyFolder, folder: Path) -> list[Path]:
    """What lies in a folder of work files and is this run's to delete; of a study with shards each knows its part."""
    if not folder.is_dir() or (study_folder.shard is None and shards_of(study_folder)):
        return []
    return [path for path in folder.iterdir() if study_folder.shard is None or study_folder.shard.holds_work(path.name)]


def refuse_while_split(study: Study) -> None:
    """Raise `UserError` while shards hold copies of clips: nothing could be forgotten for good."""
    if shards_of(study.folder):
        raise UserError(
            f"the shards of {study.file.name!r} hold copies of its clips: first `cliptone merge {study.file.path.name} "
            "--remove --yes`"
        )


def state_of(study: Study, shard: Shard, plans: Sequence[StagePlan]) -> ShardState | None:
    """How far a shard is; None if it has no database yet. `StudyBusy` while it runs."""
    path = database_of(study, shard)
    if not path.exists():
        return None
    with held(study.of_shard(shard).folder), read_only(path) as tables:
        return _read_state(tables, shard, plans)


def _read_state(tables: Tables, shard: Shard, plans: Sequence[StagePlan]) -> ShardState:
    runs = tables.read(RunRow)
    current = {row.stage: row.fingerprint for row in tables.read(FingerprintRow) if row.is_current}
    left = pending.unfinished(tables, plans).values()
    not_tried = sum(any(_could_run(plan, states) for plan in plans) for states in left)
    return ShardState(shard, len(runs), runs[-1].study_sha256 if runs else None, current, not_tried)


def _could_run(plan: StagePlan, states: Mapping[str, Mark]) -> bool:
    return states[plan.name] is Mark.STALE and all(states[need] is Mark.DONE for need in plan.stage.needs)


def database_of(study: Study, shard: Shard) -> Path:
    """The working database of a shard."""
    return study.folder.of_shard(shard).working
