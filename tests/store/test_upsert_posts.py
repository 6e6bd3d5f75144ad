"""Enrolment: many places name one clip, each field comes from whoever is believed most, and nothing is stored twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.records import ClipRow, ExposureRow, ImportRow, ObservationRow, ProvenanceRow, Source
from pipeline.records.post import Enrolment, Place, Post
from pipeline.records.runs import SourceRow
from pipeline.stages import STAGES
from pipeline.store.store import Store
from pipeline.store.upsert_posts import Enrolled, add_import

WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILE = Place("export 1", "a" * 64, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "study.duckdb", STAGES)
    yield opened
    opened.close()


@pytest.fixture
def enrol(store: Store) -> Callable[..., Enrolled]:
    """Enrol named posts in one pass, without pseudonyms."""

    def enrol(*found: Enrolment, start: int = 0) -> Enrolled:
        return store.enrol(found, None, start)

    return enrol


def named(source: str = "zeeschuimer", place: Place = FILE, kind: str = "url", **fields: object) -> Enrolment:
    post = Post(source=source, platform="tiktok", post_id="1", url="https://www.tiktok.com/@_/video/1")
    return Enrolment("tiktok:1", Source(kind, post.url or "", ""), dataclasses.replace(post, **fields), place)


def the_clip(store: Store) -> ClipRow:
    (clip,) = store.tables.read(ClipRow)
    return clip


def test_each_field_comes_from_whoever_states_it(store: Store, enrol: Callable[..., Enrolled]) -> None:
    found = enrol(
        named("url", Place("urls 1")),
        named("csv", caption="words", posted_at=WHEN, posted_precision="day"),
        named("zeeschuimer", author_id="68", duration_s=6.0),
    )
    clip = the_clip(store)
    assert (found.listed, found.new) == (1, ["tiktok:1"])
    assert (clip.caption, clip.posted_precision, clip.author_key, clip.declared_duration_s) == ("words", "day", "68", 6)
    assert clip.field_sources == {
        "url": "zeeschuimer", "caption": "csv", "posted_at": "csv", "author_key": "zeeschuimer",
        "declared_duration_s": "zeeschuimer",
    }  # fmt: skip


def test_among_equals_the_last_one_is_believed_and_an_address_never_over_a_file(
    store: Store, enrol: Callable[..., Enrolled]
) -> None:
    enrol(named("csv", caption="one"), named("zeeschuimer", caption="two #bag"))
    enrol(named("url", Place("urls 1")), named("tiktok_donation", Place("export 2")))
    clip = the_clip(store)
    assert (clip.caption, clip.hashtags, clip.field_sources["caption"]) == ("two #bag", ("bag",), "zeeschuimer")
    assert clip.field_sources["url"] == "zeeschuimer"


def test_what_the_platform_said_is_not_replaced_by_an_export(store: Store, enrol: Callable[..., Enrolled]) -> None:
    enrol(named("yt_dlp", caption="as it stands"))
    enrol(named("zeeschuimer", caption="as it stood"))
    assert the_clip(store).caption == "as it stands"


@pytest.mark.parametrize(("source", "left"), [("csv", None), ("info_json", None), ("zeeschuimer", "words")])
def test_a_researchers_own_file_takes_back_its_word_and_a_partial_export_does_not(
    store: Store, enrol: Callable[..., Enrolled], source: str, left: str | None
) -> None:
    enrol(named(source, caption="words"))
    changed = enrol(named(source, Place("export 1", "b" * 64, 1)))
    assert the_clip(store).caption == left
    assert changed.changed_captions == (["tiktok:1"] if left is None else [])


def test_a_file_beats_an_address_and_an_address_a_post(store: Store, enrol: Callable[..., Enrolled]) -> None:
    for kinds, best in ((("post", "url"), "url"), (("file", "post"), "file"), (("url",), "file")):
        enrol(*(named(kind=kind) for kind in kinds))
        assert [row.kind for row in store.tables.read(SourceRow)] == [best]


def test_every_place_is_remembered_once_with_the_day_it_was_first_seen(
    store: Store, enrol: Callable[..., Enrolled]
) -> None:
    places = [Place("urls 1"), FILE, Place("export 1", "a" * 64, 2), Place("export 2", "a" * 64, 1)]
    enrol(*(named(place=place) for place in places))
    before = store.tables.read(ProvenanceRow)
    assert len(before) == len(places)
    enrol(*(named(place=place) for place in places))
    assert store.tables.read(ProvenanceRow) == before


def test_a_newer_reader_renews_the_version_of_a_place(store: Store, enrol: Callable[..., Enrolled]) -> None:
    enrol(named(), named(place=Place("urls 1")))
    before = {row.source: row for row in store.tables.read(ProvenanceRow)}
    enrol(named(place=dataclasses.replace(FILE, format_version=2)))
    after = {row.source: row for row in store.tables.read(ProvenanceRow)}
    assert len(store.tables.read(ProvenanceRow)) == 2
    assert after["urls 1"] == before["urls 1"]
    assert after["export 1"].format_version == 2
    assert after["export 1"].first_seen_at == before["export 1"].first_seen_at


def test_counts_of_several_times_are_kept_and_read_again_add_nothing(
    store: Store, enrol: Callable[..., Enrolled]
) -> None:
    seen = [named(counted_at=WHEN.replace(hour=hour), counts={"views": hour}) for hour in (9, 8, 9)]
    enrol(*seen)
    enrol(*seen)
    assert [row.views for row in store.tables.read(ObservationRow)] == [8, 9]
    enrol(named())
    assert len(store.tables.read(ObservationRow)) == 2, "no counts is not a count"


def test_reading_the_same_again_is_no_news(store: Store, tmp_path: Path, enrol: Callable[..., Enrolled]) -> None:
    found = [named(caption="words", counts={"views": 1}), named("csv", Place("folder 1"), caption="other")]
    enrol(*found)
    store.publish(tmp_path / "published.duckdb")
    again = enrol(*found)
    assert (again.new, again.changed_captions, again.changed_files) == ([], [], [])
    assert not store.unpublished


# ---------------------------------------------------------------- files that were read


def imported(sha256: str, version: int = 1, new: int = 1) -> ImportRow:
    return ImportRow(sha256, "x.ndjson", "zeeschuimer", version, WHEN, 1, 0, 0, new)


def test_a_file_is_noted_once_and_again_when_a_newer_reader_reads_it(store: Store) -> None:
    with store.change():
        for row in (imported("a"), imported("a", new=0), imported("b"), imported("a", version=2)):
            add_import(store.tables, row, [])
    found = store.tables.read(ImportRow)
    assert [(row.file_sha256, row.format_version) for row in found] == [("a", 1), ("a", 2), ("b", 1)]
    assert found[0].new_posts == 1, "what it was when it was first read"


def test_exposures_are_kept_once_and_only_of_clips_that_the_study_holds(
    store: Store, enrol: Callable[..., Enrolled]
) -> None:
    enrol(named())
    seen = [
        ExposureRow("donor", "tiktok:1", "watched", WHEN, "a", 1),
        ExposureRow("donor", "tiktok:1", "watched", WHEN, "a", 2),
        ExposureRow("donor", "tiktok:1", "liked", None, "a", 3),
        ExposureRow("donor", "tiktok:2", "watched", WHEN, "a", 4),
    ]
    with store.change():
        add_import(store.tables, imported("a"), seen)
        add_import(store.tables, imported("b"), seen)
    found = store.tables.read(ExposureRow)
    assert [(row.clip_id, row.kind, row.seen_at is None) for row in found] == [
        ("tiktok:1", "liked", True),
        ("tiktok:1", "watched", False),
    ]
