"""Which texts are others' too is told from what is left of the forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipeline.privacy.receipt import in_rows_of_others
from pipeline.store.tables import Tables

KEY = {"author key": {"author_12"}}


@pytest.fixture
def tables() -> Iterator[Tables]:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE clips (clip_id VARCHAR, author_key VARCHAR, names VARCHAR[])")
        connection.execute("CREATE TABLE publications (publication BIGINT)")
        yield Tables(connection)


def store(tables: Tables, *cells: str) -> None:
    tables.connection.executemany("INSERT INTO clips (author_key) VALUES (?)", [[cell] for cell in cells])


def test_a_part_of_longer_names_of_others_is_theirs_too(tables: Tables) -> None:
    store(tables, "author_123", "author_129", "coauthor_12", "author_13")
    cells, shared = in_rows_of_others(tables, KEY)
    assert shared == KEY
    assert cells == {"author key, as a part of other names, in clips.author_key": 3}


@pytest.mark.parametrize(
    "left", ["author_12", "author_12: a bug", "see author_12.", "(author_12)", "@author_12/video", "é author_12 é"]
)
def test_what_stands_by_itself_is_left_of_the_forgotten(tables: Tables, left: str) -> None:
    store(tables, "author_123", left)
    assert in_rows_of_others(tables, KEY)[1] == {}


def test_one_column_with_longer_names_does_not_excuse_another(tables: Tables) -> None:
    tables.connection.execute("INSERT INTO clips (clip_id, author_key) VALUES ('left: author_12', 'author_123')")
    assert in_rows_of_others(tables, KEY)[1] == {}


@pytest.mark.parametrize("longer", ["file:clip_1.b", "file:clip_1-2", "file:clip_1é", "file:clip_10"])
def test_names_of_files_end_where_the_name_ends(tables: Tables, longer: str) -> None:
    store(tables, longer)
    assert in_rows_of_others(tables, {"clip id": {"file:clip_1"}})[1] == {"clip id": {"file:clip_1"}}


def test_lists_are_looked_through(tables: Tables) -> None:
    tables.connection.execute("INSERT INTO clips (names) VALUES (['x', 'author_12'])")
    assert in_rows_of_others(tables, KEY)[1] == {}


def test_what_others_say_too_is_theirs_wherever_it_stands(tables: Tables) -> None:
    store(tables, "as anna.smith_92 said")
    cells, shared = in_rows_of_others(tables, {"handle": {"anna.smith_92"}, "text": {"nobody else says this at all"}})
    assert shared == {"handle": {"anna.smith_92"}}
    assert cells == {"handle in clips.author_key": 1}
