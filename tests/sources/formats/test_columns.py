"""Tables of other tools: their columns are recognised, the rest is named, and no cell says more than it knows."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.sentences import import_lines
from pipeline.errors import UserError
from pipeline.sources.formats import ImportResult, read
from pipeline.sources.formats.columns import COLUMNS, FOREIGN, SYNONYMS, choose_columns, further_columns, suggestion
from pipeline.sources.formats.hints import Hints
from pipeline.sources.formats.values import MISSING
from tests.sources.formats.test_formats import written
from tests.sources.formats.test_unknown import hints_of

URL = "https://www.tiktok.com/@ann.tv/video/7312345678901234567"
ID = "7312345678901234567"


def table(folder: Path, *rows: tuple[str, ...], hints: Hints | None = None) -> ImportResult:
    """What is read of a table whose first row holds the names."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return read(written(folder / "x.csv", text.getvalue().removesuffix("\n")), hints)


@given(st.sampled_from(sorted(SYNONYMS)), st.data())
def test_each_name_of_another_tool_is_taken_for_ours_in_any_spelling(ours: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(SYNONYMS[ours]))
    spelling = data.draw(st.sampled_from((name, name.upper(), name.replace("_", ""), name.replace("_", "."))))
    choice = choose_columns(["note", spelling])
    assert choice.used[ours] == spelling
    assert ours in choice.guessed
    assert choice.unused == ("note",)
    assert suggestion(spelling) == ours


def test_our_own_names_come_first_and_a_mapping_before_them() -> None:
    assert choose_columns(["text", "caption"]).used["caption"] == "caption"
    assert choose_columns(["text", "caption"], {"caption": "text"}).used["caption"] == "text"
    assert suggestion("captoin") == "caption"
    assert suggestion("zzz") is None
    assert set(SYNONYMS) <= set(COLUMNS)


def test_a_table_with_a_url_keeps_its_other_columns_and_names_the_rest(tmp_path: Path) -> None:
    head = ("url", "description", "digg_count", "Play Count", "author_unique_id", "author", "index")
    result = table(tmp_path, head, (URL, "hello", "5", "70", "ann.tv", "Ann the Great", "False"))
    (found,) = result.posts
    assert (found.post.caption, found.post.counts, found.post.author) == ("hello", {"likes": 5, "views": 70}, "ann.tv")
    assert result.columns is not None
    assert result.columns.unused == ("author", "index")


@pytest.mark.parametrize(("author", "said"), [("Ann the Great", 1), ("Ann", 1), ("ann.tv", 0), ("@Ann.TV", 0), ("", 0)])
def test_a_shown_name_never_becomes_a_handle(tmp_path: Path, author: str, said: int) -> None:
    (found,) = (result := table(tmp_path, ("url", "author"), (URL, author))).posts
    assert (found.post.author or "").removeprefix("@").lower() == "ann.tv", "the handle that the URL shows"
    assert len(result.notes) == said


@given(
    st.sampled_from(sorted(MISSING - {""})),
    st.sampled_from([name for name in COLUMNS if name not in ("url", "id", "platform")]),
)
def test_a_cell_that_says_unknown_is_unknown_in_every_column(
    tmp_path_factory: pytest.TempPathFactory, missing: str, column: str
) -> None:
    for spelling in {missing, missing.upper(), missing.capitalize()}:
        result = table(tmp_path_factory.mktemp("x"), ("platform", "id", column), ("tiktok", ID, spelling))
        (found,) = result.posts
        assert getattr(found.post, column, None) is None
        assert not found.post.counts
        assert not result.rejects
        assert not result.notes


@pytest.mark.parametrize(
    "cell", [f'="{ID}"', f"'{ID}", f'"{ID}"', ID], ids=["formula", "apostrophe", "quotes", "plain"]
)
def test_an_id_that_was_kept_from_a_spreadsheet_is_read(tmp_path: Path, cell: str) -> None:
    (found,) = table(tmp_path, ("platform", "id"), ("tiktok", cell)).posts
    assert found.post.post_id == ID


