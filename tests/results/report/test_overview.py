"""The numbers of the first page are those of the study."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.results.report.overview import overview, tone_shares
from pipeline.results.report.relations import read_relations
from pipeline.results.study import StudyReader
from tests.support.report.generated_study import clip, lost, silent, write_published


def found(folder: Path) -> dict[str, object]:
    reader = StudyReader(folder)
    try:
        return overview(reader, read_relations(reader))
    finally:
        reader.close()


def toned(clip_id: str, tone: str | None) -> dict[str, object]:
    return {"clip_id": clip_id, "model": "one", "tone": tone, "probabilities": tone and {"angry": 0.5, "sad": 0.5}}


def test_shares_of_tones_with_intervals_over_authors() -> None:
    tones = [toned(str(number), "angry" if number < 6 else "sad") for number in range(8)]
    alone = {row["tone"]: row for row in tone_shares(tones, {})}
    assert (alone["angry"]["share"], alone["angry"]["clips"], alone["angry"]["scored"]) == (0.75, 6, 8)
    assert 0.3 < alone["angry"]["low"] < 0.75 < alone["angry"]["high"] <= 1
    pairs = {row["tone"]: row for row in tone_shares(tones, {str(number): f"a{number // 4}" for number in range(8)})}
    assert pairs["angry"]["authors"] == 2
    assert pairs["angry"]["low"] > alone["angry"]["low"], "each author has angry clips: the smallest share is a half"
    assert tone_shares(tones, {}) == tone_shares(tones, {}), "the same clips give the same interval"


def test_none_of_a_few_clips_is_no_proof_of_none() -> None:
    tones = [toned(str(number), "angry") for number in range(5)]
    angry, sad = tone_shares(tones, {})
    assert (sad["share"], sad["low"]) == (0.0, 0.0)
    assert sad["high"] == pytest.approx(0.5218, abs=1e-4), "Clopper and Pearson, 0 of 5"
    assert (angry["share"], angry["high"]) == (1.0, 1.0)
    assert angry["low"] == pytest.approx(1 - 0.5218, abs=1e-4)


def test_one_author_gives_no_interval_but_a_reason() -> None:
    (angry, _) = tone_shares([toned("1", "angry"), toned("2", "angry")], {"1": "ann", "2": "ann"})
    assert (angry["share"], angry["low"], angry["high"], angry["reason"]) == (1.0, None, None, "one_cluster")


def test_clips_without_a_tone_are_no_part_of_the_shares() -> None:
    assert tone_shares([toned("1", None)], {}) == []


def test_the_funnel_counts_each_step(tmp_path: Path) -> None:
    rows = [*clip("tiktok:1", number=1), *clip("tiktok:2", number=2), *silent("youtube:s"), *lost("tiktok:x")]
    shown = found(write_published(tmp_path, rows))
    steps = {row["step"]: (row["clips"], row["lost"], row["share"]) for row in shown["funnel"]}
    assert steps == {
        "listed": (4, 0, 1.0),
        "kept by the filters": (4, 0, 1.0),
        "with a video": (4, 0, 1.0),
        "media wanted": (4, 0, 1.0),
        "media arrived": (3, 1, 0.75),
        "audio decoded": (3, 0, 0.75),
        "speech heard": (2, 1, 0.5),
        "words transcribed": (2, 0, 0.5),
        "tone scored": (2, 0, 0.5),
    }
    assert ("failed", "not_media", 1) in {(row["outcome"], row["reason"], row["clips"]) for row in shown["losses"]}
    assert {row["language"]: row["clips"] for row in shown["languages"]} == {"es": 1, "de": 1}
    assert shown["evidence"]["speech_s"]["unknown"] == 1
    assert sum(shown["evidence"]["speech_s"]["counts"]) == 3
    assert len(shown["agreement"]) == 1
    assert shown["models"] == ["one", "two"]
    assert shown["moments"][0]["probability"] == max(
        row["probability"] for row in shown["moments"] if row["tone"] == shown["moments"][0]["tone"]
    )


@pytest.mark.slow
@pytest.mark.parametrize("rows", [[], lost("tiktok:x")])
def test_a_study_without_results_says_so_with_zeros_and_nothing_else(tmp_path: Path, rows: list[object]) -> None:
    shown = found(write_published(tmp_path, rows))
    assert shown["clips"] == len({row.clip_id for row in rows})
    assert (shown["tones"], shown["labels"], shown["moments"], shown["agreement"]) == ([], [], [], [])
