"""Two groups of a small study: which clips are in them, what is compared, and what is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.records import ClipRow
from pipeline.records.comparison import ComparisonRow
from pipeline.results.comparison.compare import Comparison, ComparisonWish, compare, store_and_draw
from pipeline.results.study import StudyReader
from pipeline.study.config import Study
from tests.support.evaluation_study import clip, make_study, write_rows
from tests.support.small_study import angry, row

TAGS = {0: ("bag",), 1: ("shoe",), 2: ("bag", "shoe"), 3: ()}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Forty clips of twenty authors: those under #bag sound angry, those under #shoe do not; a quarter has both."""
    rows = []
    for number in range(40):
        tags = TAGS[number % 4]
        tone = angry(0.8 if "bag" in tags else 0.3 if tags else 0.5)
        made = clip(
            f"tiktok:{number}", [((0.0,), tone)], author=f"a{number // 2}", language="en" if number < 20 else "es"
        )
        made[0] = row(
            ClipRow, clip_id=f"tiktok:{number}", author_key=f"a{number // 2}", platform="tiktok", hashtags=tags
        )
        rows += made
    return make_study(tmp_path_factory.mktemp("compare"), rows, clip("tiktok:silent", author="a0"))


def asked(
    study: Study, by: str | None = None, a: str | None = None, b: str | None = None, **more: object
) -> Comparison:
    return compare(study.folder.published, ComparisonWish(by, a, b, **more))  # type: ignore[arg-type]


def of(found: Comparison, measure: str) -> ComparisonRow:
    return next(one for one in found.rows if one.measure == measure)


def test_two_hashtags_without_the_clips_of_both(study: Study) -> None:
    found = asked(study, "hashtag=#Bag, shoe", measures=("angry",))
    one = of(found, "angry")
    assert found.in_both == 10
    assert (one.clips_a, one.clips_b) == (10, 10)
    assert (one.mean_a, one.mean_b, one.difference) == pytest.approx((0.8, 0.3, 0.5))
    assert (one.group_a, one.group_b, one.model) == ("hashtag=bag", "hashtag=shoe", "one")
    assert one.p is not None
    assert one.p < 0.01


def test_one_value_against_all_others_and_clips_without_a_value_are_counted(study: Study) -> None:
    one = of(asked(study, "hashtag=bag", measures=("angry",)), "angry")
    assert (one.clips_a, one.clips_b, one.without_b) == (20, 20, 1)


def test_columns_and_conditions_of_the_overview(study: Study) -> None:
    by = of(asked(study, "language=en,es", measures=("angry",)), "angry")
    same = of(asked(study, None, "language = 'en'", "language = 'es'", measures=("angry",)), "angry")
    assert (by.mean_a, by.mean_b, by.p) == (same.mean_a, same.mean_b, same.p)


def test_all_tones_and_arousal_are_compared_unless_named_and_p_is_corrected_for_them(study: Study) -> None:
    found = asked(study, "hashtag=bag,shoe")
    assert [one.measure for one in found.rows] == ["angry", "neutral", "arousal"]
    assert of(found, "arousal").reason == "nothing_to_measure"
    tone = of(found, "angry")
    assert tone.p is not None
    assert tone.p_holm == pytest.approx(2 * tone.p), "arousal has none"


def test_any_number_of_a_view(study: Study) -> None:
    one = of(asked(study, "hashtag=bag,shoe", measures=("evidence.speech_s",)), "evidence.speech_s")
    assert (one.difference, one.model) == (0.0, None)


def test_labels_correct_a_difference(study: Study, tmp_path: Path) -> None:
    """People hear anger in five of ten clips of one hashtag, and in four of the other."""
    heard = {number: number // 4 % (2 if number % 4 == 0 else 3) == 0 for number in range(40)}
    lines = [(f"tiktok:{number}", "angry" if angry else "neutral") for number, angry in heard.items()]
    labels = write_rows(tmp_path / "l.csv", "clip_id,label", *lines)
    one = of(asked(study, "hashtag=bag,shoe", measures=("angry",), labels=labels), "angry")
    assert (one.labelled_a, one.labelled_b) == (10, 10)
    assert one.difference == pytest.approx(0.5)
    assert one.corrected == pytest.approx(0.1)
    assert one.corrected_low is not None
    assert one.corrected_high is not None
    assert one.corrected_low < 0 < one.corrected_high


def test_it_is_stored_and_drawn_without_the_name_of_an_author(study: Study) -> None:
    found = asked(study, "author=a1,a2", measures=("angry",))
    drawn = store_and_draw(study.folder, found)
    assert drawn.suffix == ".svg"
    assert "a1" not in found.rows[0].group_a
    predicate = asked(study, None, "author_key = 'a3'", "clip_id = 'tiktok:1'", measures=("angry",))
    assert [predicate.rows[0].group_a, predicate.rows[0].group_b] == ["author_key = '…'", "clip_id = '…'"]
    with StudyReader(study.folder.published) as reader:
        assert reader.rows("SELECT group_a, measure FROM comparisons") == [("author=…", "angry")]


@pytest.mark.parametrize(
    ("wish", "named"),
    [
        (ComparisonWish(None, None, None), "--by"),
        (ComparisonWish("hashtag=a,b", "TRUE", "FALSE"), "--by"),
        (ComparisonWish(None, "TRUE", None), "--a and --b"),
        (ComparisonWish("hashtag", None, None), "hashtag"),
        (ComparisonWish("hashtag=bag,hat", None, None), "hat"),
        (ComparisonWish("colour=red,blue", None, None), "colour"),
        (ComparisonWish("hashtag=bag,bag", None, None), "bag"),
        (ComparisonWish(None, "nonsense = 1", "TRUE"), "nonsense"),
        (ComparisonWish(None, "TRUE", "TRUE"), "both"),
        (ComparisonWish("hashtag=bag,shoe", None, None, ("joy",)), "joy"),
        (ComparisonWish("hashtag=bag,shoe", None, None, ("clips.moon",)), "moon"),
        (ComparisonWish("hashtag=bag,shoe", None, None, ("angry",), "two"), "two"),
    ],
)
def test_mistakes_are_sentences(study: Study, wish: ComparisonWish, named: str) -> None:
    with pytest.raises(UserError, match=named):
        compare(study.folder.published, wish)


def test_labels_that_a_head_was_trained_on_correct_nothing(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Everything:
        def holds(self, spans: object) -> bool:
            return True

    monkeypatch.setattr("pipeline.results.comparison.compare.training_of", lambda *_: Everything())
    labels = write_rows(tmp_path / "l.csv", "clip_id,label", *[(f"tiktok:{number}", "angry") for number in range(40)])
    with pytest.raises(UserError, match=r"l\.csv"):
        asked(study, "hashtag=bag,shoe", measures=("angry",), labels=labels)


def test_a_group_of_few_authors_has_a_difference_and_no_interval(study: Study) -> None:
    one = of(asked(study, None, "author_key = 'a0'", "author_key <> 'a0'", measures=("angry",)), "angry")
    assert one.authors_a == 1
    assert one.difference is not None
    assert (one.ci_low, one.ci_high, one.reason) == (None, None, "few_authors")
