"""People and posts are understood however they are written, and their clips are found."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.privacy.subjects import Account, Named, SubjectMatches, find, read_author, read_clip, read_list, read_name
from pipeline.records import Source
from pipeline.records.post import Post, Provenance, SourcedPost
from pipeline.records.pseudonyms import author_keys, author_tombstone, tombstone, tombstones_of
from pipeline.records.runs import SourceRow
from pipeline.run.pseudonymise import post_rows
from pipeline.sources.read import read_sources
from pipeline.stages import STAGES
from pipeline.store.store import Store
from pipeline.study.keys import key_for
from tests.support.people_study import AUTHORS, POSTS_EACH, author_id, clip_id, people_study, post_id

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("@anna.smith", Account("anna.smith")),
        (" tiktok:@anna ", Account("anna", "tiktok")),
        ("https://www.tiktok.com/@anna.smith?lang=en", Account("anna.smith", "tiktok")),
        ("https://www.instagram.com/anna.smith/", Account("anna.smith", "instagram")),
        ("https://www.youtube.com/@anna/shorts", Account("anna", "youtube")),
        ("https://www.youtube.com/channel/UC1234", Account("UC1234", "youtube")),
    ],
)
def test_accounts_are_read_however_they_are_written(text: str, account: Account) -> None:
    assert read_name(text) == read_author(text) == Named(accounts=frozenset({account}))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://www.tiktok.com/@anna/video/7312345678901234567", "tiktok:7312345678901234567"),
        ("https://www.instagram.com/reel/C1a-b_2/", "instagram:C1a-b_2"),
        ("tiktok:7312345678901234567", "tiktok:7312345678901234567"),
        ("file:first wave/clip 1.mp4", "file:first wave/clip 1.mp4"),
    ],
)
def test_posts_are_read_however_they_are_written(text: str, name: str) -> None:
    assert read_name(text) == read_clip(text) == Named(frozenset({name}))


def test_a_bare_word_is_an_account_where_one_is_asked_for_and_nothing_in_a_list() -> None:
    assert read_author("anna") == Named(accounts=frozenset({Account("anna")}))
    for text in ("anna", "7312345678901234567", "https://example.org/x"):
        with pytest.raises(UserError, match="platform:@handle"):
            read_name(text)


def test_accounts_and_posts_are_not_mixed_up() -> None:
    with pytest.raises(UserError, match="--clip"):
        read_author("https://www.tiktok.com/@anna/video/7312345678901234567")
    with pytest.raises(UserError, match="--author"):
        read_clip("@anna")


def test_a_mistake_in_a_list_names_the_line_and_repeats_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("# who wrote to us\n@anna\n\ntiktok:73\nanna.secret.name\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 5") as caught:
        read_list(path)
    assert "anna.secret.name" not in str(caught.value)
    path.write_text("# nobody yet\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"list\.txt"):
        read_list(path)
    with pytest.raises(UserError, match=r"none\.txt"):
        read_list(tmp_path / "none.txt")


@pytest.fixture(scope="module")
def found_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, bytes, list[SourcedPost]]]:
    study = people_study(tmp_path_factory.mktemp("people"))
    store = Store(study.folder.working, STAGES)
    yield store, key_for(study.file.name), list(read_sources(study).sourced_posts)
    store.close()


Known = tuple[Store, bytes, list[SourcedPost]]


@pytest.mark.parametrize(
    "name",
    [
        AUTHORS[1],
        f"@{AUTHORS[1].lower()}",
        f"tiktok:@{AUTHORS[1]}",
        f"https://www.tiktok.com/@{AUTHORS[1]}",
        author_id(1),
    ],
)
def test_an_author_is_found_by_handle_url_and_id(found_in: Known, name: str) -> None:
    found = find(found_in[0], read_author(name), found_in[1], found_in[2])
    assert found.clip_ids == {clip_id(1, post) for post in range(POSTS_EACH)}


def test_without_the_sources_the_handle_in_one_url_leads_to_all_their_posts(found_in: Known) -> None:
    """As in a database of a version that left no other name of an author."""
    store, key, _ = found_in
    with store.change():
        places = store.tables.read(SourceRow, [clip_id(2, post) for post in range(POSTS_EACH)])
        store.tables.replace([dataclasses.replace(place, author_alias=None) for place in places])
        store.tables.script("DELETE FROM author_names WHERE name <> author_key")
    assert not find(store, read_author(AUTHORS[2]), key, ()).clip_ids
    (place,) = store.tables.read(SourceRow, [clip_id(2, 0)])
    with store.change():
        url = f"https://www.tiktok.com/@{AUTHORS[2]}/video/{post_id(2, 0)}"
        store.tables.replace([dataclasses.replace(place, kind="url", location=url)])
    found = find(store, read_author(AUTHORS[2]), key, ())
    assert found.clip_ids == {clip_id(2, post) for post in range(POSTS_EACH)}


@pytest.mark.parametrize("key", [b"k" * 32, None])
@pytest.mark.parametrize("name", ["@ann.tv", "Ann.TV", "tiktok:@ann.tv", "https://www.tiktok.com/@ann.tv"])
def test_an_author_with_an_id_is_found_by_handle_in_what_was_imported(
    tmp_path: Path, key: bytes | None, name: str
) -> None:
    """Nothing states the handle any more: the file was imported, and its rows have no URL with it."""
    rows = [("1", "ann.tv", "68"), ("2", "Ann.TV", None), ("3", "@ann.tv", "68"), ("4", "ben", "69"), ("5", None, "68")]
    posts = [Post("csv", "tiktok", number, author=handle, author_id=known) for number, handle, known in rows]
    place = Source("post", "", "")
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        found = [SourcedPost(f"tiktok:{one.post_id}", place, one, Provenance("import", "a" * 64, 1)) for one in posts]
        store.upsert_posts(post_rows(found, key))
        theirs = find(store, read_author(name), key, ())
        assert theirs.clip_ids == {"tiktok:1", "tiktok:2", "tiktok:3", "tiktok:5"}
        assert key is None or not any("ann" in str(row).lower() for row in store.tables.read(SourceRow))


def test_an_account_of_another_platform_is_another_person(found_in: Known) -> None:
    assert not find(found_in[0], read_author(f"youtube:@{AUTHORS[1]}"), found_in[1], found_in[2]).clip_ids


def test_whoever_is_not_there_has_pseudonyms_to_bury(found_in: Known) -> None:
    found = find(found_in[0], read_author("@never.seen"), found_in[1], found_in[2])
    assert found == SubjectMatches(frozenset(), found.author_keys, frozenset({"never.seen"}))
    assert author_keys("tiktok", {"never.seen"}, found_in[1]) <= found.author_keys


@pytest.mark.parametrize("key", [KEY, None])
@pytest.mark.parametrize(
    "post",
    [
        Post(source="csv", platform="tiktok", author="Anna.S"),
        Post(source="csv", platform="tiktok", author="@anna.s", author_id="68123"),
        Post(source="csv", platform="tiktok", author_id="anna.s"),
        Post(source="url", platform="tiktok", url="https://www.tiktok.com/@Anna.S/video/7312345678901234567"),
    ],
)
def test_a_tombstoned_author_is_known_again_in_every_way_of_writing(key: bytes | None, post: Post) -> None:
    tombstones = {author_tombstone(one, key) for one in author_keys("tiktok", {"Anna.S"}, key)}
    one = SourcedPost("tiktok:1", Source("url", "", ""), post, Provenance("s"))
    assert tombstones_of(one, key) & tombstones
    assert not tombstones_of(one, b"another key") & tombstones
    assert not any("anna" in each.lower() for each in tombstones)


def test_a_tombstoned_post_is_known_again_and_another_is_not() -> None:
    tombstones = {tombstone(clip_id(0, 0), KEY)}
    for name, expected in ((clip_id(0, 0), True), (clip_id(0, 1), False)):
        one = SourcedPost(
            name, Source("url", "", ""), Post(source="csv", platform="tiktok", author="b"), Provenance("s")
        )
        assert bool(tombstones_of(one, KEY) & tombstones) is expected


def test_an_author_of_the_same_name_on_another_platform_is_not_tombstoned() -> None:
    tombstones = {author_tombstone(one, KEY) for one in author_keys("tiktok", {"anna"}, KEY)}
    post = Post(source="csv", platform="youtube", author="anna", post_id=post_id(0, 0))
    one = SourcedPost("youtube:1", Source("url", "", ""), post, Provenance("s"))
    assert not tombstones_of(one, KEY) & tombstones
