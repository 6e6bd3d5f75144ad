"""Answers of coders in the database: each mistake is one sentence, and the same file twice is once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.errors import UserError
from pipeline.results.validation.annotate import import_answers
from pipeline.results.validation.page import keep_scheme
from pipeline.results.validation.sample import SampledUnit, ValidationSample, write_units
from pipeline.results.validation.scheme import EXAMPLE, read_scheme
from pipeline.stages import STAGES
from pipeline.store.store import Store
from pipeline.study.folder import StudyFolder
from tests.support.validation_study import validation_study

SCHEME = read_scheme(EXAMPLE)
pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    """A study with a sample of four regions that has a page."""
    study = validation_study(tmp_path, 4, audible=False)
    place = study.folder.validation / "sample"
    place.mkdir(parents=True)
    groups = dict.fromkeys(("platform", "language", "week", "music", "tone", "disagreement"), "x")
    clips = [f"{'tiktok' if number % 3 else 'youtube'}:{number}" for number in range(4)]
    units = tuple(SampledUnit(f"id{n}", clip_id, 0, 0.0, 2.0, 2.0, None, groups) for n, clip_id in enumerate(clips))
    write_units(place / "sample.csv", units)
    (place / "draw.json").write_text('{"seed": 1}', encoding="utf-8")
    keep_scheme(ValidationSample("sample", place, 1, units, {}), SCHEME)
    return study.folder


def saved(folder: StudyFolder, coder: str = "A", tone: str = "sad", **changed: Any) -> Path:
    answers = [
        {"sample_id": f"id{n}", "values": {"tone": tone, "sure": 3}, "note": "", "at": "2026-03-02T10:00:00Z"}
        for n in range(4)
    ]
    content = {
        "format": "cliptone-labels", "version": 1, "sample": "sample", "scheme_sha256": SCHEME.sha256, "coder": coder,
        "answers": answers,
    } | changed  # fmt: skip
    path = folder.root / f"{coder}-{tone}-{len(str(changed))}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def stored(folder: StudyFolder, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder.published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_answers_are_stored_once_and_replaced_when_asked(folder: StudyFolder) -> None:
    first, second = saved(folder), saved(folder, "B", "cant_tell")
    assert [one.new for one in import_answers(folder, [first, second])] == [True, True]
    counts = "SELECT coder, question, count(label), count(value), count(*) FROM annotations GROUP BY ALL ORDER BY ALL"
    before = stored(folder, counts)
    assert before == [("A", "sure", 0, 4, 4), ("A", "tone", 4, 4, 4), ("B", "sure", 0, 4, 4), ("B", "tone", 0, 0, 4)]
    assert [one.new for one in import_answers(folder, [second, first, first])] == [False, False]
    assert stored(folder, counts) == before
    other = saved(folder, "A", "happy")
    with pytest.raises(UserError, match="--replace"):
        import_answers(folder, [other])
    import_answers(folder, [other], replace=True)
    assert stored(folder, "SELECT DISTINCT label FROM annotations WHERE coder = 'A' AND label IS NOT NULL") == [
        ("happy",)
    ]
    assert stored(folder, counts) == before
    with Store(folder.working, STAGES) as store:
        store.delete(["tiktok:1"])
        store.publish(folder.published)
    assert stored(folder, "SELECT count(*) FROM annotations") == [(12,)], "they go with their clip"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"sample": "other"}, "other"),
        ({"scheme_sha256": "0"}, "scheme"),
        ({"format": "x"}, "no file of answers"),
        ({"coder": "Anna Bauer"}, "no file of answers"),
        ({"answers": [{"sample_id": "nobody", "values": {}}]}, "nobody"),
        ({"answers": [{"sample_id": "id0", "values": {"tone": "bored"}}]}, "bored"),
        ({"answers": [{"sample_id": "id0", "values": {"colour": "red"}}]}, "colour"),
        ({"answers": [{"sample_id": "id0", "values": {"sure": 9}}]}, "sure"),
        ({"answers": [3]}, "no file of answers"),
    ],
)
def test_each_mistake_is_named_and_stores_nothing(folder: StudyFolder, changed: dict[str, Any], named: str) -> None:
    wrong = saved(folder, **changed)
    with pytest.raises(UserError, match=named):
        import_answers(folder, [saved(folder, "B"), wrong])
    assert stored(folder, "SELECT count(*) FROM annotations") == [(0,)]


def test_a_coder_in_two_files_is_named(folder: StudyFolder) -> None:
    with pytest.raises(UserError, match="coder A answers twice"):
        import_answers(folder, [saved(folder), saved(folder, "A", "happy")])


def test_annotations_come_back_from_label_studio(folder: StudyFolder) -> None:
    def chosen(name: str, value: str) -> dict[str, Any]:
        return {"from_name": name, "type": "choices", "value": {"choices": [value]}}

    data = {"sample": "sample", "scheme_sha256": SCHEME.sha256}
    tasks = [
        {
            "data": {**data, "sample_id": f"id{n}"},
            "annotations": [
                {"completed_by": who, "result": [chosen("tone", "sad"), chosen("sure", "4")]}
                for who in (7, {"id": 8, "email": "anna@example.org"})
            ],
        }
        for n in range(4)
    ]
    path = folder.root / "export.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    assert {(one.coder, one.sounds) for one in import_answers(folder, [path])} == {("L7", 4), ("L8", 4)}
    assert stored(folder, "SELECT count(*) FROM annotations WHERE value = 4 AND question = 'sure'") == [(8,)]
