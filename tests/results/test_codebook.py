"""The codebook: every column with its meaning and unit, from the database, in three forms."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import StoreError
from pipeline.records.runs import FingerprintRow
from pipeline.results.codebook import ORIGINS, Entry, Variable, codebook, columns_table, render
from pipeline.stages import STAGES
from pipeline.store import schema
from pipeline.store.queries import Query, read_queries
from tests.support.command import cliptone, mistake
from tests.support.small_study import row

HOSTILE = Entry("table", "t", "the study", "one row per `a`", "<script>alert(1)</script>", (),
                (Variable("a", "VARCHAR", True, "0–1", "x | y <b> `z`"),))  # fmt: skip


@pytest.fixture(scope="module")
def entries() -> dict[str, Entry]:
    return {entry.name: entry for entry in codebook()}


def test_every_table_says_what_its_rows_say(entries: dict[str, Entry]) -> None:
    for kind, origin in ORIGINS.items():
        entry = entries[kind.table]
        assert entry.kind == "table"
        assert entry.origin == origin
        assert entry.meaning == (kind.__doc__ or "").strip()
        assert all(f"`{name}`" in entry.grain for name in kind.grain)
        assert entry.variables == tuple(
            Variable(column.name, column.sql_type, column.nullable, column.unit, column.doc)
            for column in schema.columns(kind)
        )
    assert {entries[kind.table].origin for stage in STAGES for kind in stage.tables} == {
        f"stage `{stage.name}`" for stage in STAGES if stage.tables
    }


def test_every_view_has_the_meaning_of_its_header(entries: dict[str, Entry]) -> None:
    views = [query for query in read_queries().values() if not query.parameters]
    assert {entry.name for entry in entries.values() if entry.kind == "view"} == {query.name for query in views}
    for query in views:
        entry = entries[query.name]
        assert entry.meaning == query.summary
        assert entry.grain.startswith("one row a")
        assert [note.split(":")[0] for note in entry.notes] == ["unit", "caution"]


def variable(entry: Entry, name: str) -> Variable:
    return next(found for found in entry.variables if found.name == name)


def test_a_column_of_a_view_has_its_own_comment_or_that_of_its_source(entries: dict[str, Entry]) -> None:
    z = variable(entries["tone_by_author"], "z")
    assert (z.unit, z.meaning) == ("SD", "standard deviations above the author's mean; NULL with a reason")
    assert variable(entries["clip_overview"], "loudness_lufs").unit == "LUFS"
    source = variable(entries["transcripts"], "reason")
    assert variable(entries["clip_overview"], "text_reason").meaning == source.meaning, "renamed on the way"
    assert variable(entries["clip_overview"], "status").meaning != variable(entries["attempts"], "status").meaning


def test_a_step_that_is_named_as_a_table_lends_no_comment() -> None:
    sql = "WITH words AS (\n    SELECT 1 AS word\n),\nfinal AS (\n    SELECT\n        words.word\n    FROM words\n)"
    assert Query("q", "", sql, ()).column_origins == {}
    plain = sql.replace("WITH words", "WITH spoken").replace("words.word\n", "words.word,\n        a.b AS c -- d [s]\n")
    assert Query("q", "", plain, ()).column_origins == {"word": ("words", "word"), "c": ("a", "b")}
    assert Query("q", "", plain, ()).column_docs == {"c": "d [s]"}


def test_new_views_explain_each_column(entries: dict[str, Entry]) -> None:
    for name in ("attrition", "engagement", "tone_agreement", "tone_by_author", "tone_by_language", "tone_by_week",
                 "tone_disagreements", "tone_profile"):  # fmt: skip
        assert [found.name for found in entries[name].variables if not found.meaning] == []


@pytest.mark.slow
def test_comments_of_views_outlive_the_connection(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "study.duckdb")) as connection:
        schema.create_tables(connection, ORIGINS)
        schema.create_views(connection)
    assert codebook(tmp_path) == codebook()


def test_of_a_study_without_some_stages(tmp_path: Path) -> None:
    kept = [kind for kind in ORIGINS if kind.table not in ("emotions", "acoustics")]
    with duckdb.connect(str(tmp_path / "study.duckdb")) as connection:
        schema.create_tables(connection, kept)
        schema.create_views(connection)
        connection.execute("CREATE TABLE bare (a INT)")
    names = [entry.name for entry in codebook(tmp_path)]
    assert names[: len(kept)] == [kind.table for kind in kept], "tables stand in the order in which they are filled"
    assert {"clip_tone", "tone_profile", "bare"}.isdisjoint(names), "what says nothing of itself is left out"


def test_csv_has_one_line_a_column(entries: dict[str, Entry]) -> None:
    lines = list(csv.DictReader(io.StringIO(render(entries.values(), "csv"))))
    assert len(lines) == sum(len(entry.variables) for entry in entries.values())
    line = next(line for line in lines if (line["name"], line["column"]) == ("emotions", "probability"))
    assert (line["kind"], line["origin"], line["unit"], line["nullable"]) == ("table", "stage emotion", "0–1", "true")
    assert line["range"] == "0–1"
    assert line["grain"] == "one row per clip_id, region, model"


@pytest.mark.parametrize(
    ("unit", "sql_type", "wanted"),
    [
        ("0–1", "DOUBLE", "0–1"),
        ("-1–1", "DOUBLE", "-1–1"),
        ("0–1, CCC -1–1", "DOUBLE", "0–1 or -1–1"),
        ("count", "BIGINT", "0 or more"),
        ("", "BOOLEAN", "true or false"),
        ("LUFS", "DOUBLE", ""),
    ],
)
def test_the_range_of_a_column(unit: str, sql_type: str, wanted: str) -> None:
    assert Variable("a", sql_type, True, unit, "").range == wanted


def test_tables_name_the_models_behind_them(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "study.duckdb")) as connection:
        schema.create_tables(connection, ORIGINS)
        schema.create_views(connection)
        for fingerprint, current in (("new", True), ("old", False)):
            models = f'{{"starter": "{fingerprint}0123456789abcdef"}}'
            known = {"fingerprint": fingerprint, "stage": "emotion", "models": models, "is_current": current}
            schema.insert(connection, [row(FingerprintRow, **known)])
    found = {entry.name: entry for entry in codebook(tmp_path)}
    assert found["emotions"].models == ("starter (new012345678)",)
    assert found["words"].models == found["clip_tone"].models == ()
    assert "models: starter (new012345678)" in render([found["emotions"]], "md")
    lines = csv.DictReader(io.StringIO(render([found["emotions"]], "csv")))
    assert {line["models"] for line in lines} == {"starter (new012345678)"}


class Tags(HTMLParser):
    """The tags of a page in order, with those that are open at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_stands_alone_and_is_well_formed(entries: dict[str, Entry]) -> None:
    page = render(entries.values(), "html")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.seen.count("section") == len(entries)
    assert "http" not in page, "nothing is fetched"
    assert "<script" not in render([HOSTILE], "html")
    assert "x | y &lt;b&gt; <code>z</code>" in render([HOSTILE], "html")


def test_markdown_tables_keep_their_columns(entries: dict[str, Entry]) -> None:
    assert r"x \| y" in columns_table(HOSTILE)
    text = render(entries.values(), "md")
    assert text.count("\n## ") == len(entries)
    assert "| `loudness_lufs` | DOUBLE | LUFS |  |" in text
    assert "| `sentiment` | DOUBLE | -1–1 | -1–1 |" in text


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    done = cliptone("codebook", "--format", "html", "--output", "codebook.html", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "codebook.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert cliptone("codebook", cwd=tmp_path).stdout.startswith("# Codebook")
    assert "cliptone run STUDY.toml" in mistake(cliptone("codebook", "--study", ".", cwd=tmp_path))
    with pytest.raises(StoreError):
        codebook(tmp_path)


def test_every_column_of_every_view_has_its_meaning() -> None:
    bare = [(entry.name, variable.name) for entry in codebook() for variable in entry.variables if not variable.meaning]
    assert bare == []
