"""Detecting and reading: the content decides, a wrong file names the formats, and nothing is lost quietly."""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.records.post import Provenance
from pipeline.records.pseudonyms import clip_row
from pipeline.sources.formats import BY_NAME, FORMATS, Hints, detect, read, sourced_posts
from pipeline.sources.formats.rejects import write_rejects
from pipeline.study.keys import KEY_BYTES

FIXTURES = Path(__file__).parent / "fixtures"
KEY = b"k" * KEY_BYTES
ROWS = 10_000
BROKEN = 100


def line(number: int, views: object = 10, collected: int = 1715000000000) -> str:
    post = {"id": str(7312345678901230000 + number), "desc": "a #bag", "stats": {"playCount": views}}
    envelope = {"source_platform": "tiktok.com", "timestamp_collected": collected, "data": post}
    return json.dumps(envelope)


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


# ---------------------------------------------------------------- detecting


def test_the_name_of_a_file_does_not_matter(tmp_path: Path) -> None:
    for path in FIXTURES.iterdir():
        if path.is_file() and not path.name.endswith(".expected.json"):
            copy = tmp_path / "posts.dat"
            copy.write_bytes(path.read_bytes())
            expected = json.loads((FIXTURES / f"{path.stem}.expected.json").read_text(encoding="utf-8"))
            assert detect(copy).name == expected["format"]


@pytest.mark.parametrize(
    "content", ["", "hello", "a,b\n1,2\n", '{"a": 1}', "[]", '{"Activity": {}}', "\x89PNG\r\n\x1a\n\x00"]
)
def test_a_file_of_no_format_names_the_formats(tmp_path: Path, content: str) -> None:
    path = written(tmp_path / "x", content)
    with pytest.raises(UserError) as caught:
        detect(path)
    first, *lines = str(caught.value).splitlines()
    assert str(path) in first
    assert not any(known.title in first for known in FORMATS), "first what is wrong, then the list"
    assert len(lines) < 6
    assert all(known.title.partition(" (")[0] in "".join(lines) for known in FORMATS)


def test_a_file_that_is_no_text_names_the_formats(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"\x00\x00\x00\x18ftypmp42\xff\xfe\n" * 50)
    with pytest.raises(UserError, match=r"x\.mp4 (.|\n)*: Zeeschuimer"):
        detect(tmp_path / "x.mp4")


def test_a_strange_first_line_does_not_hide_the_format(tmp_path: Path) -> None:
    result = read(written(tmp_path / "x", '{"strange": 1}', "{broken", line(1)))
    assert result.format == "zeeschuimer"
    assert [reject.number for reject in result.rejects] == [1, 2]
    assert [found.number for found in result.posts] == [3]


def test_what_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(str(tmp_path / "x"))):
        detect(tmp_path / "x")
    with pytest.raises(UserError, match=r"\.info\.json"):
        detect(tmp_path)


# ---------------------------------------------------------------- hints


def test_a_donation_needs_a_code_for_its_donor() -> None:
    path = FIXTURES / "tiktok_donation.json"
    assert detect(path).name == "tiktok_donation"
    with pytest.raises(UserError, match="donor"):
        read(path)


def test_a_mapping_names_the_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "video;text;plays", "7312345678901234567;hi;12", "7312345678901234568;;")
    result = read(path, Hints(columns={"id": "video", "caption": "text", "views": "plays"}, platform="tiktok"))
    first, second = (found.post for found in result.posts)
    assert (first.post_id, first.caption, first.counts) == ("7312345678901234567", "hi", {"views": 12})
    assert (second.caption, second.counts) == (None, {})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": "video", "colour": "text"}, "colour"),
        ({"id": "clip"}, " clip.* video, text"),
        ({"id": "video"}, "`url`.*`id`.*`platform`"),
    ],
)
def test_a_mapping_that_does_not_fit_says_where(tmp_path: Path, columns: dict[str, str], message: str) -> None:
    path = written(tmp_path / "x.csv", "video,text", "7312345678901234567,hi")
    with pytest.raises(UserError, match=message):
        read(path, Hints(columns=columns))


