"""A few clips of the demo as a study of their own: it ends in the rows that the demo has of them, in less time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from pipeline.stages import BY_NAME, STAGES
from pipeline.study.config import Study, load_study
from pipeline.study.demo.study import copy_demo
from tests.support.same_key import share_key

CLIPS = ("english_quick.mp4", "silence.mp4", "no_audio.mp4", "french.mp4")


def demo_part(folder: Path, like: Study | None = None) -> Study:
    """The study of these clips, in a folder of its own; with the key of another, if its rows are to be `like` those."""
    study_file = copy_demo(folder)
    for path in (folder / "clips").iterdir():
        if path.name not in CLIPS:
            path.unlink()
    posts = folder / "posts.csv"
    head, *lines = posts.read_text(encoding="utf-8").splitlines(keepends=True)
    posts.write_text("".join([head, *(line for line in lines if line.startswith(CLIPS))]), encoding="utf-8")
    study = load_study(study_file, BY_NAME)
    if like is not None:
        share_key(like, study)
    return study


def rows_of_part(study: Study) -> dict[str, list[Any]]:
    """Every stored row of these clips, by table, but for the bookkeeping that holds times."""
    tables = [kind.table for stage in STAGES for kind in stage.tables] + ["clips", "observations"]
    which = "WHERE clip_id IN (SELECT clip_id FROM media WHERE file_name IN (SELECT unnest($names)))"
    asked = {name: f"FROM {name} {which} ORDER BY ALL" for name in tables}
    asked["attempts"] = (
        f"SELECT DISTINCT clip_id, stage, fingerprint, status, reason, message FROM attempts {which} ORDER BY ALL"
    )
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return {name: connection.execute(sql, {"names": list(CLIPS)}).fetchall() for name, sql in asked.items()}
