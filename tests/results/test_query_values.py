"""What a query is given by name: tones, clips and authors that the study does not have are errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.records import ClipRow, MediaRow
from pipeline.results.query_values import clip_named
from pipeline.results.study import StudyReader
from pipeline.study.config import Study
from tests.support.command import cliptone, mistake
from tests.support.evaluation_study import clip, make_study
from tests.support.small_study import SmallStudy, angry, row


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Three clips, two of which have files of one name."""
    clips = [clip(f"tiktok:70{number}", [((1.0, 0.0), angry(0.9))], author=f"a{number}") for number in range(3)]
    files = [
        row(MediaRow, clip_id=f"tiktok:70{number}", file_name=name)
        for number, name in enumerate(("rain.mp4", "same.mp4", "same.mp4"))
    ]
    return make_study(tmp_path_factory.mktemp("values"), *clips, files)


@pytest.mark.parametrize(
    ("query", "given", "named"),
    [
        ("top_moments", {"tone": "disgust"}, "'disgust'.* angry, neutral$"),
        ("words_with_tone", {"tone": "Angry"}, "'Angry'.* angry, neutral$"),
        ("similar_clips", {"clip": "rainy.mp4"}, r"'rainy\.mp4'.*'tiktok:700' \(rain\.mp4\)"),
        ("similar_speech", {"clip": "702"}, "'702'.*'tiktok:702'"),
        ("similar_clips", {"clip": "same.mp4"}, r"2 .*'tiktok:701'.*'tiktok:702'"),
        ("author_trajectory", {"author": "nobody"}, "'nobody'"),
    ],
)
def test_what_the_study_does_not_have_is_an_error(study: Study, query: str, given: dict[str, str], named: str) -> None:
    with StudyReader(study.folder.published) as reader, pytest.raises(UserError, match=named):
        reader.query(query, **given)


def test_what_it_has_is_answered(study: Study) -> None:
    with StudyReader(study.folder.published) as reader:
        assert len(reader.query("top_moments", tone="neutral")) == 3, "no region's first tone, and a tone all the same"
        by_file, by_id = (reader.query("similar_clips", clip=name) for name in ("rain.mp4", "tiktok:700"))
    assert by_file["clip_id"].tolist() == by_id["clip_id"].tolist() == ["tiktok:701", "tiktok:702"]


def test_a_query_of_the_researchers_own_is_checked_too(study: Study) -> None:
    own = study.file.path.parent / "queries"
    own.mkdir(exist_ok=True)
    (own / "mine.sql").write_text("-- what: mine\nSELECT count(*) FROM emotions WHERE label = $tone", encoding="utf-8")
    said = mistake(cliptone("query", "mine", "--tone", "furious", "--study", study.file.path.name, cwd=own.parent))
    assert "'furious'" in said
    assert "angry, neutral" in said


def test_a_study_without_tone_says_so(tmp_path: Path) -> None:
    study = make_study(tmp_path, clip("tiktok:1"))
    with StudyReader(study.folder.published) as reader, pytest.raises(UserError, match="emotion"):
        reader.query("top_moments", tone="angry")


def distance(one: str, other: str) -> int:
    """Insertions, deletions and substitutions between two texts (Levenshtein 1966)."""
    before = list(range(len(other) + 1))
    for row_number, letter in enumerate(one, start=1):
        now = [row_number]
        for column, found in enumerate(other, start=1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (letter != found)))
        before = now
    return before[-1]


IDS = st.lists(st.from_regex(r"(tiktok|url):[0-9a-c]{1,6}", fullmatch=True), min_size=1, max_size=4, unique=True)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(ids=IDS, asked=st.from_regex(r"[0-9a-c:]{1,9}", fullmatch=True))
def test_the_nearest_clip_is_the_nearest(ids: list[str], asked: str) -> None:
    small = SmallStudy()
    small.add([row(ClipRow, clip_id=one) for one in ids])

    def ask(sql: str, **values: str) -> list[tuple[object, ...]]:
        return small.connection.execute(sql, values).fetchall()

    best = min(ids, key=lambda one: (min(distance(one, asked), distance(one.partition(":")[2], asked)), one))
    with pytest.raises(UserError, match=f"nearest is '{best}'"):
        clip_named(ask, asked)
