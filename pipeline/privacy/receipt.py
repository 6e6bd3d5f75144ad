"""What shows that people were forgotten: the texts to look for, and the receipt, which names nobody."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline.privacy.byte_search import MIN_BYTES
from pipeline.privacy.subjects import SubjectMatches
from pipeline.store import forgotten_texts
from pipeline.store.tables import Tables
from pipeline.study import files
from pipeline.study.folder import StudyFolder, work_name

MIN_ID_CHARACTERS = 8  # of a post's id by itself
MIN_TEXT_BYTES = 24  # of a caption or a phrase: a shorter one is nobody's own

#: What nobody but the forgotten can stand for: found anywhere, something is left.
OWN = ("clip id", "work file", "author key", "donor key", "donated file")

#: What a study cannot reach, for whoever has to tell the person.
NOT_REACHED = (
    "backups and snapshots of this disk, and what a solid-state disk keeps of overwritten blocks",
    "folders of Parquet files where the study was published before `store` in its file named another place",
    "exports and reports that were handed on, and exports that an earlier version wrote into other folders",
    "outputs of notebooks, tables and figures that were saved elsewhere",
    "means of groups in exports at the level aggregate, and figures in publications",
    "models trained on the study's own labels: train them again (`cliptone train-head`)",
    "means of all voices in a reference of the study: take it again (`cliptone reference`), or `--remove` it",
    "files that you own: the study file, lists of URLs, exports of other tools and media in folders of yours",
    "the platforms, and whoever else has the post",
)


def texts_of(tables: Tables, found: SubjectMatches) -> dict[str, set[str]]:
    """By kind, the texts that lead to the forgotten: ids, names of files, URLs, handles, and what was said."""
    ids = found.clip_ids
    posts = {clip_id.partition(":")[2] for clip_id in ids if not clip_id.startswith("file:")}
    return {
        "clip id": set(ids),
        "work file": {work_name(clip_id) for clip_id in ids},
        "author key": forgotten_texts.authors_of_nothing_else(tables, ids),
        "post id": {post for post in posts if len(post) >= MIN_ID_CHARACTERS},
        "donor key": set(found.donated.donor_keys),
        "donated file": set(found.donated.files),
        "handle": set(found.handles),
        "URL": forgotten_texts.urls(tables, ids),
        "text": forgotten_texts.long_texts(tables, ids, MIN_TEXT_BYTES),
    }


def in_rows_of_others(
    tables: Tables, texts: Mapping[str, Collection[str]]
) -> tuple[dict[str, int], dict[str, set[str]]]:
    """Texts that stand in rows of others too: cells by kind, table and column, and the texts by kind.

    Others may name a forgotten person or say the same. What is nobody else's (`OWN`) may be a part of longer names of
    others, as author_1 of author_12; where it stands by itself, something is left: the search of bytes has to find it.
    """
    cells: dict[str, int] = {}
    shared: dict[str, set[str]] = {}
    alone: set[tuple[str, str]] = set()
    asked = [(kind, text) for kind in texts for text in texts[kind] if len(text.encode()) >= MIN_BYTES]
    if not asked:
        return cells, shared
    for one in forgotten_texts.in_columns(tables, asked, OWN, MIN_BYTES):
        if one.is_by_itself:
            alone.add((one.kind, one.text))
            continue
        where = f"{one.kind}, as a part of other names," if one.kind in OWN else one.kind
        where = f"{where} in {one.column}"
        cells[where] = cells.get(where, 0) + one.cells
        shared.setdefault(one.kind, set()).add(one.text)
    both = {kind: {text for text in of_kind if (kind, text) not in alone} for kind, of_kind in shared.items()}
    return dict(sorted(cells.items())), {kind: of_kind for kind, of_kind in both.items() if of_kind}


def write_receipt(study_folder: StudyFolder, command: str, at: datetime, content: Mapping[str, Any]) -> Path:
    """Write a receipt as JSON; returns its path."""
    folder = study_folder.receipts
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{command}-{at:%Y%m%dT%H%M%S.%f}Z.json"
    head = {"study": study_folder.name, "command": command, "at": at.isoformat(timespec="seconds")}
    files.write(path, json.dumps({**head, **content}, ensure_ascii=False, indent=1) + "\n")
    return path
