"""The scanner finds each kind of leak by itself, whatever the rules of levels say."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.errors import UserError
from pipeline.records import ClipRow, TranscriptRow
from pipeline.results.export import levels
from pipeline.results.export.build import ExportOptions, export_study
from pipeline.results.export.leaks import Identifiers, find_leaks, needles
from pipeline.results.export.levels import COLUMNS, Level, Rule
from pipeline.results.study import StudyReader
from pipeline.study.config import Study
from tests.support.export_study import HANDLE, SENTENCE, author, post_id

KNOWN = Identifiers(
    ids=frozenset({"tiktok:7300000000000000001", "7300000000000000001", "dQw4w9WgXcQ", "7"}),
    accounts=frozenset({"anna_k"}),
    texts=frozenset({("look", "at", "this"), ("one", "two", "three", "four", "five")}),
)


def kinds(*values: object, level: Level = Level.SHAREABLE, column: str = "c", kind: pa.DataType | None = None) -> set:
    rows = pa.table({column: pa.array(values, kind)})
    return {leak.kind for leak in find_leaks("t", rows, level, KNOWN)}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("seen at https://example.org/x", "URL"),
        ("www.example.org", "URL"),
        ("tiktok.com/x", "URL"),
        ("hi @somebody", "handle"),
        ("Anna_K", "handle"),
        ("dQw4w9WgXcQ", "post id"),
        ("the post 7300000000000000001 is gone", "post id"),
        ("youtube:abc", "post id"),
        ("7", "post id"),
        ("file:clips/me.mp4", "place on a disk"),
        ("cannot open /home/me/x", "place on a disk"),
        ("LOOK  at this!", "text"),
        ("and zero one two three four five six", "text"),
        ("2026-03-02T09:15:00Z", "exact time"),
        ('{"why": ["look at this"]}', "text"),
        ('["anna_k"]', "handle"),
    ],
)
def test_each_kind_is_found_in_text(text: str, kind: str) -> None:
    assert kind in kinds(text)


def test_it_looks_into_lists_maps_and_whole_numbers() -> None:
    assert kinds(["fine", "anna_k"]) == {"handle"}
    assert kinds([("anna_k", 0.5)], kind=pa.map_(pa.string(), pa.float64())) == {"handle"}
    assert kinds(7300000000000000001) == {"post id"}
    assert kinds(7, None) == set()


def test_times_are_no_finer_than_weeks() -> None:
    assert kinds(datetime(2026, 3, 2)) == {"exact time"}  # noqa: DTZ001
    assert kinds(date(2026, 3, 3)) == {"exact time"}
    assert kinds(date(2026, 3, 2), None) == set()


def test_ordinary_values_raise_no_alarm() -> None:
    assert (
        kinds("angry", "en", "music_over_speech", "speechbrain/emotion@1", '{"torch": "2.13.0"}', None, "", "a b")
        == set()
    )


def test_at_restricted_texts_may_leave_and_bare_handles_may_not() -> None:
    assert kinds("look at this https://x.example by @user_abcdefgh", level=Level.RESTRICTED) == set()
    assert kinds("by @anna", level=Level.RESTRICTED) == {"handle"}
    assert kinds("anna", level=Level.RESTRICTED, column="author_key") == {"handle"}
    assert kinds(["anna"], level=Level.RESTRICTED, column="mentions") == {"handle"}
    assert kinds("a" * 26, level=Level.RESTRICTED, column="author_key") == set()


def test_the_needles_of_a_study_are_its_ids_accounts_and_texts(made: Study) -> None:
    reader = StudyReader(made.folder.published)
    known = needles(reader, Level.SHAREABLE)
    reader.close()
    assert {f"tiktok:{post_id(3)}", post_id(3), "file:home/anna.smith_92.mp4"} <= known.ids
    assert int(post_id(3)) in known.numbers
    assert author(0) in known.accounts
    assert tuple(SENTENCE.split()[:5]) in known.texts
    assert "tiktok" not in known.ids | known.accounts  # a platform, whoever bears its name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "column", "found"),
    [
        (ClipRow, "caption", ("text", "handle")),
        (ClipRow, "url", ("URL",)),
        (ClipRow, "sound_id", ("post id",)),
        (ClipRow, "sound_title", ("text",)),
        (ClipRow, "mentions", ("handle",)),
        (ClipRow, "author_key", ("handle",)),
        (ClipRow, "posted_at", ("exact time",)),
        (ClipRow, "clip_id", ("post id",)),
        (TranscriptRow, "text", ("text",)),
    ],
)
@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_wrongly_classified_column_stops_the_export(
    made: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type, column: str, found: tuple[str], form: str
) -> None:
    """Whatever the one place says: what must not leave does not, and nothing is left behind."""
    rest = {
        rule: " ".join(name for name in names.split() if name != column) for rule, names in COLUMNS[kind.table].items()
    }
    wrong = {**rest, Rule.CODE: f"{rest.get(Rule.CODE, '')} {column}"}
    monkeypatch.setattr(levels, "COLUMNS", {**COLUMNS, kind.table: wrong})
    with pytest.raises(UserError) as refused:
        export_study(made, ExportOptions(form=form, folder=tmp_path / "out"))
    sentence = str(refused.value)
    for one in found:
        assert f"{kind.table}.{column}: {one}" in sentence
    assert HANDLE not in sentence
    assert post_id(1)[:8] not in sentence
    assert SENTENCE not in sentence
    assert list(tmp_path.iterdir()) == []
