"""Views are made after those that they select from, as their own SQL says."""

from __future__ import annotations

import duckdb
import pytest

from pipeline.errors import StoreError
from pipeline.results.codebook import ORIGINS
from pipeline.store import schema
from pipeline.store.queries import Query, read_queries
from pipeline.store.view_order import in_order, relations_of


def view(name: str, *read: str) -> Query:
    return Query(name, "", "SELECT 1 AS one" + "".join(f" UNION ALL SELECT one FROM {other}" for other in read), ())


def test_a_view_comes_after_those_that_it_reads() -> None:
    views = in_order((view("a", "b", "c"), view("b", "c", "words"), view("c"), view("d", "a")))
    assert [query.name for query in views] == ["c", "b", "a", "d"]
    assert [sorted(read) for read in views.values()] == [[], ["c", "words"], ["b", "c"], ["a"]]


def test_views_that_read_each_other_are_an_error() -> None:
    with pytest.raises(StoreError, match=r" a reads b reads c reads a$"):
        in_order((view("a", "b"), view("b", "c"), view("c", "a"), view("d")))
    with pytest.raises(StoreError, match=r" a reads a$"):
        in_order((view("a", "a"),))


def test_relations_are_what_is_read_and_no_step() -> None:
    sql = """
        WITH lost AS (SELECT clip_id FROM clips WHERE clip_id IN (SELECT clip_id FROM failures)),
        final AS (SELECT * FROM lost LEFT JOIN media ON media.clip_id IS NOT DISTINCT FROM lost.clip_id)
        SELECT *, (SELECT max(n) FROM range(3) AS numbers(n)), 'FROM words' FROM final, audio
    """
    with duckdb.connect() as parser:
        assert relations_of(parser, sql) == {"clips", "failures", "media", "audio"}
        with pytest.raises(StoreError, match="SELECT"):
            relations_of(parser, "DROP TABLE clips")


def test_tone_is_built_step_by_step() -> None:
    names = [
        query.name for query in in_order(tuple(query for query in read_queries().values() if not query.parameters))
    ]
    steps = ("tone_models", "tone_coverage", "clip_probabilities", "clip_tone_status", "clip_tone")
    assert [name for name in names if name in steps] == list(steps)


def test_a_view_that_is_wrong_is_no_stage_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    queries = {"wrong": Query("wrong", "what: wrong", "SELECT no_such_function(clip_id) AS x FROM clips", ())}
    monkeypatch.setattr(schema, "read_queries", lambda: queries)
    with duckdb.connect() as connection:
        schema.create_views(connection)
        assert connection.execute("SELECT count(*) FROM duckdb_views() WHERE view_name = 'wrong'").fetchall() == [(0,)]
        schema.create_tables(connection, ORIGINS)
        with pytest.raises(duckdb.CatalogException, match="no_such_function"):
            schema.create_views(connection)
