"""The files of a study that hold something of a clip: deleted, and named by kind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.analysis.heads.head import CARD_FILE
from pipeline.privacy.byte_search import SearchTexts, files_below
from pipeline.results.evaluation.head_card import without_ids
from pipeline.results.export.coarsen import Names
from pipeline.results.export.elsewhere import ExportElsewhere, find, remembered
from pipeline.results.export.levels import Level
from pipeline.results.validation.erase import erase_clips
from pipeline.run.donors import NOTHING_DONATED, Donated
from pipeline.sources.formats.result import donation_stem
from pipeline.store.database_files import copies_beside, distinct_in_file, remove_database
from pipeline.study import binding, files
from pipeline.study.config import Study
from pipeline.study.folder import StudyFolder, work_name

MANIFEST = "manifest.json"


@dataclass
class Erased:
    """What was deleted: files by kind, and exports by the names of their folders."""

    files: Counter[str] = field(default_factory=Counter)
    exports: list[str] = field(default_factory=list)


def erase_files(
    study_folder: StudyFolder, clip_ids: Collection[str], needles: SearchTexts, donated: Donated = NOTHING_DONATED
) -> Erased:
    """Delete work files of clips, the report, and rejected rows and exports that hold something of them or of donors.

    The report shows all clips, so it goes as a whole, and is built anew on demand. Means of groups stay.
    """
    return _each_file(study_folder, clip_ids, needles, donated, files.delete)


def count_files(
    study_folder: StudyFolder, clip_ids: Collection[str], needles: SearchTexts, donated: Donated = NOTHING_DONATED
) -> Erased:
    """What `erase_files` would delete."""
    return _each_file(study_folder, clip_ids, needles, donated, files.count)


def _each_file(
    study_folder: StudyFolder,
    clip_ids: Collection[str],
    needles: SearchTexts,
    donated: Donated,
    treat: Callable[[Path], int],
) -> Erased:
    """Delete or count what holds something of clips or donors; `treat` returns the number of files."""
    erased = Erased()
    for clip_id in clip_ids:
        erased.files["audio"] += treat(study_folder.audio_path(clip_id))
        erased.files["media"] += treat(study_folder.media / work_name(clip_id))
    erased.files["report"] += treat(study_folder.report)
    erased.files["validation"] += erase_clips(study_folder, clip_ids, treat)
    stems = [donation_stem(sha256) for sha256 in donated.files]
    for path in files_below(study_folder.rejects):
        if needles.in_file(path) or any(stem in path.name for stem in stems):
            erased.files["rejected rows"] += treat(path)
    for folder in sorted(study_folder.exports.glob("*")):
        if folder.is_dir() and _is_affected(study_folder, folder, clip_ids, donated):
            erased.files["export"] += treat(folder)
            erased.exports.append(folder.name.lstrip("."))
    erased.files = +erased.files
    return erased


def clean_cards(study_folder: StudyFolder) -> tuple[str, ...]:
    """Rewrite cards of heads that an older version wrote with ids of clips; returns which, below the study's folder."""
    cleaned = []
    for path in sorted(study_folder.heads.glob(f"*/{CARD_FILE}")):
        text = path.read_text(encoding="utf-8")
        if (clean := without_ids(text)) != text:
            files.write(path, clean)
            cleaned.append(path.relative_to(study_folder.root).as_posix())
    return tuple(cleaned)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Exports in folders of the user's own: those that hold something of the forgotten, those not found."""

    affected: tuple[Path, ...] = ()
    not_found: tuple[ExportElsewhere, ...] = ()


def places_near(study: Study, more: Iterable[Path] = ()) -> tuple[Path, ...]:
    """The folders below which exports are looked for: beside the study file, here, and where the user says."""
    return (study.file.path.parent, study.file.path.parent.parent, Path.cwd(), *more)


def check_elsewhere(
    study_folder: StudyFolder,
    clip_ids: Collection[str],
    donated: Donated,
    key: bytes | None,
    beneath: Iterable[Path],
) -> Elsewhere:
    """Look into the exports that were made elsewhere, as far as they lie below these folders; nothing is deleted."""
    known = [one for one in remembered(study_folder) if one.level != Level.AGGREGATE]
    found = find(known, key, beneath, study_folder.root)
    affected = [path for path in found.values() if _is_affected(study_folder, path, clip_ids, donated)]
    return Elsewhere(tuple(sorted(affected)), tuple(one for one in known if one.path_key not in found))


def remove_published(folder: StudyFolder) -> None:
    """Delete the published database and what lies beside the working database: what is needed is rewritten."""
    for path in (folder.published, folder.published.with_suffix(".part"), *copies_beside(folder.working)):
        remove_database(path)


def _is_affected(study_folder: StudyFolder, folder: Path, clip_ids: Collection[str], donated: Donated) -> bool:
    """Whether an export holds something of a clip or a donor; one broken off, or that cannot be read, counts as if."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        level = Level(manifest["level"])
    except (OSError, ValueError, KeyError, TypeError):
        return folder.name.startswith(".") or (folder / MANIFEST).exists()
    if manifest.get("study") != study_folder.name or level is Level.AGGREGATE:
        return False
    wanted = _ids_in_export(study_folder, level, manifest, clip_ids)
    if wanted is None or any(not wanted.isdisjoint(ids) for ids in _named(folder, "clip_id")):
        return True
    return any(not donated.donor_keys.isdisjoint(keys) for keys in _named(folder, "donor_key"))


def _ids_in_export(
    folder: StudyFolder, level: Level, manifest: dict[str, Any], clip_ids: Collection[str]
) -> set[str] | None:
    """What clips are called in an export; None where the key that tells is gone."""
    if level is Level.IDS_ONLY:
        return set(clip_ids)
    path = binding.state(folder).path
    if not path.exists():
        return None
    names = Names(path.read_bytes(), str(manifest.get("ids", "")))
    return {names.file(clip_id) if level is Level.RESTRICTED else names.clip(clip_id) for clip_id in clip_ids}


def _named(folder: Path, column: str) -> Iterator[set[str]]:
    """What each table of an export names in a column: its clips, or donors."""
    for path in (*sorted(folder.glob("*.parquet")), *sorted(folder.glob("*.csv"))):
        yield distinct_in_file(path, column)
