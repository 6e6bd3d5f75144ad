"""Looking again: what is still public, new counts, and the study's rule for what has vanished."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.errors import UserError
from pipeline.privacy.erase_files import Elsewhere
from pipeline.privacy.recheck import Recheck, recheck
from pipeline.results.export.elsewhere import remember
from pipeline.results.export.levels import Level
from pipeline.run.plan import setting_of
from pipeline.study.config import Study
from pipeline.study.folder import work_name
from pipeline.study.shard import Shard
from tests.support.platform.crowd import FIRST_ID, STAGES, Crowd, collect, collecting_study, crowd, post_urls


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[str]:
    with crowd(tmp_path) as (_, way):
        yield way["proxy"]


def collected(tmp_path: Path, proxy: str, rule: str) -> Study:
    """A study of three posts, the first of which has vanished since."""
    study = collecting_study(tmp_path / "study", proxy, post_urls(3), f'[privacy]\nvanished = "{rule}"\n')
    collect(study)
    Crowd.gone.add(str(FIRST_ID))
    Crowd.log.clear()
    return study


def rows(study: Study, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.slow
def test_vanished_posts_are_marked_and_new_counts_stored(tmp_path: Path, proxy: str) -> None:
    study = collected(tmp_path, proxy, "keep")
    assert recheck(study, stages=STAGES) == {"public": 2, "vanished": 1}
    assert not [path for _, path, _ in Crowd.log if "cdn" in path], "no media is asked for"
    gone = f"tiktok:{FIRST_ID}"
    assert rows(study, "SELECT clip_id, reason, rule FROM visibility WHERE state = 'vanished'") == [
        (gone, "removed", "keep")
    ]
    counted = rows(study, "SELECT clip_id, count(*) FROM observations GROUP BY clip_id ORDER BY clip_id")
    assert [count for _, count in counted] == [1, 2, 2]
    assert rows(study, f"SELECT visibility FROM collection WHERE clip_id = '{gone}'") == [("vanished",)]
    assert (study.folder.media / work_name(gone)).is_dir()
    Crowd.log.clear()
    assert recheck(study, stages=STAGES) == {"public": 2}, "what has vanished is not asked for again"


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["delete_media", "forget"])
def test_the_rule_of_the_study_is_applied(tmp_path: Path, proxy: str, rule: str) -> None:
    study = collected(tmp_path, proxy, rule)
    gone = f"tiktok:{FIRST_ID}"
    assert study.folder.audio_path(gone).exists()
    recheck(study, stages=STAGES)
    assert not study.folder.audio_path(gone).exists()
    assert not (study.folder.media / work_name(gone)).exists()
    assert rows(study, f"SELECT count(*) FROM audio WHERE clip_id = '{gone}'") == [(0 if rule == "forget" else 1,)]
    assert rows(study, "SELECT count(*) FROM tombstones") == [(1 if rule == "forget" else 0,)]
    Crowd.log.clear()
    collect(study)
    assert not [path for _, path, _ in Crowd.log if gone[7:] in path], "a run does not fetch it again"


def export_of(study: Study, name: str, *clip_ids: str) -> Path:
    """An export of posts to collect again, as `cliptone export --level ids-only` leaves it."""
    folder = study.folder.root / "exports" / name
    folder.mkdir(parents=True)
    manifest = {"study": study.file.name, "level": Level.IDS_ONLY}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "clips.csv").write_text("\n".join(["clip_id", *clip_ids]), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_exports_that_hold_a_forgotten_post_go_with_it(tmp_path: Path, proxy: str) -> None:
    study = collected(tmp_path, proxy, "forget")
    gone, stays = (f"tiktok:{FIRST_ID + number}" for number in range(2))
    held, other = export_of(study, "held", gone, stays), export_of(study, "other", stays)
    assert recheck(study, stages=STAGES) == {"public": 2, "vanished": 1, "exports deleted": 1}
    assert not held.exists()
    assert other.exists()


@pytest.mark.slow
def test_exports_elsewhere_that_hold_a_forgotten_post_are_named(tmp_path: Path, proxy: str) -> None:
    study = collected(tmp_path, proxy, "forget")
    key = setting_of(study).key
    gone, stays = (f"tiktok:{FIRST_ID + number}" for number in range(2))
    held, other, far = study.file.path.parent / "mine", study.file.path.parent / "other", tmp_path / "far" / "away"
    for place, clip_id in ((held, gone), (other, stays), (far, stays)):
        place.parent.mkdir(exist_ok=True)
        export_of(study, "made", clip_id).rename(place)
        remember(study.folder, place, "2026-03-01T00:00:00+00:00", Level.IDS_ONLY, key)
    shutil.move(far, tmp_path.parent / f"{tmp_path.name} moved")
    told: list[Elsewhere] = []
    recheck(study, stages=STAGES, report_elsewhere=told.append)
    assert [one.affected for one in told] == [(held,)]
    assert [len(one.not_found) for one in told] == [1]
    assert held.exists(), "what lies in a folder of the user's own is named, and never deleted"
    recheck(study, stages=STAGES, report_elsewhere=told.append)
    assert len(told) == 1, "nothing else was forgotten"


@pytest.mark.slow
def test_exports_elsewhere_are_named_when_a_pass_is_stopped(
    tmp_path: Path, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = collected(tmp_path, proxy, "forget")
    held = export_of(study, "made", f"tiktok:{FIRST_ID}").rename(study.file.path.parent / "mine")
    remember(study.folder, held, "2026-03-01T00:00:00+00:00", Level.IDS_ONLY, setting_of(study).key)
    told: list[Elsewhere] = []

    def stop(work: Recheck, *arguments: Any) -> None:
        go(work, *arguments)
        raise KeyboardInterrupt

    go = Recheck.go
    monkeypatch.setattr(Recheck, "go", stop)
    with pytest.raises(KeyboardInterrupt):
        recheck(study, stages=STAGES, report_elsewhere=told.append)
    assert [one.affected for one in told] == [(held,)]


@pytest.mark.slow
def test_nothing_is_forgotten_while_shards_hold_copies(tmp_path: Path, proxy: str) -> None:
    study = collected(tmp_path, proxy, "forget")
    (study.folder.shards / Shard(2, 1).folder).mkdir(parents=True)
    with pytest.raises(UserError, match=r"merge .* --remove"):
        recheck(study, stages=STAGES)
    assert Crowd.log == [], "no platform is asked"
    assert study.folder.audio_path(f"tiktok:{FIRST_ID}").exists()
    assert rows(study, "SELECT count(*) FROM visibility") == [(0,)]


@pytest.mark.slow
def test_those_not_seen_for_longest_come_first(tmp_path: Path, proxy: str) -> None:
    study = collecting_study(tmp_path / "study", proxy, post_urls(3))
    collect(study)
    for _ in range(3):
        assert recheck(study, limit=1, stages=STAGES) == {"public": 1}
    assert rows(study, "SELECT count(DISTINCT clip_id) FROM visibility") == [(3,)]
