"""Samples and the pages of coders: reproducible, audible, and without a word of what a model said."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.privacy.byte_search import SearchTexts
from pipeline.privacy.erase_files import count_files, erase_files
from pipeline.results.study import StudyReader
from pipeline.results.validation.label_studio import interface, write_tasks
from pipeline.results.validation.page import order_of, write_page
from pipeline.results.validation.sample import Made, make_sample, read_sample
from pipeline.results.validation.scheme import EXAMPLE, read_scheme
from pipeline.study.config import Study
from tests.support.validation_study import validation_study

SCHEME = read_scheme(EXAMPLE)


def drawn_from(study: Study, name: str = "sample", kind: str = "region", seed: int = 1, size: int = 8) -> Made:
    with StudyReader(study.folder.published) as reader:
        return make_sample(reader, study.folder, name, kind, 0.05, size, seed)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_sample_is_a_table_with_weights_and_sound(tmp_path: Path) -> None:
    study = validation_study(tmp_path)
    made = drawn_from(study)
    with (made.sample.folder / "sample.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 8
    assert sum(float(line["weight"]) for line in lines) == pytest.approx(24)
    assert {line["tone"] for line in lines} <= {"angry", "happy", "neutral", "sad"}
    assert all((made.sample.folder / line["media"]).stat().st_size > 500 for line in lines)
    assert read_sample(study.folder, "sample") == made.sample
    with pytest.raises(UserError, match="sample"):
        drawn_from(study)
    again = drawn_from(study, "again")
    assert [one.sample_id for one in again.sample.units] == [one.sample_id for one in made.sample.units]
    clips = drawn_from(study, "clips", kind="clip", size=4)
    assert {one.start_s for one in clips.sample.units} == {None}
    page = write_page(made.sample, SCHEME, "A")
    _is_blind(page.read_text(encoding="utf-8"), made)
    tasks, _ = write_tasks(made.sample, SCHEME)
    _is_blind(tasks.read_text(encoding="utf-8"), made)
    assert [one.sample_id for one in order_of(made.sample, "A")] != [
        one.sample_id for one in order_of(made.sample, "B")
    ]
    _is_forgotten(study, made)


def _is_blind(text: str, made: Made) -> None:
    """No clip, no author, no weight and no score; the tones stand there once, as what may be answered."""
    plain = re.sub(r"base64,[A-Za-z0-9+/=]*", "", text)
    for one in made.sample.units:
        assert one.sample_id in plain
        assert one.clip_id not in plain
    for word in ("disagreement", "probability", "weight", "0.7", "author", "starter", "tiktok", "youtube"):
        assert word not in plain.replace("font-weight", "")
    assert plain.count('"angry"') <= 1


def _is_forgotten(study: Study, made: Made) -> None:
    gone = made.sample.units[0].clip_id
    assert count_files(study.folder, {gone}, SearchTexts({})).files["validation"] >= 4
    erase_files(study.folder, {gone}, SearchTexts({}))
    left = read_sample(study.folder, "sample").units
    assert {one.clip_id for one in left} == {one.clip_id for one in made.sample.units} - {gone}
    assert len(list((made.sample.folder / "media").iterdir())) == len(left)
    assert not list(made.sample.folder.glob("coder-*.html"))


@pytest.mark.slow
def test_without_sound_there_is_no_page_and_a_reason(tmp_path: Path) -> None:
    made = drawn_from(validation_study(tmp_path, 2, audible=False))
    assert set(made.silent) == {one.clip_id for one in made.sample.units}
    with pytest.raises(UserError, match="keep_audio"):
        write_page(made.sample, SCHEME, "A")
    with pytest.raises(UserError, match="Anna"):
        write_page(made.sample, SCHEME, "Anna B")


def test_the_interface_of_label_studio_has_each_question() -> None:
    text = interface(SCHEME, with_words=True)
    assert text.count("<Choices ") == 2
    assert 'value="cant_tell"' in text
    assert json.dumps("$audio") in text