@pytest.mark.parametrize("cell", ["7.31E+18", "7312345678901234567.0", "7312345678901230000", "7312345678901234688"])
def test_an_id_that_was_rounded_is_rejected(tmp_path: Path, cell: str) -> None:
    result = table(tmp_path, ("platform", "id"), ("tiktok", cell))
    assert not result.posts
    (reject,) = result.rejects
    assert "digits" in reject.reason


def test_a_rounded_id_loses_against_the_url_and_the_row_says_so(tmp_path: Path) -> None:
    result = table(tmp_path, ("url", "id", "platform"), (URL, "7312345678901230000", "instagram"))
    (found,) = result.posts
    assert (found.post.platform, found.post.post_id) == ("tiktok", ID)
    assert [note.number for note in result.notes] == [2, 2]


def test_rounded_ids_of_authors_and_sounds_merge_nobody(tmp_path: Path) -> None:
    rows = [("tiktok", str(int(ID) + step), "6812345678901230000", "7012345678901234567") for step in range(3)]
    result = table(tmp_path, ("platform", "id", "author_id", "sound_id"), *rows)
    assert {(found.post.author_id, found.post.sound_id) for found in result.posts} == {(None, "7012345678901234567")}
    assert len(result.notes) == 3
    small = table(tmp_path, ("platform", "id", "author_id"), ("tiktok", ID, "68.0"))
    assert small.posts[0].post.author_id == "68", "a float that is exact"


def test_a_cell_of_any_length_costs_no_row(tmp_path: Path) -> None:
    big = "\n".join(f'{{"a": {number}}}' for number in range(30_000))
    result = table(tmp_path, ("url", "raw"), (URL, big), (URL.replace("567", "568"), "x"))
    assert len(result.posts) == 2
    assert not result.rejects


def test_a_recognised_column_that_holds_something_else_is_left_out_with_a_note(tmp_path: Path) -> None:
    result = table(tmp_path, ("url", "date", "likes"), (URL, "last week", "5"))
    (found,) = result.posts
    assert found.post.posted_at is None
    assert found.post.counts == {"likes": 5}
    assert "last week" in result.notes[0].sentence
    assert len(table(tmp_path, ("url", "posted_at"), (URL, "last week")).notes) == 1, "so is one of our own name"


@pytest.mark.parametrize(
    ("cell", "hints"),
    [
        ("31.01.2026 12:30", None),
        ("2026/01/31", None),
        ("31/01/26", Hints(date_format="%d/%m/%y")),
        ("1769862600000", None),
    ],
)
def test_dates_are_read_in_the_forms_that_have_one_meaning_or_as_stated(
    tmp_path: Path, cell: str, hints: Hints | None
) -> None:
    (found,) = table(tmp_path, ("url", "posted_at"), (URL, cell), hints=hints).posts
    assert found.post.posted_at is not None
    assert found.post.posted_at.date().isoformat() == "2026-01-31"
    (found,) = (result := table(tmp_path, ("url", "posted_at"), (URL, "01/02/2026"))).posts
    assert found.post.posted_at is None, "of two meanings"
    assert "date_format" in result.notes[0].reason


def test_a_table_in_another_encoding_is_read_when_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(f"url,caption\n{URL},schön\n".encode("cp1252"))
    assert "cp1252" in read(tmp_path / "x.csv").rejects[0].reason
    (found,) = read(tmp_path / "x.csv", Hints(encoding="cp1252")).posts
    assert found.post.caption == "schön"


def test_every_row_is_a_post_or_a_reject_and_repeats_are_counted(tmp_path: Path) -> None:
    rows = [(URL,), (f"{URL}?lang=de",), ("https://www.tiktok.com/@ann.tv",), ("https://example.org/",), ("",)]
    result = table(tmp_path, ("url",), *rows)
    assert (result.rows, len(result.posts), result.repeated, len(result.rejects)) == (5, 2, 1, 3)
    assert any("an account" in reject.reason for reject in result.rejects)


