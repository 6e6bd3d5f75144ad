"""Means of groups: the numbers of the study's own queries, without groups of few authors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.records import Row, TranscriptRow
from pipeline.results.export.aggregate import read_means
from pipeline.results.export.tables import Suppressed
from pipeline.results.study import StudyReader
from tests.support.export_study import make_study
from tests.support.report.generated_study import clip
from tests.support.small_study import MONDAY

LANGUAGES = {"en": 8, "de": 7, "fr": 6, "fi": 4, "mt": 1}  # authors of each, one clip an author


def spoken(languages: dict[str, int], **post: object) -> list[Row]:
    rows: list[Row] = []
    for language, authors in languages.items():
        for number in range(authors):
            known = {
                "author_key": f"{language}-{number}",
                "caption": None,
                "posted_at": MONDAY + timedelta(weeks=number % 2),
                **post,
            }
            made = clip(f"tiktok:{language}{number}", number=len(rows), **known)
            rows += [one if not isinstance(one, TranscriptRow) else _in(one, language) for one in made]
    return rows


def _in(transcript: TranscriptRow, language: str) -> TranscriptRow:
    return TranscriptRow(transcript.clip_id, transcript.text, None, language, 0.9, "e", "m")


def means(folder: Path, rows: Iterable[Row]) -> tuple[list[dict], list[Suppressed], StudyReader]:
    reader = StudyReader(make_study(folder, list(rows)).folder.published)
    tables, held = read_means(reader, [])
    return tables[0].rows.to_pylist() if tables else [], held, reader


@pytest.fixture(scope="module")
def languages(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> tuple[list[dict], list[Suppressed], StudyReader]:
    return means(tmp_path_factory.mktemp("languages"), spoken(LANGUAGES))


def test_no_cell_has_fewer_than_five_authors(languages: tuple[list[dict], list[Suppressed], StudyReader]) -> None:
    cells, held, _ = languages
    assert cells
    assert min(cell["authors"] for cell in cells) >= 5
    assert {cell["value"] for cell in cells if cell["grouping"] == "language"} == {"en", "de", "fr"}
    assert sum(one.count for one in held if one.where == "means: language") > 0


@pytest.mark.parametrize("grouping", ["hashtag", "language", "week"])
def test_tone_is_that_of_the_studys_own_query(
    languages: tuple[list[dict], list[Suppressed], StudyReader], grouping: str
) -> None:
    cells, _, reader = languages
    own = reader.sql(f"SELECT * FROM tone_by_{grouping}").astype({grouping: str})
    ours = [cell for cell in cells if cell["grouping"] == grouping and cell["measure"] == "tone_probability"]
    assert ours
    for cell in ours:
        same = own[(own[grouping] == cell["value"]) & (own["model"] == cell["model"]) & (own["tone"] == cell["label"])]
        assert len(same) == 1
        assert cell["mean"] == pytest.approx(same["mean_probability"].item(), rel=0.005)
        assert cell["clips"] == same["clips_scored"].item()


def test_clips_are_counted_whatever_is_known_of_them(
    languages: tuple[list[dict], list[Suppressed], StudyReader],
) -> None:
    cells, _, _ = languages
    [all_of_them] = [cell for cell in cells if cell["grouping"] == "platform" and cell["measure"] == "clips"]
    assert (all_of_them["clips"], all_of_them["authors"], all_of_them["mean"]) == (26, 26, None)


def test_where_one_cell_alone_is_hidden_the_next_smallest_goes_with_it(tmp_path: Path) -> None:
    cells, _, reader = means(tmp_path, spoken({"en": 8, "de": 7, "fr": 6, "fi": 4}))
    reader.close()
    shown = {cell["value"] for cell in cells if cell["grouping"] == "language" and cell["measure"] == "clips"}
    assert shown == {"en", "de"}


def test_clips_of_one_author_never_make_a_group(tmp_path: Path) -> None:
    cells, held, reader = means(tmp_path, spoken({"en": 20}, author_key="the same"))
    reader.close()
    assert cells == []
    assert sum(one.count for one in held) > 0


def test_clips_without_a_known_author_count_as_no_author(tmp_path: Path) -> None:
    cells, _, reader = means(tmp_path, spoken({"en": 20}, author_key=None))
    reader.close()
    assert cells == []


def test_a_hashtag_that_is_an_account_name_stays_out(tmp_path: Path) -> None:
    cells, _, reader = means(
        tmp_path, spoken({"en": 6, "de": 6}, hashtags=("bag", "en-0", "someone"), mentions=("Someone",))
    )
    reader.close()
    assert {cell["value"] for cell in cells if cell["grouping"] == "hashtag"} == {"bag"}
