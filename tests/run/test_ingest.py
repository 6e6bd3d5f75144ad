"""Files of other tools in a study: everything is stored once, with its place, and what is broken is written down."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import StoreError, StudyBusy, UserError
from pipeline.records import ClipRow, ExposureRow, ImportRow, ObservationRow, ProvenanceRow
from pipeline.records.pseudonyms import pseudonym
from pipeline.records.runs import ReadingRow
from pipeline.run.ingest import import_into, note_file, take_in
from pipeline.run.pseudonymise import post_rows
from pipeline.sources.formats import BY_NAME as FORMATS
from pipeline.sources.formats import Hints, read
from pipeline.sources.read import SourceExport, read_sources
from pipeline.stages import BY_NAME, STAGES
from pipeline.store import store as store_module
from pipeline.store.reader import ResultsReader
from pipeline.store.store import Store
from pipeline.study.binding import study_key
from pipeline.study.config import Study, load_study
from pipeline.study.lock import held
from tests.conftest import write_study
from tests.support.paths import EXPORT_FIXTURES

FIXTURES = EXPORT_FIXTURES
ROWS, BROKEN = 10_000, 100
KEY = b"k" * 32
DONATION = FIXTURES / "tiktok_donation.json"


def line(number: int, views: int = 10, collected: int = 1_715_000_000_000, **more: object) -> str:
    post = {
        "id": str(7_312_345_678_901_230_000 + number),
        "desc": f"bag {number} #bag",
        "createTime": "1714557600",
        "author": {"id": str(number % 70), "uniqueId": f"ann{number % 70}"},
        "stats": {"playCount": views},
        **more,
    }
    return json.dumps({"source_platform": "tiktok.com", "timestamp_collected": collected, "data": post})


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def study_in(folder: Path, body: str = "") -> Study:
    (folder / "clips").mkdir(exist_ok=True)
    (folder / "clips" / "a.mp4").write_bytes(b"x")
    return load_study(write_study(folder, '[[sources]]\nfolder = "clips"\n' + body), BY_NAME)


def rows(study: Study, sql: str) -> list[tuple[object, ...]]:
    """The published database."""
    with duckdb.connect(str(study.folder.published), read_only=True) as opened:
        return opened.execute(sql).fetchall()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "work" / "study.duckdb", STAGES)
    yield opened
    opened.close()


@pytest.fixture
def take(store: Store, tmp_path: Path) -> Callable[..., ImportRow]:
    """Take a file in, as one of `cliptone import`."""

    def take(path: Path, donor: str | None = None, fetch: bool = False, key: bytes | None = KEY) -> ImportRow:
        return take_in(store, SourceExport("import", read(path, Hints(donor=donor)), fetch), key, tmp_path / "rejects")

    return take


# ---------------------------------------------------------------- size


@pytest.mark.slow
def test_f15_ten_thousand_rows_with_one_percent_broken_twice(tmp_path: Path, tell: Callable[[str], None]) -> None:
    bad = set(random.Random(1).sample(range(ROWS), BROKEN))
    lines = (line(number)[: 40 if number in bad else None] for number in range(ROWS))
    path, study = written(tmp_path / "posts.ndjson", *lines), study_in(tmp_path)
    _, first = import_into(study, path, Hints(), fetch=False)
    assert (first.posts, first.rejected, first.new_posts) == (ROWS - BROKEN, BROKEN, ROWS - BROKEN)
    with (study.folder.rejects / "posts.rejects.csv").open(encoding="utf-8", newline="") as file:
        assert [int(row["line"]) for row in csv.DictReader(file)] == [number + 1 for number in sorted(bad)]
    counted = "SELECT (SELECT count(*) FROM clips), (SELECT count(*) FROM observations), "
    counted += "(SELECT count(*) FROM provenance), (SELECT count(*) FROM imports)"
    before = rows(study, counted)
    assert before == [(ROWS - BROKEN, ROWS - BROKEN, ROWS - BROKEN, 1)]
    assert import_into(study, path, Hints(), fetch=False)[1].new_posts == 0
    assert rows(study, counted) == before
    tell(
        f"{ROWS:,} imported rows, {BROKEN} broken: {ROWS - BROKEN:,} posts, {BROKEN} rejected with their line; "
        "a second import adds 0"
    )


# ---------------------------------------------------------------- what is stored


@pytest.mark.slow
def test_ids_are_text_and_each_field_knows_its_file_row_and_reader(tmp_path: Path) -> None:
    path, study = written(tmp_path / "x.ndjson", "{broken", line(1)), study_in(tmp_path)
    result, _ = import_into(study, path, Hints(), fetch=False)
    (clip,) = rows(study, "SELECT clip_id, field_sources['caption'], author_key FROM clips")
    assert clip[:2] == ("tiktok:7312345678901230001", "zeeschuimer")
    assert clip[2] == pseudonym(study_key(study.folder), "tiktok", "1")
    found = rows(study, "SELECT source, format, format_version, file_sha256, file_row FROM provenance")
    assert found == [("import", "zeeschuimer", FORMATS["zeeschuimer"].version, result.sha256, 2)]
    assert rows(study, "SELECT file_name, posts, rejected, new_posts FROM imports") == [("x.ndjson", 1, 1, 1)]


def test_counts_seen_at_several_times_are_all_kept_and_the_newest_words_stand(
    store: Store, take: Callable[..., ImportRow], tmp_path: Path
) -> None:
    newest = line(1, 30, 1_715_200_000_000, desc="edited")
    path = written(tmp_path / "x", line(1, 10, 1_715_000_000_000), newest, line(1, 20, 1_715_100_000_000))
    assert take(path).new_posts == 1
    assert [row.views for row in store.tables.read(ObservationRow)] == [10, 20, 30]
    assert store.tables.read(ClipRow)[0].caption == "edited"
    assert [row.file_row for row in store.tables.read(ProvenanceRow)] == [1, 2, 3]


def test_the_same_posts_from_another_file_add_their_places_alone(
    store: Store, take: Callable[..., ImportRow], tmp_path: Path
) -> None:
    take(written(tmp_path / "a", line(1), line(2)))
    row = take(written(tmp_path / "b", line(2), line(1)))
    assert row.new_posts == 0
    assert len(store.tables.read(ClipRow)) == len(store.tables.read(ObservationRow)) == 2
    assert len({(place.clip_id, place.file_sha256) for place in store.tables.read(ProvenanceRow)}) == 4
    assert [known.new_posts for known in store.tables.read(ImportRow)].count(0) == 1


def test_what_an_export_leaves_out_does_not_wipe_out_what_is_known(
    store: Store, take: Callable[..., ImportRow], tmp_path: Path
) -> None:
    take(written(tmp_path / "a", line(1)))
    take(written(tmp_path / "b", line(1, desc="", author=None)))
    (clip,) = store.tables.read(ClipRow)
    assert clip.caption == "bag 1 #bag"
    assert clip.author_key is not None


@pytest.mark.parametrize(("fetch", "kind"), [(True, "url"), (False, "post")])
def test_media_is_fetched_only_where_that_was_asked_for(
    store: Store, take: Callable[..., ImportRow], tmp_path: Path, fetch: bool, kind: str
) -> None:
    path = written(tmp_path / "x", line(1))
    take(path, fetch=fetch)
    assert store.tables.connection.execute("SELECT kind FROM sources").fetchall() == [(kind,)]
    take(path, fetch=True)
    assert store.tables.connection.execute("SELECT kind FROM sources").fetchall() == [("url",)]
    take(path, fetch=False)
    assert store.tables.connection.execute("SELECT kind FROM sources").fetchall() == [("url",)], "the better one stays"


def test_after_an_import_the_sources_are_read_again(
    store: Store, take: Callable[..., ImportRow], tmp_path: Path
) -> None:
    store.note_reading(ReadingRow("stamp", 1, 0, None))
    assert store.reading() == ReadingRow("stamp", 1, 0, None)
    take(written(tmp_path / "x", line(1)))
    assert store.reading() is None


@pytest.mark.slow
def test_nothing_stored_means_nothing_to_publish(tmp_path: Path) -> None:
    path, study = written(tmp_path / "x", line(1)), study_in(tmp_path)
    import_into(study, path, Hints(), fetch=False)
    before = study.folder.published.stat().st_mtime_ns
    import_into(study, path, Hints(), fetch=False)
    assert study.folder.published.stat().st_mtime_ns == before


# ---------------------------------------------------------------- donations


def test_a_donation_is_kept_as_exposures_of_a_donor_apart_from_authors(
    store: Store, take: Callable[..., ImportRow]
) -> None:
    row = take(DONATION, donor="p01")
    assert (row.posts, row.exposures, row.rejected, row.new_posts) == (0, 10, 3, 9)
    found = store.tables.read(ExposureRow)
    assert {each.donor_key for each in found} == {pseudonym(KEY, "donor", "p01")}
    assert sorted((each.kind, each.file_row) for each in found) == [
        ("commented", 12), ("liked", 6), ("liked", 7), ("posted", 13), ("reposted", 9), ("saved", 8), ("shared", 11),
        ("watched", 1), ("watched", 2), ("watched", 4),
    ]  # fmt: skip
    assert {clip.author_key for clip in store.tables.read(ClipRow)} == {None}
    assert {clip.clip_id for clip in store.tables.read(ClipRow)} == {each.clip_id for each in found}
    (known,) = store.tables.read(ImportRow)
    assert known.file_name == pseudonym(KEY, "donor", "p01"), "the name of the file may tell who it is"
    take(DONATION, donor="p01")
    assert store.tables.read(ExposureRow) == found
    take(DONATION, donor="p02")
    assert len(store.tables.read(ExposureRow)) == 2 * len(found), "another donor saw the same"


def test_a_donation_without_videos_counts_its_donor_under_a_pseudonym(
    store: Store, take: Callable[..., ImportRow], tmp_path: Path
) -> None:
    path = written(tmp_path / "ann_smith.json", '{"Your Activity": {"Watch History": {"VideoList": null}}}')
    row = take(path, donor="p02")
    assert (row.format, row.exposures, row.rejected) == ("tiktok_donation", 0, 0)
    assert [known.file_name for known in store.tables.read(ImportRow)] == [pseudonym(KEY, "donor", "p02")]


def test_without_pseudonyms_the_code_stands(store: Store, take: Callable[..., ImportRow]) -> None:
    take(DONATION, donor="p01", key=None)
    assert {each.donor_key for each in store.tables.read(ExposureRow)} == {"p01"}


def test_a_donation_without_a_donor_leaves_no_trace(tmp_path: Path) -> None:
    study = study_in(tmp_path)
    with pytest.raises(UserError, match="donor"):
        import_into(study, DONATION, Hints(), fetch=False)
    assert not study.folder.root.exists()


# ---------------------------------------------------------------- beside runs


def test_a_study_in_use_is_left_alone(tmp_path: Path) -> None:
    path, study = written(tmp_path / "x", line(1)), study_in(tmp_path)
    with held(study.folder), pytest.raises(StudyBusy):
        import_into(study, path, Hints(), fetch=False)


def test_the_rejects_of_a_file_that_was_repaired_go(tmp_path: Path, take: Callable[..., ImportRow]) -> None:
    path = written(tmp_path / "x.ndjson", line(1), "{broken")
    assert take(path).rejected == 1
    assert (tmp_path / "rejects" / "x.rejects.csv").exists()
    assert take(written(path, line(1))).rejected == 0
    assert not (tmp_path / "rejects" / "x.rejects.csv").exists()


def test_exports_of_a_study_that_differ_settle_at_once(store: Store, tmp_path: Path) -> None:
    written(tmp_path / "a.ndjson", line(1, desc="one"))
    written(tmp_path / "b.ndjson", line(1, desc="two"), "{broken")
    study = study_in(tmp_path, "".join(f'[[sources]]\nexport = "{name}.ndjson"\n' for name in "ab"))
    for changed in ([], []):
        sources = read_sources(study)
        upserted = store.upsert_posts(post_rows(sources.sourced_posts, KEY))
        taken = [note_file(store, export, KEY, tmp_path / "rejects", upserted) for export in sources.exports]
        assert upserted.changed_captions == changed
    assert [row.new_posts for row in taken] == [0, 0]
    assert {clip.caption for clip in store.tables.read(ClipRow)} == {None, "two"}
    assert {place.source for place in store.tables.read(ProvenanceRow)} == {"folder 1", "export 1", "export 2"}
    assert (tmp_path / "rejects" / "export 2 b.rejects.csv").exists()


# ---------------------------------------------------------------- hostile files


@pytest.mark.slow
def test_whatever_a_reader_lets_through_can_be_stored(store: Store, tmp_path: Path) -> None:
    chance = random.Random(5)
    fixtures = sorted(path for path in FIXTURES.iterdir() if path.is_file() and ".expected" not in path.name)
    fixtures.append(FIXTURES / "info_json" / "a.info.json")
    marks = ["\\ud800", "\\u0000", "\\u202e", "x" * 10_000, "../..", "-1", "1e999", "[" * 3000, "99999999999999999999"]
    results = []
    for number in range(300):
        text = fixtures[number % len(fixtures)].read_text(encoding="utf-8-sig")
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(text))
            text = text[:place] + chance.choice(marks) + text[place + chance.randrange(5) :]
        try:
            results.append(read(written(tmp_path / f"damaged{number}", text), Hints(donor="p01")))
        except UserError as error:
            assert str(error)  # noqa: PT017 - a sentence is the other way to end
    exports = [SourceExport("import", result, fetch=False) for result in results]
    posts = (clip for export in exports for clip in export.sourced_posts)
    upserted = store.upsert_posts(post_rows(posts, KEY))
    for export in exports[::10]:
        note_file(store, export, KEY, tmp_path / "rejects", upserted)
    assert 100 < len(results) < 300
    for clip in store.tables.read(ClipRow):
        assert not {"/", "\\", "\0"} & set(clip.clip_id)
        assert clip.caption is None or "\0" not in clip.caption


def test_what_a_stopped_import_stored_is_published_and_before_that_nothing_is_called_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "BATCH_POSTS", 2)
    study = study_in(tmp_path)
    lines = ["url", *(f"https://www.tiktok.com/@_/video/73123456789012345{number}" for number in range(60, 66))]
    (tmp_path / "posts.csv").write_text("\n".join(lines), encoding="utf-8")

    class Stopping:
        """Somebody who stops an import once the first posts are stored."""

        def read(self, rows: int) -> None:
            """Nothing."""

        def storing(self, posts: int) -> None:
            """Another command looks in meanwhile."""
            with pytest.raises(StoreError, match="goes on"):
                ResultsReader(study.file.path)

        def stored(self, posts: int) -> None:
            """Stop."""
            raise KeyboardInterrupt

        def noted(self, lines: Sequence[str]) -> None:
            """Never."""

    with pytest.raises(KeyboardInterrupt):
        import_into(study, tmp_path / "posts.csv", Hints(), fetch=False, watch=Stopping())
    with ResultsReader(study.file.path) as reader:
        assert reader.arrow("SELECT count(*) AS n FROM clips", {})["n"].to_pylist() == [2]