@pytest.mark.parametrize(
    ("written", "platform"), [("IG", "instagram"), ("insta", "instagram"), ("Tik Tok", "tiktok"), ("yt", "youtube")]
)
def test_other_names_of_platforms_are_known(tmp_path: Path, written: str, platform: str) -> None:
    ids = {"instagram": "DAbcdefghi3", "tiktok": "7312345678901234567", "youtube": "dQw4w9WgXcQ"}
    (found,) = table(tmp_path, ("platform", "id"), (written, ids[platform])).posts
    assert (found.post.platform, found.post.post_id) == (platform, ids[platform])


@pytest.mark.parametrize(("cell", "views"), [("1e+05", 100_000), ("1.2e+06", 1_200_000), ("2E5", 200_000)])
def test_whole_numbers_as_r_writes_them_are_read(tmp_path: Path, cell: str, views: int) -> None:
    (found,) = table(tmp_path, ("url", "views"), (URL, cell)).posts
    assert found.post.counts == {"views": views}


@pytest.mark.parametrize("number", ["17841405309211843", "17912345678901234", "18012345678901234"])
def test_an_id_of_the_graph_api_is_no_post(tmp_path: Path, number: str) -> None:
    result = table(tmp_path, ("platform", "id"), ("instagram", number))
    assert not result.posts
    assert "permalink" in result.rejects[0].reason


def test_an_encoding_that_nobody_knows_is_a_mistake() -> None:
    for unknown in ("klingon", "hex"):
        with pytest.raises(UserError, match=unknown):
            Hints(encoding=unknown)


def test_a_file_in_another_encoding_than_is_said_is_a_sentence(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "url,caption", f"{URL},words")
    with pytest.raises(UserError, match="utf-16"):
        read(path, Hints(encoding="utf-16"))


# ---------------------------------------------------------------- the lines before the rows


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("before", ["", "\n\n", "sep={mark}\r\n", '"sep={mark}"\n', "\n ,,\nSEP={mark}\n\n"])
def test_names_are_found_behind_empty_lines_and_the_line_of_a_spreadsheet(
    tmp_path: Path, mark: str, before: str
) -> None:
    lines = before.format(mark=mark) + mark.join(("platform", "id", "caption")) + "\n"
    (tmp_path / "x.csv").write_text(lines + mark.join(("tiktok", ID, '"a, b; c|d"')) + "\n", newline="")
    (found,) = read(tmp_path / "x.csv").posts
    assert (found.post.post_id, found.post.caption) == (ID, "a, b; c|d")
    assert found.number == lines.count("\n") + 1


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", " , ,\n;;\n", "[]", "{}", "null\n", "[ {} ]"])
@pytest.mark.parametrize("hints", [None, Hints(platform="tiktok"), Hints(donor="p01")])
def test_a_file_that_holds_nothing_is_said_to(tmp_path: Path, content: str, hints: Hints | None) -> None:
    (tmp_path / "x").write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"x (is empty|holds \S+ alone)\."):
        read(tmp_path / "x", hints)


@pytest.mark.parametrize("hints", [None, Hints(platform="tiktok"), Hints(columns={"url": URL})])
def test_a_table_without_names_is_not_read_by_its_first_row(tmp_path: Path, hints: Hints | None) -> None:
    path = written(tmp_path / "x.csv", f"{URL},hi,12", f"{URL[:-1]}8,ho,13")
    with pytest.raises(UserError, match="names of columns") as caught:
        read(path, hints)
    assert "--map" not in str(caught.value)
    with pytest.raises(UserError, match="url_file"):
        read(written(tmp_path / "x.txt", URL, URL))


# ---------------------------------------------------------------- two columns of one name


@pytest.mark.parametrize(("cells", "views"), [(("5", "5"), 5), (("5", ""), 5), (("NA", "5"), 5), (("", ""), None)])
def test_two_columns_of_one_name_may_say_the_same(tmp_path: Path, cells: tuple[str, str], views: int | None) -> None:
    (found,) = table(tmp_path, ("url", "views", "views"), (URL, *cells)).posts
    assert found.post.counts == ({} if views is None else {"views": views})


