"""The numbers of the first page are those of the study."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.results.report.overview import overview
from pipeline.results.report.relations import read_relations
from pipeline.results.study import StudyReader
from tests.support.report.generated_study import clip, lost, silent, write_published


def found(folder: Path) -> dict[str, object]:
    reader = StudyReader(folder)
    try:
        return overview(reader, read_relations(reader))
    finally:
        reader.close()


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
    assert {row["language"]: row["clips"] for row in shown["languages"]} == {"es": 1, "de": 1, "unknown": 2}
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
    assert (shown["shares"], shown["weeks"], shown["labels"], shown["moments"], shown["agreement"]) == (
        [],
        [],
        [],
        [],
        [],
    )
