"""A collection that is killed again and again ends in the same tables, and asks hardly more than one that is not."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.study.config import Study
from pipeline.study.folder import work_name
from tests.support.kills import run_and_kill
from tests.support.platform.crowd import Crowd, collect, collecting_study, crowd, post_urls
from tests.support.same_key import share_key
from tests.support.zygote import Zygote

SEED = 20261122
TABLES = {
    "clips": "* EXCLUDE (clip_id), clip_id",
    "media": "*",
    "audio": "*",
    "observations": "* EXCLUDE (counted_at)",
    "provenance": "* EXCLUDE (first_seen_at)",
    "collection": "* EXCLUDE (last_attempt_at)",
}


def tables(study: Study) -> dict[str, list[tuple[Any, ...]]]:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return {
            name: connection.execute(f"SELECT {what} FROM {name} ORDER BY clip_id").fetchall()
            for name, what in TABLES.items()
        }


@pytest.mark.slow
def test_f1_a_collection_killed_at_random_points(
    zygote: Zygote, tmp_path: Path, size: Callable[[int, int], int], tell: Callable[[str], None]
) -> None:
    posts, wanted_kills = size(60, 1_000), size(6, 20)
    with crowd(tmp_path) as (server, way):
        undisturbed = collecting_study(tmp_path / "whole", way["proxy"], post_urls(posts))
        collect(undisturbed)
        pages = sum("www.tiktok.com" in path for _, path, _ in Crowd.log)
        assert pages == posts
        server.requests.clear()
        Crowd.log.clear()
        study = collecting_study(tmp_path / "killed", way["proxy"], post_urls(posts))
        share_key(undisturbed, study)
        draw = random.Random(SEED)
        goals = sorted(draw.sample(range(2, posts - 2), wanted_kills))
        kills = run_and_kill(zygote, study, goals, lambda: len(Crowd.log) // 2, draw, stages="collecting")
        asked = sum("www.tiktok.com" in path for _, path, _ in Crowd.log)
    assert kills == wanted_kills, "the run was over before it was killed often enough"
    assert asked <= posts + kills, "at most one post is asked for again after each kill"
    found, wanted = tables(study), tables(undisturbed)
    for name in TABLES:
        assert found[name] == wanted[name], name
    folders = {path.name for path in study.folder.media.iterdir()}
    assert folders == {work_name(f"tiktok:{url.rsplit('/', 1)[-1]}") for url in post_urls(posts)}
    assert all([file.name for file in (study.folder.media / name).iterdir()] == ["media.mp4"] for name in folders)
    tell(
        f"{kills} kills of a collection of {posts} posts from a local server: the same tables, "
        f"{asked - posts} posts asked for again"
    )
