"""Filters on what is stored: judged when something is new, and not again while nothing is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.records import ClipRow, ExclusionRow, ObservationRow
from pipeline.run import exclusions
from pipeline.run.exclusions import apply_filters
from pipeline.stage import Setting, plan_stage
from pipeline.stages.download import Download
from pipeline.store.store import Store
from pipeline.study.filters import FilterOptions
from tests.support.small_study import row

PLAN = plan_stage(Download, Download.Options(), Setting(), {}, {})
SHORT = FilterOptions(max_duration_s=60)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "study.duckdb", (Download,))
    opened.add([post("tiktok:1", 30.0), post("tiktok:2", 90.0), post("tiktok:3", None)])
    yield opened
    opened.close()


@pytest.fixture
def judgements(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One element each time that all posts are judged."""
    found: list[None] = []
    judge = exclusions._judge
    monkeypatch.setattr(exclusions, "_judge", lambda *given: (found.append(None), judge(*given))[1])
    return found


def post(clip_id: str, seconds: float | None) -> ClipRow:
    return row(ClipRow, clip_id=clip_id, kind="url", declared_duration_s=seconds)


def excluded(store: Store) -> list[str]:
    return [known.clip_id for known in store.tables.read(ExclusionRow)]


def test_posts_are_judged_once_until_something_is_learnt(store: Store, judgements: list[None]) -> None:
    for _ in range(3):
        assert apply_filters(store, SHORT, PLAN) == 1
        assert excluded(store) == ["tiktok:2"]
    assert len(judgements) == 1
    with store.change():
        store.tables.replace([post("tiktok:3", 80.0)])
    assert apply_filters(store, SHORT, PLAN) == 2
    assert len(judgements) == 2
    store.add([ObservationRow("tiktok:1", None, "csv", 5, 0, None, None, None)])
    apply_filters(store, SHORT, PLAN)
    assert len(judgements) == 3


def test_other_filters_judge_again(store: Store, judgements: list[None]) -> None:
    assert apply_filters(store, SHORT, PLAN) == 1
    assert apply_filters(store, FilterOptions(max_duration_s=20), PLAN) == 2
    assert apply_filters(store, FilterOptions(), PLAN) == 0
    assert excluded(store) == []
    assert apply_filters(store, SHORT, PLAN) == 1
    assert len(judgements) == 4


def test_posts_known_by_their_metadata_alone_are_judged_too(tmp_path: Path) -> None:
    with Store(tmp_path / "study.duckdb", (Download,)) as store:
        store.add([row(ClipRow, clip_id="file:a.mp4", kind="file")])
        store.add([row(ClipRow, clip_id=f"tiktok:{likes}", kind="post") for likes in (1, 2, 900)])
        store.add([ObservationRow(f"tiktok:{likes}", None, "csv", None, likes, *[None] * 3) for likes in (1, 2, 900)])
        assert apply_filters(store, FilterOptions(min_likes=100), PLAN) == 2
        assert excluded(store) == ["tiktok:1", "tiktok:2"]


def test_a_sample_of_what_is_analysed_and_one_of_what_is_metadata_alone(tmp_path: Path) -> None:
    with Store(tmp_path / "study.duckdb", (Download,)) as store:
        store.add(
            [
                row(ClipRow, clip_id=f"tiktok:{kind}{number}", kind=kind)
                for kind in ("url", "post")
                for number in range(5)
            ]
        )
        assert apply_filters(store, FilterOptions(sample=2), PLAN) == 6
        assert sorted(Counter(one.partition(":")[2][:-1] for one in excluded(store)).items()) == [
            ("post", 3),
            ("url", 3),
        ]