@pytest.mark.parametrize(
    ("stated", "named"),
    [
        (Hints(columns={"url": "link"}), "columns"),
        (Hints(platform="tiktok"), "platform"),
        (Hints(date_format="%d/%m/%Y"), "dates"),
    ],
)
def test_what_only_plain_tables_need_is_not_ignored_for_others(stated: Hints, named: str) -> None:
    with pytest.raises(UserError, match=rf"zeeschuimer\.ndjson .*{named}.*CSV"):
        read(FIXTURES / "zeeschuimer.ndjson", stated)


# ---------------------------------------------------------------- what is unknown, and what is empty


@pytest.mark.parametrize("column", ["play_count", "num_likes", "num_comments", "body", "author", "author_id"])
def test_a_default_that_4cat_declares_as_missing_is_unknown(tmp_path: Path, column: str) -> None:
    row = {
        "id": "DAbcdefghi1", "body": "hi", "author": "ann", "author_id": "11", "media_type": "video",
        "play_count": "0", "num_likes": "0", "num_comments": "0",
    }  # fmt: skip
    known = read(_table(tmp_path / "a.csv", row)).posts[0].post
    fields = {"play_count": "views", "num_likes": "likes", "num_comments": "comments"}
    assert known.counts == {"views": 0, "likes": 0, "comments": 0}, "0 is a count where nothing says otherwise"
    post = read(_table(tmp_path / "b.csv", row | {"missing_fields": f"coauthors, {column}"})).posts[0].post
    assert fields.get(column) not in post.counts
    changed = [name for name in ("caption", "author", "author_id") if getattr(post, name) != getattr(known, name)]
    assert changed == [{"body": "caption"}.get(column, column)] * (column not in fields)


def test_4cat_rows_of_tiktok_name_what_is_missing_too(tmp_path: Path) -> None:
    row = {"id": "7312345678901234567", "body": "hi", "author": "ann", "plays": "0", "likes": "0", "shares": "0"}
    post = read(_table(tmp_path / "a.csv", row | {"comments": "0", "missing_fields": "plays,shares"})).posts[0].post
    assert post.counts == {"likes": 0, "comments": 0}


def test_other_tables_of_4cat_name_what_is_missing_too(tmp_path: Path) -> None:
    row = {"url": "https://www.tiktok.com/@ann/video/7312345678901234567", "body": "hi", "likes": "0", "comments": "0"}
    post = read(_table(tmp_path / "a.csv", row | {"missing_fields": "likes"})).posts[0].post
    assert post.counts == {"comments": 0}


def _table(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ("kind", "caption"),
    [("youtube#searchResult", "Don't & stop\n#rock&roll"), ("youtube#video", "Don&#39;t &amp; stop\n#rock&amp;roll")],
)
def test_titles_of_searches_are_written_for_web_pages(tmp_path: Path, kind: str, caption: str) -> None:
    snippet = {"title": "Don&#39;t &amp; stop", "description": "#rock&amp;roll"}
    named = {"videoId": "dQw4w9WgXcQ"} if kind == "youtube#searchResult" else "dQw4w9WgXcQ"
    path = written(tmp_path / "x", json.dumps({"kind": kind, "id": named, "snippet": snippet}))
    assert read(path).posts[0].post.caption == caption


@pytest.mark.parametrize(
    "whole",
    [
        {"Your Activity": {"Watch History": {"VideoList": None}, "Searches": {"SearchList": None}}},
        {"Activity": {"Video Browsing History": {"VideoList": []}}},
        {"Likes and Favorites": {"Like List": {"ItemFavoriteList": None}}, "Profile": {}},
        {"Your Activity": {"Login History": {"LoginHistoryList": []}}, "Survey": {"ResponsesList": None}},
        {"Your Activity": {"Watch History": None}},
    ],
)
def test_a_donation_without_videos_is_one_all_the_same(tmp_path: Path, whole: object) -> None:
    result = read(written(tmp_path / "x", json.dumps(whole, indent=1)), Hints(donor="p02"))
    assert (result.format, result.exposures, result.rejects, result.donor) == ("tiktok_donation", (), (), "p02")


