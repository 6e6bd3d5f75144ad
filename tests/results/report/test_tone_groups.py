"""What the first page says of tone: differences between groups, and shares only where labels correct them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.records import ClipRow, EvaluationRow
from pipeline.records.runs import FingerprintRow
from pipeline.results.report.tone_groups import LEAST_CLIPS, corrected_shares, tone_groups
from pipeline.results.study import StudyReader
from tests.support.evaluation_study import clip, make_study
from tests.support.small_study import MONDAY, angry, row

CLIPS = 24


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Two clips an author: half under #bag, which sounds angrier, the last two posted a week later."""
    rows = []
    for number in range(CLIPS):
        is_bag = number % 4 < 2
        made = clip(f"tiktok:{number}", [((0.0,), angry(0.8 if is_bag else 0.2))], author=f"a{number // 2}")
        posted = MONDAY + timedelta(weeks=number >= CLIPS - 2)
        made[0] = row(
            ClipRow, clip_id=f"tiktok:{number}", author_key=f"a{number // 2}", platform="tiktok", posted_at=posted,
            hashtags=("bag",) if is_bag else (),
        )  # fmt: skip
        rows += made
    with StudyReader(make_study(tmp_path_factory.mktemp("groups"), rows).folder.published) as reader:
        return tone_groups(reader)


def of(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    (found,) = [one for one in rows if all(one[name] == value for name, value in wanted.items())]
    return found


def test_a_group_is_said_by_how_it_differs_from_the_study(groups: dict[str, list[dict[str, Any]]]) -> None:
    bag = of(groups["hashtags"], hashtag="bag", tone="angry")
    assert bag["difference"] == pytest.approx(0.3)
    assert bag["low"] <= 0.3 <= bag["high"]
    assert bag["low"] > 0
    assert bag["mean_probability"] == pytest.approx(0.8)


def test_the_tones_of_a_group_add_up_to_no_difference(groups: dict[str, list[dict[str, Any]]]) -> None:
    for week in {one["week"] for one in groups["weeks"]}:
        assert sum(one["difference"] for one in groups["weeks"] if one["week"] == week) == pytest.approx(0)


def test_few_clips_are_a_point_without_an_interval(groups: dict[str, list[dict[str, Any]]]) -> None:
    later = max(one["week"] for one in groups["weeks"])
    found = of(groups["weeks"], week=later, tone="angry")
    assert found["clips_scored"] < LEAST_CLIPS
    assert (found["low"], found["high"], found["reason"]) == (None, None, "few_clips")
    assert found["difference"] is not None


def test_five_clips_of_one_author_are_a_point_without_an_interval(tmp_path: Path) -> None:
    rows = []
    for number in range(12):
        is_one = number < LEAST_CLIPS
        author = "prolific" if is_one else f"a{number}"
        made = clip(f"tiktok:{number}", [((0.0,), angry(0.8 if is_one else 0.2))], author=author)
        tags = ("mine",) if is_one else ()
        made[0] = row(ClipRow, clip_id=f"tiktok:{number}", author_key=author, platform="tiktok", hashtags=tags)
        rows += made
    with StudyReader(make_study(tmp_path, rows).folder.published) as reader:
        mine = of(tone_groups(reader)["hashtags"], hashtag="mine", tone="angry")
    assert (mine["clips_scored"], mine["low"], mine["reason"]) == (LEAST_CLIPS, None, "few_authors")


@pytest.mark.parametrize(("fingerprint", "shown"), [("of emotion", 1), ("older", 0)])
def test_shares_are_shown_where_labels_correct_the_scores_of_now(tmp_path: Path, fingerprint: str, shown: int) -> None:
    figures = [
        row(EvaluationRow, measure=measure, label="angry", value=0.4, ci_low=0.2, ci_high=0.6, counted="clip",
            model="one", grouping="all", group_value="all", fingerprint=fingerprint)
        for measure in ("share_stated", "share_corrected", "share_adjusted")
    ]  # fmt: skip
    older = row(FingerprintRow, fingerprint="older", stage="emotion", is_current=False)
    study = make_study(tmp_path, clip("tiktok:1", [((0.0,), angry(0.9))]), figures, [older])
    with StudyReader(study.folder.published) as reader:
        assert len(corrected_shares(reader)) == shown