def test_two_columns_of_one_name_that_differ_are_a_reject(tmp_path: Path) -> None:
    result = table(tmp_path, ("url", "views", "views"), (URL, "5", "6"), (URL, "5", "5"))
    assert [found.number for found in result.posts] == [3]
    assert "`views`" in result.rejects[0].reason
    unused = table(tmp_path, ("url", "note", "note", ""), (URL, "5", "6", "x"))
    assert len(unused.posts) == 1, "of what nobody reads, nothing is asked"


def test_cells_behind_the_last_name_may_be_empty(tmp_path: Path) -> None:
    result = table(tmp_path, ("url", "views"), (URL, "5", "", ""), (URL, "5", "x"))
    assert ([found.number for found in result.posts], [one.number for one in result.rejects]) == ([2], [3])


# ---------------------------------------------------------------- names in other languages


@given(st.sampled_from(sorted(FOREIGN)), st.data())
def test_a_name_in_another_language_is_suggested_and_not_taken(ours: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FOREIGN[ours]))
    spelling = data.draw(st.sampled_from((name, name.upper(), name.capitalize(), name.replace(" ", "_"))))
    choice = choose_columns(["URL", spelling] if ours != "url" else ["caption", spelling])
    assert spelling in choice.unused
    assert further_columns(choice).get(ours) == spelling


@pytest.mark.parametrize(
    "names", [("lien", "légende", "vues"), ("链接", "标题", "播放量"), ("Enlace", "Descripción", "Vistas")]
)
def test_a_table_in_another_language_is_read_by_the_command_it_is_given(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as caught:
        table(tmp_path, names, (URL, "words", "1 234"))
    (found,) = table(tmp_path, names, (URL, "words", "1 234"), hints=hints_of(str(caught.value))).posts
    assert (found.post.caption, found.post.counts) == ("words", {"views": 1234})


def test_what_is_not_used_is_said_with_the_mapping_that_takes_it(tmp_path: Path) -> None:
    result = table(tmp_path, ("Link", "Beschreibung", "Aufrufe", "Notiz"), (URL, "words", "5", "x"))
    said = import_lines(result, tmp_path / "x")
    assert "--map caption=Beschreibung --map views=Aufrufe" in said
    assert "Notiz" in said
    assert "=Notiz" not in said


def test_a_column_of_handles_is_taken_before_one_of_authors_in_any_spelling(tmp_path: Path) -> None:
    (found,) = table(tmp_path, ("Platform", "ID", "Author", "Username"), ("tiktok", ID, "Ann Smith", "ann")).posts
    assert found.post.author == "ann"


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "mac-roman"])
@pytest.mark.parametrize(
    "head", [("url", "caption"), ("id", "body", "author", "plays", "likes", "shares", "comments", "tiktok_url")]
)
def test_every_table_is_read_in_the_encoding_that_is_said(tmp_path: Path, encoding: str, head: tuple[str, ...]) -> None:
    row = dict.fromkeys(head, "1") | {"url": URL, "tiktok_url": URL, "caption": "schön\r\nda", "body": "schön\r\nda"}
    text = io.StringIO()
    csv.writer(text).writerows([head, [row[name] for name in head]])
    (tmp_path / "x.csv").write_bytes(text.getvalue().encode(encoding))
    (found,) = (result := read(tmp_path / "x.csv", Hints(encoding=encoding))).posts
    assert (found.post.caption, found.post.post_id, found.number, result.unit) == ("schön\r\nda", ID, 2, "line")
    (tmp_path / "x.json").write_text(json.dumps({"source_platform": "tiktok.com", "data": {"id": ID, "desc": "schön"}}))
    assert read(tmp_path / "x.json", Hints(encoding="cp1252")).posts[0].post.caption == "schön"
