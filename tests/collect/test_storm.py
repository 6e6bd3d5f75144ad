"""A platform that refuses a third of the first requests loses nothing, and is never asked inside its pause."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from tests.collect.crowd import RETRY_AFTER_S, Crowd, addresses, collect, collecting_study, crowd

POSTS = 300 if os.environ.get("CLIPTONE_FAULTS") == "all" else 40
CLOCK_S = 0.02  # between the server's note of an answer and its arrival


def test_a_storm_of_refusals(tmp_path: Path) -> None:
    with crowd(tmp_path, share_refused=0.3) as (_, way):
        study = collecting_study(tmp_path, way["proxy"], addresses(POSTS))
        report = collect(study)
        log = list(Crowd.log)
    refused = [time for time, _, status in log if status == 429]
    assert len(refused) >= 0.2 * POSTS
    assert report.passed == {"download": POSTS, "audio": POSTS}
    assert not report.failed
    assert report.waiting == 0
    for time in refused:
        inside = [path for other, path, _ in log if time < other < time + RETRY_AFTER_S - CLOCK_S]
        assert inside == [], "nothing is asked while the platform wants its pause"
    with duckdb.connect(str(study.published), read_only=True) as connection:
        states = connection.execute("SELECT state, sum(posts) FROM collection_status GROUP BY state").fetchall()
        actions = connection.execute("SELECT DISTINCT action FROM attempts WHERE status = 'failed'").fetchall()
    assert states == [("arrived", POSTS)]
    assert actions == [("pause_lane",)]
