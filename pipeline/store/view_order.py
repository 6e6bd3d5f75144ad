"""The order in which views are made: each after those that it selects from, as its own SQL says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Any

import duckdb

from pipeline.errors import StoreError
from pipeline.store.queries import Query


@cache
def in_order(queries: tuple[Query, ...]) -> Mapping[Query, frozenset[str]]:
    """These queries, each after those among them that it reads, with the names of all tables and views that it reads.

    Raises `StoreError` where some read each other in a circle.
    """
    named = {query.name: query for query in queries}
    with duckdb.connect() as parser:
        reads = {name: relations_of(parser, query.sql) for name, query in named.items()}
    try:
        names = TopologicalSorter({name: sorted(reads[name] & named.keys()) for name in named}).static_order()
        return MappingProxyType({named[name]: reads[name] for name in names})
    except CycleError as error:
        circle = " reads ".join(reversed(error.args[1]))
        raise StoreError(f"these views read each other in a circle: {circle}") from error


def relations_of(parser: duckdb.DuckDBPyConnection, sql: str) -> frozenset[str]:
    """The tables and views that a statement reads, by DuckDB's own parser; steps of its WITH do not count."""
    parsed = parser.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchall()[0][0]
    tree: Any = json.loads(parsed)
    if tree["error"]:
        raise StoreError(f"this SQL is no query: {tree['error_message']}")
    read: set[str] = set()
    steps: set[str] = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            steps.update(step["key"] for step in node.get("cte_map", {}).get("map", ()))
            if node.get("type") == "BASE_TABLE":
                read.add(node["table_name"])
    return frozenset(read - steps)
