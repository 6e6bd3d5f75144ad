"""What a card says of lines that were left out: counts and reasons, whoever wrote it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.results.evaluation.head_card import without_ids
from pipeline.results.evaluation.labels import (
    NO_CLIP,
    NO_LABEL,
    NO_NUMBER,
    NO_SPAN,
    NO_SPEECH,
    NOT_ANALYSED,
    LeftOut,
    left_out_counts,
    left_out_lines,
)

REASONS = (NO_CLIP, NO_LABEL, NO_NUMBER, NO_SPAN, NO_SPEECH, NOT_ANALYSED)
PLATFORM_IDS = st.from_regex(r"tiktok:7[0-9]{18}", fullmatch=True)
FILE_IDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1).map(lambda name: f"file:~{name}~.mp4")
LOST = st.builds(LeftOut, st.integers(2, 999), PLATFORM_IDS | FILE_IDS, st.sampled_from(REASONS))


@given(st.lists(LOST, min_size=1, max_size=9))
def test_no_id_is_left_in_a_card_of_an_older_version(left_out: list[LeftOut]) -> None:
    old = f"# Tone\n\nfrom x.csv: warm 2.\n\nLeft out: {'; '.join(left_out_lines(left_out))}.\n\n## Method (line 3)\n"
    new = without_ids(old)
    assert not [one.clip_id for one in left_out if one.clip_id in new]
    assert new.startswith("# Tone\n\nfrom x.csv: warm 2.\n\nLeft out: ")
    assert new.endswith("\n\n## Method (line 3)\n")
    assert without_ids(new) == new
    assert f"Left out: {'; '.join(left_out_counts(left_out))}." in new


@given(st.text())
def test_other_texts_stay_as_they_are(text: str) -> None:
    if "(line " not in text:
        assert without_ids(text) == text
