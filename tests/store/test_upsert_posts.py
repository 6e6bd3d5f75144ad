"""Enrolment: many places name one clip, each field comes from whoever is believed most, and nothing is stored twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline.records import ClipRow, ExposureRow, ImportRow, ObservationRow, ProvenanceRow, Source
from pipeline.records.post import Post, Provenance, SourcedPost
from pipeline.records.runs import SourceRow
from pipeline.run.pseudonymise import post_rows
from pipeline.stages import STAGES
from pipeline.store import store as store_module
from pipeline.store.store import Store
from pipeline.store.upsert_posts import UpsertResult, add_exposures, add_import

WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILE = Provenance("export 1", "a" * 64, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "study.duckdb", STAGES)
    yield opened
    opened.close()


@pytest.fixture
def upsert_posts(store: Store) -> Callable[..., UpsertResult]:
    """Enrol named posts in one pass, without pseudonyms."""

    def upsert_posts(*found: SourcedPost, start: int = 0) -> UpsertResult:
        return store.upsert_posts(post_rows(found, None), start)

    return upsert_posts


def named(source: str = "zeeschuimer", place: Provenance = FILE, kind: str = "url", **fields: object) -> SourcedPost:
    post = Post(source=source, platform="tiktok", post_id="1", url="https://www.tiktok.com/@_/video/1")
    return SourcedPost("tiktok:1", Source(kind, post.url or "", ""), dataclasses.replace(post, **fields), place)


def the_clip(store: Store) -> ClipRow:
    (clip,) = store.tables.read(ClipRow)
    return clip


def test_each_field_comes_from_whoever_states_it(store: Store, upsert_posts: Callable[..., UpsertResult]) -> None:
    found = upsert_posts(
        named("url", Provenance("urls 1")),
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


@pytest.mark.parametrize(
    ("media_type", "kind"), [("carousel", "post"), ("slideshow", "post"), ("mixed", "url"), (None, "url")]
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_post_that_any_source_knows_to_hold_no_video_is_not_fetched(
    store: Store, upsert_posts: Callable[..., UpsertResult], media_type: str | None, kind: str, is_first: bool
) -> None:
    places = [named("csv"), named("zeeschuimer", media_type=media_type)]
    for place in places if is_first else reversed(places):
        upsert_posts(place)
    assert the_clip(store).kind == kind
    assert [row.kind for row in store.tables.read(SourceRow)] == [kind]


def test_among_equals_the_last_one_is_believed_and_a_url_never_over_a_file(
    store: Store, upsert_posts: Callable[..., UpsertResult]
) -> None:
    upsert_posts(named("csv", caption="one"), named("zeeschuimer", caption="two #bag"))
    upsert_posts(named("url", Provenance("urls 1")), named("tiktok_donation", Provenance("export 2")))
    clip = the_clip(store)
    assert (clip.caption, clip.hashtags, clip.field_sources["caption"]) == ("two #bag", ("bag",), "zeeschuimer")
    assert clip.field_sources["url"] == "zeeschuimer"


def test_what_the_platform_said_is_not_replaced_by_an_export(
    store: Store, upsert_posts: Callable[..., UpsertResult]
) -> None:
    upsert_posts(named("yt_dlp", caption="as it stands"))
    upsert_posts(named("zeeschuimer", caption="as it stood"))
    assert the_clip(store).caption == "as it stands"


@pytest.mark.parametrize(("source", "left"), [("csv", None), ("info_json", None), ("zeeschuimer", "words")])
def test_a_researchers_own_file_takes_back_its_word_and_a_partial_export_does_not(
    store: Store, upsert_posts: Callable[..., UpsertResult], source: str, left: str | None
) -> None:
    upsert_posts(named(source, caption="words"))
    changed = upsert_posts(named(source, Provenance("export 1", "b" * 64, 1)))
    assert the_clip(store).caption == left
    assert changed.changed_captions == (["tiktok:1"] if left is None else [])


@pytest.mark.parametrize(
    "places",
    [
        (Provenance("import", "a" * 64, 2), Provenance("import", "b" * 64, 2)),
        (Provenance("urls 1", "a" * 64, 2), Provenance("urls 1", "a" * 64, 3)),
        (Provenance("folder 1", "a" * 64, 2), Provenance("urls 1", "b" * 64, 2)),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_another_file_or_row_without_a_word_takes_nothing_back(
    store: Store, upsert_posts: Callable[..., UpsertResult], places: tuple[Provenance, ...], together: bool
) -> None:
    first, second = (named("csv", place, author="ann") for place in places)
    first = dataclasses.replace(first, post=dataclasses.replace(first.post, caption="words", duration_s=6.0))
    for posts in ([first, second],) if together else ([first], [second]):
        upsert_posts(*posts)
    clip = the_clip(store)
    assert (clip.caption, clip.declared_duration_s, clip.author_key) == ("words", 6.0, "ann")


def test_a_file_beats_a_url_and_an_url_a_post(store: Store, upsert_posts: Callable[..., UpsertResult]) -> None:
    for kinds, best in ((("post", "url"), "url"), (("file", "post"), "file"), (("url",), "file")):
        upsert_posts(*(named(kind=kind) for kind in kinds))
        assert [row.kind for row in store.tables.read(SourceRow)] == [best]


def test_every_place_is_remembered_once_with_the_day_it_was_first_seen(
    store: Store, upsert_posts: Callable[..., UpsertResult]
) -> None:
    places = [Provenance("urls 1"), FILE, Provenance("export 1", "a" * 64, 2), Provenance("export 2", "a" * 64, 1)]
    upsert_posts(*(named(place=place) for place in places))
    before = store.tables.read(ProvenanceRow)
    assert len(before) == len(places)
    upsert_posts(*(named(place=place) for place in places))
    assert store.tables.read(ProvenanceRow) == before


def test_a_newer_reader_renews_the_version_of_a_place(store: Store, upsert_posts: Callable[..., UpsertResult]) -> None:
    upsert_posts(named(), named(place=Provenance("urls 1")))
    before = {row.source: row for row in store.tables.read(ProvenanceRow)}
    upsert_posts(named(place=dataclasses.replace(FILE, format_version=2)))
    after = {row.source: row for row in store.tables.read(ProvenanceRow)}
    assert len(store.tables.read(ProvenanceRow)) == 2
    assert after["urls 1"] == before["urls 1"]
    assert after["export 1"].format_version == 2
    assert after["export 1"].first_seen_at == before["export 1"].first_seen_at


def test_counts_of_several_times_are_kept_and_read_again_add_nothing(
    store: Store, upsert_posts: Callable[..., UpsertResult]
) -> None:
    seen = [named(counted_at=WHEN.replace(hour=hour), counts={"views": hour}) for hour in (9, 8, 9)]
    upsert_posts(*seen)
    upsert_posts(*seen)
    assert [row.views for row in store.tables.read(ObservationRow)] == [8, 9]
    upsert_posts(named())
    assert len(store.tables.read(ObservationRow)) == 2, "no counts is not a count"


@pytest.mark.slow
def test_reading_the_same_again_is_no_news(
    store: Store, tmp_path: Path, upsert_posts: Callable[..., UpsertResult]
) -> None:
    found = [named(caption="words", counts={"views": 1}), named("csv", Provenance("folder 1"), caption="other")]
    upsert_posts(*found)
    store.publish(tmp_path / "published.duckdb")
    again = upsert_posts(*found)
    assert (again.new, again.changed_captions, again.changed_files) == ([], [], [])
    assert not store.unpublished


def test_counts_count_as_undated_where_no_source_dates_them(upsert_posts: Callable[..., UpsertResult]) -> None:
    def counts(number: int, counted_at: datetime | None) -> SourcedPost:
        return dataclasses.replace(named(counts={"views": 1}, counted_at=counted_at), clip_id=f"tiktok:{number}")

    assert upsert_posts(counts(1, None), counts(1, WHEN), counts(2, None)).without_count_time == 1
    assert upsert_posts(counts(3, WHEN)).without_count_time == 0, "of those that were listed now"


def test_a_study_that_has_forgotten_somebody_takes_no_post_without_tombstones(store: Store) -> None:
    posts = list(post_rows([named()], None, has_forgotten=False))
    store.forget({"tiktok:2": "anything"}, "opt_out")
    with pytest.raises(ValueError, match="tombstones"):
        store.upsert_posts(posts)


# ---------------------------------------------------------------- batches

FORMATS = {"a" * 64: "csv", "b" * 64: "zeeschuimer", None: "url"}


@st.composite
def posts_of_places(draw: st.DrawFn) -> SourcedPost:
    """A post of four, as a place names it: a file has one format, and a post shows what it shows."""
    number, sha256 = draw(st.integers(1, 4)), draw(st.sampled_from(list(FORMATS)))
    place = Provenance("export 1", sha256, draw(st.integers(1, 9)))
    kind, caption = draw(st.sampled_from(["file", "url", "post"])), draw(st.sampled_from([None, "one", "two"]))
    fields = {"media_type": (None, "video", "image", None)[number - 1], "caption": caption, "counts": {"views": number}}
    counted_at = draw(st.sampled_from([None, WHEN]))
    post = named(FORMATS[sha256], place, kind, counted_at=counted_at, **fields)
    return dataclasses.replace(post, clip_id=f"tiktok:{number}")


POSTS = st.lists(posts_of_places(), max_size=12)


@given(POSTS, POSTS, st.integers(1, 5))
@settings(max_examples=15, phases=[Phase.generate])
@pytest.mark.slow
def test_in_batches_of_any_size_the_same_is_stored(
    tmp_path_factory: pytest.TempPathFactory, before: list[SourcedPost], posts: list[SourcedPost], size: int
) -> None:
    folder = tmp_path_factory.mktemp("batches")
    told, stored = [], []
    for name, batch in (("whole", 1_000), ("batches", size)):
        with Store(folder / f"{name}.duckdb", STAGES) as opened, pytest.MonkeyPatch.context() as patch:
            opened.upsert_posts(post_rows(before, None))
            patch.setattr(store_module, "BATCH_POSTS", batch)
            result = opened.upsert_posts(post_rows(posts, None))
            told.append((result.listed, sorted(result.new), result.new_by_file, result.without_count_time))
            tables = (ClipRow, ObservationRow, SourceRow)
            stored.append([[dataclasses.replace(row) for row in opened.tables.read(kind)] for kind in tables])
            places = opened.tables.read(ProvenanceRow)
            stored[-1].append([dataclasses.replace(row, first_seen_at=WHEN) for row in places])
    assert told[0] == told[1]
    assert stored[0] == stored[1]


def test_batches_stay_where_what_follows_them_fails(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "BATCH_POSTS", 2)
    told: list[int] = []

    def posts() -> Iterator[SourcedPost]:
        for number in range(5):
            yield dataclasses.replace(named(), clip_id=f"tiktok:{number}")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.upsert_posts(post_rows(posts(), None), watch=told.append)
    assert len(store.tables.read(ClipRow)) == sum(told) == 4
    with pytest.raises(KeyboardInterrupt), store.change():
        store.upsert_posts(post_rows((dataclasses.replace(one, clip_id=f"x:{one.clip_id}") for one in posts()), None))
    assert len(store.tables.read(ClipRow)) == 4, "as part of a transaction it is all or nothing"


# ---------------------------------------------------------------- files that were read


def imported(sha256: str, version: int = 1, new: int = 1) -> ImportRow:
    return ImportRow(sha256, "x.ndjson", "zeeschuimer", version, WHEN, 1, 0, 0, new)


def test_a_file_is_noted_once_and_again_when_a_newer_reader_reads_it(store: Store) -> None:
    with store.change():
        for row in (imported("a"), imported("a", new=0), imported("b"), imported("a", version=2)):
            add_import(store.tables, row)
    found = store.tables.read(ImportRow)
    assert [(row.file_sha256, row.format_version) for row in found] == [("a", 1), ("a", 2), ("b", 1)]
    assert found[0].new_posts == 1, "what it was when it was first read"


def test_exposures_are_kept_once_and_only_of_clips_that_the_study_holds(
    store: Store, upsert_posts: Callable[..., UpsertResult]
) -> None:
    upsert_posts(named())
    seen = [
        ExposureRow("donor", "tiktok:1", "watched", WHEN, "a", 1),
        ExposureRow("donor", "tiktok:1", "watched", WHEN, "a", 2),
        ExposureRow("donor", "tiktok:1", "liked", None, "a", 3),
        ExposureRow("donor", "tiktok:2", "watched", WHEN, "a", 4),
    ]
    with store.change():
        add_exposures(store.tables, seen[:2])
        add_exposures(store.tables, seen)
    found = store.tables.read(ExposureRow)
    assert [(row.clip_id, row.kind, row.seen_at is None) for row in found] == [
        ("tiktok:1", "liked", True),
        ("tiktok:1", "watched", False),
    ]