@pytest.mark.parametrize(
    "name", ["4cat_tiktok_csv", "4cat_instagram_csv", "youtube_data_tools_csv", "csv", "apify_tiktok_csv"]
)
def test_a_header_alone_is_an_empty_result(tmp_path: Path, name: str) -> None:
    header = (FIXTURES / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
    result = read(written(tmp_path / "x", header))
    assert (result.posts, result.rejects) == ((), ())


@pytest.mark.parametrize(
    "page", [{"data": {"videos": []}}, {"kind": "youtube#videoListResponse", "items": []}, {"itemList": []}]
)
def test_an_answer_without_posts_is_an_empty_result(tmp_path: Path, page: object) -> None:
    result = read(written(tmp_path / "x", json.dumps(page)))
    assert (result.posts, result.rejects) == ((), ())


def test_a_list_with_a_record_a_line_is_a_list(tmp_path: Path) -> None:
    posts = [json.dumps({"id": str(7312345678901234500 + n), "desc": "x", "createTime": 1714557600}) for n in range(3)]
    result = read(written(tmp_path / "x", "[", ",\n".join(posts), "]"))
    assert [found.number for found in result.posts] == [1, 2, 3]
    assert not result.rejects


# ---------------------------------------------------------------- results


def test_counts_seen_at_several_times_are_all_kept_for_one_clip(tmp_path: Path) -> None:
    path = written(tmp_path / "x", line(1, 10, 1715000000000), line(1, 30, 1715200000000), line(1, 20, 1715100000000))
    found = list(sourced_posts(read(path), "import", fetch=True))
    assert {clip.clip_id for clip in found} == {"tiktok:7312345678901230001"}
    assert [clip.post.counts["views"] for clip in found] == [10, 20, 30], "the one collected last comes last"
    assert [clip.place.file_row for clip in found] == [1, 3, 2]


def test_a_post_knows_its_file_its_row_and_the_version_of_its_reader(tmp_path: Path) -> None:
    result = read(written(tmp_path / "x", line(1), "{broken", line(2)))
    first, second = sourced_posts(result, "first wave", fetch=False)
    assert first.place == Provenance("first wave", result.sha256, 1, BY_NAME["zeeschuimer"].version)
    assert second.place.file_row == 3
    assert {clip.source.kind for clip in (first, second)} == {"post"}, "nothing is to be fetched"


def test_posts_of_platforms_that_are_not_fetched_are_stored_without_media() -> None:
    for name in ("zeeschuimer_other_platforms.ndjson", "mediacrawler.json", "crowdtangle_facebook.csv"):
        clips = list(sourced_posts(read(FIXTURES / name), "import", fetch=True))
        assert clips
        assert {clip.source.kind for clip in clips} == {"post"}
        assert all(clip.source.location.startswith("https://") for clip in clips)


def test_a_clip_of_a_donation_has_no_author_and_can_be_fetched() -> None:
    result = read(FIXTURES / "tiktok_donation.json", Hints(donor="p01"))
    clips = list(sourced_posts(result, "import", fetch=True))
    assert len(clips) == len({exposure.clip_id for exposure in result.exposures}) == 9
    assert all(clip.post.author is None and clip.post.author_id is None for clip in clips)
    assert all(clip.source.location.startswith("https://www.tiktok.com/@_/video/") for clip in clips)
    assert "p01" not in repr(clips)


def test_hashtags_come_from_the_caption_in_any_script() -> None:
    found = sourced_posts(read(FIXTURES / "zeeschuimer.ndjson"), "import", fetch=True)
    clips = {clip.clip_id: clip for clip in found}
    clip = clips["tiktok:7312345678901234568"]
    assert clip_row(clip.clip_id, clip.post, KEY).hashtags == ("حقيبة",)


def test_rejects_are_written_with_number_and_reason(tmp_path: Path) -> None:
    result = read(written(tmp_path / "x", line(1), "{broken", line(2, "many")[:-9], line(3)[:-5], line(4, "many")))
    write_rejects(tmp_path / "rejects.csv", result.unit, result.rejects, result.notes)
    with (tmp_path / "rejects.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [row["line"] for row in lines] == ["2", "3", "4", "5"]
    assert [row["taken"] for row in lines] == ["no", "no", "no", "yes"]
    assert "'many'" in lines[3]["reason"]
    assert sorted(result.reasons().values()) == [3], "all broken lines have one reason"


def test_a_digest_changes_with_the_content(tmp_path: Path) -> None:
    path = written(tmp_path / "x", line(1))
    before = read(path).sha256
    assert read(path).sha256 == before
    written(path, line(1, 11))
    assert read(path).sha256 != before
    assert len(read(FIXTURES / "info_json").sha256) == 64


def test_posts_without_a_time_of_their_counts_are_counted_once(tmp_path: Path) -> None:
    rows = ["tiktok,1,5,", "tiktok,1,6,", "tiktok,2,5,", "tiktok,2,5,2026-01-31", "tiktok,3,,"]
    result = read(written(tmp_path / "x", "platform,id,views,counted_at", *rows))
    assert result.tally.undated == 1


def test_posts_of_a_site_that_is_not_read_are_said_to_be_that(tmp_path: Path) -> None:
    record = json.dumps({"source_platform": "linkedin.com", "data": {"id": "S:_I1:2:2", "comet_sections": {}}})
    result = read(written(tmp_path / "x", line(1), record))
    assert "linkedin.com" in result.rejects[0].reason


def test_a_quote_that_never_closes_loses_no_row_without_a_word(tmp_path: Path) -> None:
    rows = ["tiktok,7312345678901234567,fine", 'tiktok,7312345678901234568,"open', "tiktok,7312345678901234569,behind"]
    result = read(written(tmp_path / "x.csv", "platform,id,caption", *rows))
    assert (len(result.posts), [reject.number for reject in result.rejects]) == (1, [3, 4])


@pytest.mark.parametrize("scheme", ["HTTPS://WWW.TIKTOK.COM", "Https://www.tiktok.com", "HTTP://m.tiktok.com"])
def test_a_scheme_in_capitals_is_one(tmp_path: Path, scheme: str) -> None:
    result = read(written(tmp_path / "x.csv", "url", f"{scheme}/@ann/video/7312345678901234567"))
    assert [found.post.post_id for found in result.posts] == ["7312345678901234567"]


def test_what_javascript_calls_undefined_is_no_handle(tmp_path: Path) -> None:
    result = read(written(tmp_path / "x.csv", "platform,id,author", "tiktok,7312345678901234567,undefined"))
    assert result.posts[0].post.author is None


# ---------------------------------------------------------------- size


def test_ten_thousand_lines_with_one_percent_broken(tmp_path: Path) -> None:
    bad = set(random.Random(1).sample(range(ROWS), BROKEN))
    lines = [line(number)[: 40 if number in bad else None] for number in range(ROWS)]
    result = read(written(tmp_path / "x", *lines))
    assert len(result.posts) == ROWS - BROKEN
    assert [reject.number for reject in result.rejects] == [number + 1 for number in sorted(bad)]


def test_ten_thousand_rows_of_csv_with_one_percent_broken(tmp_path: Path) -> None:
    bad = set(random.Random(2).sample(range(ROWS), BROKEN))
    lines = (f"tiktok,{7312345678901230000 + number}{'x' * (number in bad)},{number}" for number in range(ROWS))
    result = read(written(tmp_path / "x", "platform,id,views", *lines))
    assert len(result.posts) == ROWS - BROKEN
    assert [reject.number for reject in result.rejects] == [number + 2 for number in sorted(bad)]
