"""What shows that people were forgotten: the texts to look for, and the receipt, which names nobody."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.privacy.byte_search import MIN_BYTES
from pipeline.privacy.subjects import SubjectMatches
from pipeline.study import files
from pipeline.study.folder import StudyFolder, work_name

MIN_ID_CHARACTERS = 8  # of a post's id by itself
MIN_TEXT_BYTES = 24  # of a caption or a phrase: a shorter one is nobody's own

#: What nobody but the forgotten can stand for: found anywhere, something is left.
OWN = ("clip id", "work file", "author key", "donor key", "donated file")
#: Where whole texts stand that can be a person's own.
TEXTS = (
    ("clips", "caption"),
    ("transcripts", "text"),
    ("segments", "text"),
    ("platform_captions", "text"),
)
TEXT = """
    SELECT DISTINCT {column} FROM {table} WHERE clip_id IN (SELECT unnest($ids)) AND strlen({column}) >= $least
"""
TABLES = "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
#: Authors of whom nothing stays.
AUTHORS = """
    SELECT author_key FROM clips GROUP BY author_key
    HAVING author_key IS NOT NULL AND bool_and(clip_id IN (SELECT unnest($ids)))
"""
ADDRESSES = """
    SELECT url FROM clips WHERE url IS NOT NULL AND clip_id IN (SELECT unnest($ids))
    UNION SELECT location FROM sources WHERE kind = 'url' AND clip_id IN (SELECT unnest($ids))
"""
#: Columns whose texts may name anybody.
TEXT_COLUMNS = """
    SELECT table_name, column_name FROM duckdb_columns()
    WHERE database_name = current_database() AND data_type IN ('VARCHAR', 'VARCHAR[]')
    ORDER BY ALL
"""
#: Cells of a column with the texts in them; `by_itself`: one that is nobody else's, and no part of a longer name.
IN_CELLS = r"""
    SELECT
        kind, text, sum(cells)::BIGINT,
        bool_or(own AND regexp_matches(
            cell, '(^|[^\pL\pN_.-])' || regexp_escape(text) || '($|[^\pL\pN_.-]|[.-]($|[^\pL\pN_]))'
        )) AS by_itself
    FROM wanted
    JOIN (
        SELECT CAST("{column}" AS VARCHAR) AS cell, count(*) AS cells FROM "{table}"
        WHERE strlen(cell) >= {least} GROUP BY cell  -- a clip's id stands in thousands of rows: it is looked at once
    ) ON contains(cell, text)
    GROUP BY kind, text
"""

#: What a study cannot reach, for whoever has to tell the person.
NOT_REACHED = (
    "backups and snapshots of this disk, and what a solid-state disk keeps of overwritten blocks",
    "folders of Parquet files where the study was published before `store` in its file named another place",
    "exports and reports that were handed on, and exports written to another folder than the study's own",
    "outputs of notebooks, tables and figures that were saved elsewhere",
    "means of groups in exports at the level aggregate, and figures in publications",
    "models trained on the study's own labels: train them again (`cliptone train-head`)",
    "files that you own: the study file, lists of addresses, exports of other tools and media in folders of yours",
    "the platforms, and whoever else has the post",
)


def texts_of(connection: duckdb.DuckDBPyConnection, found: SubjectMatches) -> dict[str, set[str]]:
    """By kind, the texts that lead to the forgotten: ids, names of files, addresses, handles, and what was said."""
    ids = sorted(found.clip_ids)
    tables = _column(connection.execute(TABLES))
    known = [TEXT.format(table=table, column=column) for table, column in TEXTS if table in tables]
    least = {"ids": ids, "least": MIN_TEXT_BYTES}
    posts = {clip_id.partition(":")[2] for clip_id in ids if not clip_id.startswith("file:")}
    return {
        "clip id": set(ids),
        "work file": {work_name(clip_id) for clip_id in ids},
        "author key": _column(connection.execute(AUTHORS, {"ids": ids})),
        "post id": {post for post in posts if len(post) >= MIN_ID_CHARACTERS},
        "donor key": set(found.donated.donor_keys),
        "donated file": set(found.donated.files),
        "handle": set(found.handles),
        "address": _column(connection.execute(ADDRESSES, {"ids": ids})),
        "text": {text for sql in known for text in _column(connection.execute(sql, least))},
    }


def in_rows_of_others(
    connection: duckdb.DuckDBPyConnection, texts: Mapping[str, Collection[str]]
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
    wanted = {"kind": [kind for kind, _ in asked], "text": [text for _, text in asked]}
    connection.register("wanted", pa.table({**wanted, "own": [kind in OWN for kind, _ in asked]}))
    try:
        for table, column in connection.execute(TEXT_COLUMNS).fetchall():
            found = connection.execute(IN_CELLS.format(table=table, column=column, least=MIN_BYTES)).fetchall()
            for kind, text, count, by_itself in found:
                if by_itself:
                    alone.add((kind, text))
                    continue
                where = f"{kind}, as a part of other names," if kind in OWN else kind
                where = f"{where} in {table}.{column}"
                cells[where] = cells.get(where, 0) + count
                shared.setdefault(kind, set()).add(text)
    finally:
        connection.unregister("wanted")
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


def _column(rows: duckdb.DuckDBPyConnection) -> set[str]:
    found: Iterable[tuple[str]] = rows.fetchall()
    return {text for (text,) in found}
