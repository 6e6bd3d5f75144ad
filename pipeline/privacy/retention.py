"""Retention: what a study deletes permanently, by class, once the last day on which it may be kept is past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from pipeline.errors import StoreError, UserError
from pipeline.privacy.byte_search import files_below
from pipeline.privacy.erase_files import remove_published
from pipeline.records import ClipRow
from pipeline.records.counted import counted
from pipeline.results.validation.erase import made_of
from pipeline.run.shards.prepare import refuse_while_split
from pipeline.run.stored_text import SPOKEN, WRITTEN, drop_spoken, drop_written
from pipeline.stage import Stage
from pipeline.stages import STAGES
from pipeline.store.compact import rebuild
from pipeline.store.publish.parquet import chosen
from pipeline.store.publish.parquet_files import ParquetFolder
from pipeline.store.reader import ResultsReader
from pipeline.store.store import Store
from pipeline.study import binding, files, keys
from pipeline.study.config import Study
from pipeline.study.folder import StudyFolder
from pipeline.study.lock import held
from pipeline.study.retention_day import days_left

#: What can be deleted, the least first; the key last, since nothing can be told of anybody without it.
Class = Literal["media", "audio", "text", "key", "everything"]
CLASSES: dict[Class, str] = {
    "media": "fetched videos",
    "audio": "decoded audio, and the sound of samples for coders",
    "text": "captions, transcripts, the report, and exports but for means of groups",
    "key": "the pseudonym key: nobody can be found by a handle any more, and no new posts are accepted",
    "everything": "all results and the key; the audit log and the receipts stay",
}


@dataclass(frozen=True, slots=True)
class Due:
    """What one class comes to."""

    what: Class
    meaning: str
    files: int
    bytes: int
    texts: int | None = None  # in the database; None for classes that hold none there, or where it cannot be read


def due(folder: StudyFolder, classes: Sequence[Class]) -> list[Due]:
    """What expiring these classes would delete; nothing is changed. `text` also changes the database itself."""
    found = []
    for one in classes:
        files = [path for place in _places(folder, one) for path in (files_below(place) if place.is_dir() else [place])]
        sizes = [path.stat().st_size for path in files if path.exists()]
        if one == "everything" and (place := _elsewhere(folder)):
            sizes += [file["size"] for file in place.filesystem.find(place.root, detail=True).values()]
        texts = _stored_texts(folder) if one in ("text", "everything") else None
        found.append(Due(one, CLASSES[one], len(sizes), sum(sizes), texts))
    return found


def expire(
    study: Study, classes: Sequence[Class], today: date | None = None, stages: Sequence[type[Stage]] = STAGES
) -> list[Due]:
    """Delete these classes permanently, once the day is past; returns what they came to.

    Raises `UserError` before the end of `retain_until` or without one, and while shards hold copies of clips;
    `StudyBusy` if a run holds the study.
    """
    left = days_left(study.file, today)
    if left is None:
        raise UserError(f"{study.file.path.name} names no day: write retain_until = 2028-12-31 under [privacy]")
    if left >= 0:
        until = study.file.privacy.retain_until
        raise UserError(f"{study.file.name} may be kept until {until}: {counted(left, 'day is', 'days are')} left")
    with held(study.folder):
        refuse_while_split(study)
        key = binding.key_name(study.folder)  # before the note of it goes too
        if {"key", "everything"}.intersection(classes):
            binding.refuse_if_shared(study.folder)
        found = due(study.folder, classes)
        for one in sorted(classes, key=list(CLASSES).index):
            if one == "everything" and (
                elsewhere := _elsewhere(study.folder)
            ):  # before the note of where that is goes too
                elsewhere.filesystem.rm(elsewhere.root, recursive=True)
            for place in _places(study.folder, one) if one != "key" else ():
                files.delete(place)
            if one == "text" and study.folder.working.exists():
                _drop_texts(study.folder, stages)
            if one in ("key", "everything") and keys.key_state(key).state == "here":
                keys.destroy_key(key)
    return found


def _places(folder: StudyFolder, one: Class) -> list[Path]:
    """The files and folders of a class."""
    if one == "media":
        return [folder.media]
    if one == "audio":
        return [folder.audio, *folder.validation.glob("*/media"), *_pages(folder)]
    if one == "text":
        exports = [path for path in sorted(folder.exports.glob("*")) if not path.name.endswith("-aggregate")]
        return [folder.report, folder.rejects, *exports, *_pages(folder)]
    if one == "key":
        return [binding.state(folder).path]
    kept = (folder.audit_log, folder.audit_end, folder.receipts, folder.work, folder.lock)
    return [path for path in (*sorted(folder.root.glob("*")), *sorted(folder.work.glob("*"))) if path not in kept]


def _pages(folder: StudyFolder) -> list[Path]:
    """Pages of samples, which hold sound and words."""
    return [path for place in sorted(folder.validation.glob("*")) for path in made_of(place)]


def _elsewhere(folder: StudyFolder) -> ParquetFolder | None:
    """Where the results lie as Parquet files outside the study's folder; in such a folder nothing else lies."""
    choice = chosen(folder.working)
    place = ParquetFolder(choice.url) if choice else None
    if place is None or (place.is_local and Path(place.root).is_relative_to(folder.root)):
        return None
    found = place.manifest()
    return place if found is not None and found.study == folder.name else None


def _stored_texts(folder: StudyFolder) -> int | None:
    """How many captions, names of sounds and texts of what was said the published results hold."""
    columns = [("clips", name) for name in WRITTEN] + [(kind.table, "text") for kind in SPOKEN]
    counts = (f"SELECT count({name}) AS texts FROM {table}" for table, name in columns)  # noqa: S608 - our own names
    try:
        with ResultsReader(folder.published) as reader:
            ((texts,),) = reader.rows(f"SELECT sum(texts)::BIGINT FROM ({' UNION ALL '.join(counts)})")  # noqa: S608
    except (StoreError, UserError):  # nothing is published yet, or by a version that had other tables
        return None
    return int(texts)


def _drop_texts(folder: StudyFolder, stages: Sequence[type[Stage]]) -> None:
    """Drop what was said and written in the database, and rewrite it, so that no byte of it is left."""
    with Store(folder.working, stages) as store:
        clip_ids = [row.clip_id for row in store.tables.read(ClipRow)]
        drop_spoken(store, clip_ids)
        drop_written(store, clip_ids)
    rebuild(folder.working)
    remove_published(folder)
    with Store(folder.working, stages) as store:
        with store.change():
            store.tables.forget_publications([])
        store.publish(folder.published)
