"""Authors are one author under each of their names, whatever the order and the spelling in which posts state them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.privacy.subjects import find, read_author
from pipeline.records import ClipRow, Source
from pipeline.records.post import Post, Provenance, SourcedPost
from pipeline.records.pseudonyms import author_keys, author_names, author_tombstone, clip_row, pseudonym, tombstone
from pipeline.records.runs import AuthorNameRow
from pipeline.run.pseudonymise import post_rows
from pipeline.run.shards.transfer import carry
from pipeline.stages import STAGES
from pipeline.store.store import Store

KEY = b"k" * 32
SPELLINGS = ("@ann.tv", "Ann.TV", "ann.tv ", " ＠ANN.tv", "ann.tv\u200b")
NAMES = [("ann.tv", "68"), *((spelling, None) for spelling in SPELLINGS), (None, "68"), ("Ann.TV", " 68")]


def a_post(number: object, author: str | None = None, author_id: str | None = None, source: str = "csv") -> SourcedPost:
    post = Post(source, "tiktok", str(number), author=author, author_id=author_id)
    return SourcedPost(f"tiktok:{number}", Source("url", "", ""), post, Provenance(f"{source} 1", "a" * 64, 1))


def take_in(store: Store, posts: Sequence[SourcedPost], key: bytes | None = KEY) -> None:
    store.upsert_posts(post_rows(posts, key))


def author_of(store: Store) -> dict[str, str | None]:
    return {row.clip_id.removeprefix("tiktok:"): row.author_key for row in store.tables.read(ClipRow)}


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.permutations(NAMES), st.integers(1, 4), st.sampled_from([KEY, None]))
def test_whoever_is_stated_by_id_and_handle_is_one_author_in_any_order(
    names: list[tuple[str | None, str | None]], batch: int, key: bytes | None
) -> None:
    posts = [a_post(number, *name) for number, name in enumerate(names)]
    with TemporaryDirectory() as folder, Store(Path(folder) / "study.duckdb", STAGES) as store:
        for first in range(0, len(posts), batch):
            take_in(store, posts[first : first + batch], key)
        take_in(store, [a_post("b", "ben", "69")], key)
        found = author_of(store)
        other = found.pop("b")
        assert len(set(found.values())) == 1
        assert other not in found.values()
        for name in ("ann.tv", "@ANN.tv", "68", "Ann.TV "):
            assert find(store, read_author(name), key, ()).clip_ids == {one.clip_id for one in posts}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_author_of_a_url_keeps_their_key_when_an_export_or_the_platform_knows_their_id(
    tmp_path: Path, spelling: str
) -> None:
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        take_in(store, [a_post(1, spelling, source="url"), a_post(2, spelling, source="url")])
        first = author_of(store)
        take_in(store, [a_post(1, "ann.tv", "68"), a_post(3, None, "68")])
        post = Post("yt_dlp", "tiktok", "2", author="ann.tv", author_id="68")
        with store.change():
            store.learn([clip_row("tiktok:2", post, KEY), *author_names(post, KEY)])
        assert author_of(store) == {**first, "3": first["1"]}


def test_two_ids_are_two_authors_though_a_handle_passed_from_one_to_the_other(tmp_path: Path) -> None:
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        take_in(store, [a_post(1, "ann", "68"), a_post(2, "anna", "68"), a_post(3, "ann", "70"), a_post(4, None, "70")])
        take_in(store, [a_post(5, "anna")])
        found = author_of(store)
        assert found["1"] == found["2"] == found["5"]
        assert found["3"] == found["4"] != found["1"]


@pytest.mark.slow
def test_a_handle_and_an_id_stored_apart_become_one_author_that_is_published(tmp_path: Path) -> None:
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        take_in(store, [a_post(1, "ann"), a_post(2, None, "68")])
        store.publish(tmp_path / "published.duckdb")
        before = author_of(store)
        assert before["1"] != before["2"]
        take_in(store, [a_post(3, "Ann", "68")])
        assert set(author_of(store).values()) == {before["2"]}
        store.publish(tmp_path / "published.duckdb")
    with duckdb.connect(str(tmp_path / "published.duckdb"), read_only=True) as published:
        assert published.execute("SELECT DISTINCT author_key FROM clips").fetchall() == [(before["2"],)]
        tables = published.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        assert ("author_names",) not in tables


def test_a_study_of_an_earlier_version_keeps_the_keys_of_its_authors(tmp_path: Path) -> None:
    """It took the id, or the handle as it was written."""
    older = {"1": "68", "2": "Ann.TV", "3": "@ben", "4": "70"}
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        take_in(store, [a_post(number, "anybody") for number in older])
        with store.change():
            rows = {row.clip_id: row for row in store.tables.read(ClipRow)}
            for number, account in older.items():
                row = dataclasses.replace(rows[f"tiktok:{number}"], author_key=pseudonym(KEY, "tiktok", account))
                store.tables.replace([row])
            store.tables.script("DROP TABLE author_names; UPDATE schema_version SET version = 4")
            store.tables.script("UPDATE sources SET author_alias = NULL")
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        before = author_of(store)
        take_in(store, [a_post(3, "@ben"), a_post(4, "cara", "70"), a_post(5, "Ben"), a_post(6, "CARA")])
        found = author_of(store)
        assert (found["3"], found["4"]) == (before["3"], before["4"]) == (found["5"], found["6"])
        take_in(store, [a_post(1, "Ann.TV", "68"), a_post(2, "Ann.TV")])
        found = author_of(store)
        assert found["1"] == found["2"] == before["1"]


def test_names_of_the_forgotten_go_and_their_posts_stay_out_under_each(tmp_path: Path) -> None:
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        take_in(store, [a_post(1, "ann", "68"), a_post(2, "ben", "69")])
        found = find(store, read_author("@ann"), KEY, ())
        tombstones = {author_tombstone(one, KEY) for one in found.author_keys}
        store.forget({"tiktok:1": tombstone("tiktok:1", KEY), **dict.fromkeys(())}, "decision")
        names = {row.name for row in store.tables.read(AuthorNameRow)}
        assert names == {pseudonym(KEY, "tiktok", "69"), pseudonym(KEY, "tiktok", "ben")}
        (by_id,) = post_rows([a_post(3, None, "68")], KEY)
        assert by_id.tombstones is not None
        assert by_id.tombstones & tombstones


def test_whoever_opted_out_by_handle_stays_out_by_the_id_that_a_post_shows(tmp_path: Path) -> None:
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        take_in(store, [a_post(1, "ben", "69")])
        keys = author_keys("tiktok", {"ann"}, KEY)
        with store.change():
            row = "INSERT INTO tombstones SELECT unnest($keys), now()::TIMESTAMP, 'opt_out', 'account'"
            store.tables.script(row, {"keys": [author_tombstone(one, KEY) for one in keys]})
        take_in(store, [a_post(2, "Ann", "68"), a_post(3, "ben")])
        take_in(store, [a_post(4, None, "68")])
        assert author_of(store).keys() == {"1", "3"}


def test_authors_of_shards_are_one_author_where_either_knows_both_names(tmp_path: Path) -> None:
    with Store(tmp_path / "shard.duckdb", STAGES) as shard:
        take_in(shard, [a_post(1, "ann"), a_post(2, "ann", "68"), a_post(3, "ben"), a_post(7, "ann_new", "68")])
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        take_in(store, [a_post(4, None, "68"), a_post(5, "cara")])
        carry(store, tmp_path / "shard.duckdb", STAGES, KEY)
        found = author_of(store)
        assert found["1"] == found["2"] == found["4"]
        assert len(set(found.values())) == 3
        take_in(store, [a_post(6, "@Ann"), a_post(8, "Ann_New")])
        assert author_of(store)["6"] == author_of(store)["8"] == found["4"]
