"""Donations in the forms that people hand over: archives, text in their language, tables after consent, web pages."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.sources.formats import Hints, ImportResult, read
from pipeline.sources.formats.donation_txt import is_donation_txt
from pipeline.sources.formats.exposures import post_behind
from pipeline.sources.formats.records import beginning
from pipeline.sources.formats.youtube_takeout import written_time
from tests.sources.formats.test_formats import FIXTURES
from tests.support.hostile_strategies import FUZZING, texts

VIDEO = "https://www.tiktokv.com/share/video/7312345678901234567/"
REEL = "https://www.instagram.com/reel/C6aBcDeFgHi/"
DONOR = Hints(donor="p01")


def kinds(result: ImportResult) -> list[tuple[str, str]]:
    return [(exposure.kind, exposure.post_id) for exposure in result.exposures]


def archive(path: Path, **files: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


# ---------------------------------------------------------------- TikTok


def test_the_archive_of_a_donation_is_read_by_its_lists_alone(tmp_path: Path) -> None:
    json_file = (FIXTURES / "tiktok_donation.json").read_bytes()
    path = archive(tmp_path / "ann.zip", **{"user_data_tiktok.json": json_file, "Posts/video.mp4": b"\0\0\0 ftyp"})
    result = read(path, DONOR)
    plain = read(FIXTURES / "tiktok_donation.json", DONOR)
    assert (result.format, result.exposures, result.rejects) == (plain.format, plain.exposures, plain.rejects)
    files = {f"TikTok/{file.name}": file.read_bytes() for file in (FIXTURES / "tiktok_donation_txt").iterdir()}
    texts_alone = read(archive(tmp_path / "txt.zip", **files), DONOR)
    assert kinds(texts_alone) == kinds(read(FIXTURES / "tiktok_donation_txt", DONOR))
    with pytest.raises(UserError, match=r"ann\.zip.*donor"):
        read(path)


@pytest.mark.parametrize(
    ("name", "label", "kind"),
    [
        ("Watch History.txt", "Date", "watched"),
        ("Browsing History.txt", "Date", "watched"),
        ("Kijkgeschiedenis.txt", "Datum", "watched"),
        ("Like List.txt", "Date", "liked"),
        ("Likelijst.txt", "Datum", "liked"),
        ("Favorite Videos.txt", "Date", "saved"),
        ("Favoriete video's.txt", "Datum", "saved"),
        ("Share History.txt", "Date", "shared"),
        ("Reposts.txt", "Date", "reposted"),
        ("Herplaatsingen.txt", "Datum", "reposted"),
        ("Posts.txt", "Date", "posted"),
    ],
)
def test_a_list_as_text_is_known_by_its_name_in_the_donors_language(
    tmp_path: Path, name: str, label: str, kind: str
) -> None:
    path = tmp_path / name
    path.write_text(f"{label}: 2024-05-01 10:00:00 UTC\r\nLink: {VIDEO}\r\n\r\n")
    (exposure,) = read(path, DONOR).exposures
    assert (exposure.kind, exposure.post_id) == (kind, "7312345678901234567")
    assert exposure.seen_at == datetime(2024, 5, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "content",
    [
        "clip,where\nx,https://www.tiktok.com/@ann/video/7312345678901234567\n",
        "clip;when;where\nx;2024-05-01 10:00:00;https://www.tiktok.com/@ann/video/7312345678901234567\n",
        "https://www.tiktok.com/@ann/video/7312345678901234567\n" * 3,
        'note: a table\nurl\n"x: https://www.tiktok.com/@ann/video/7312345678901234567"\n',
    ],
)
def test_a_table_with_links_is_no_donation(tmp_path: Path, content: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(content)
    assert not is_donation_txt((path.name, beginning(path)))


def test_a_list_whose_name_says_nothing_is_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "export (1).txt"
    path.write_text(f"Date: 2024-05-01 10:00:00 UTC\nLink: {VIDEO}\n")
    result = read(path, DONOR)
    assert not result.exposures
    assert "Watch History.txt" in result.rejects[0].reason


@pytest.mark.parametrize("sentence", ["You have no data in this section", "Er staan geen gegevens in dit gedeelte"])
def test_a_list_without_entries_is_an_empty_donation(tmp_path: Path, sentence: str) -> None:
    path = tmp_path / "Watch History.txt"
    path.write_text(sentence + "\n")
    result = read(path, DONOR)
    assert (result.exposures, result.rejects, result.donor) == ((), (), "p01")


def test_rows_that_name_no_video_are_no_rejects_where_that_is_usual(tmp_path: Path) -> None:
    lists = {
        "Share History": {"ShareHistoryList": [{"Date": "2024-05-01 10:00:00", "Link": "https://www.tiktok.com/@ann"}]},
        "Reposts": {"RepostList": [{"Date": "2024-05-01 10:00:00", "Link": VIDEO}]},
    }
    comments = {"Comments": {"CommentsList": [{"date": "2024-05-01 10:00:00", "comment": "hi", "url": "N/A"}]}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"Your Activity": lists, "Comment": comments}))
    result = read(path, DONOR)
    assert kinds(result) == [("reposted", "7312345678901234567")]
    assert not result.rejects


# ---------------------------------------------------------------- Port and D3I


@pytest.mark.parametrize("in_list", [True, False])
def test_tables_after_consent(tmp_path: Path, in_list: bool) -> None:
    tables: dict[str, Any] = {
        "tiktok_watch_history": [{"Datum en tijd": "2024-05-01 10:00:00", "URL": VIDEO}],
        "instagram_liked_posts": [{"Account": "ann", "URL": REEL, "Date": "2024-05-02T10:00:00+00:00"}],
        "tiktok_searches": [{"Date": "2024-05-01", "SearchTerm": "x"}],
        "deleted row count": "0",
    }
    path = tmp_path / "x.json"
    path.write_text(json.dumps([{name: rows} for name, rows in tables.items()] if in_list else tables))
    result = read(path, DONOR)
    assert result.format == "port_tables"
    assert kinds(result) == [("watched", "7312345678901234567"), ("liked", "C6aBcDeFgHi")]


# ---------------------------------------------------------------- Instagram


@pytest.mark.parametrize(
    ("name", "kind"), [("liked_posts.json", "liked"), ("saved_posts.json", "saved"), ("posts_viewed.json", "watched")]
)
def test_newer_lists_of_instagram_are_known_by_their_name(tmp_path: Path, name: str, kind: str) -> None:
    label = [
        {"label": "Ort"},
        {"label": "URL", "value": REEL, "href": REEL},
        {"dict": [{"label": "Name", "value": "Ann"}]},
    ]
    path = tmp_path / name
    path.write_text(json.dumps([{"timestamp": 1714557600, "media": [], "label_values": label, "fbid": "1"}]))
    (exposure,) = read(path, DONOR).exposures
    assert (exposure.kind, exposure.post_id) == (kind, "C6aBcDeFgHi")
    assert exposure.seen_at == datetime(2024, 5, 1, 10, tzinfo=UTC)


def test_saved_posts_of_instagram(tmp_path: Path) -> None:
    saved = {"title": "ann", "string_map_data": {"Gespeichert am": {"href": REEL, "timestamp": 1714557600}}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"saved_saved_media": [saved]}))
    assert kinds(read(path, DONOR)) == [("saved", "C6aBcDeFgHi")]


# ---------------------------------------------------------------- YouTube


def test_the_searches_of_youtube_are_no_history(tmp_path: Path) -> None:
    entry = {
        "header": "YouTube", "title": "Searched for x", "time": "2024-05-01T10:00:00Z",
        "titleUrl": "https://www.youtube.com/results?search_query=x",
    }  # fmt: skip
    path = tmp_path / "search-history.json"
    path.write_text(json.dumps([entry]))
    with pytest.raises(UserError):
        read(path, DONOR)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("May 1, 2024, 1:02:03\u202fPM CEST", "2024-05-01T11:02:03+00:00"),
        ("Dec 31, 2023, 12:00:00 AM UTC", "2023-12-31T00:00:00+00:00"),
        ("Dec 31, 2023, 12:00:00 PM EST", "2023-12-31T17:00:00+00:00"),
        ("15 jun 2026, 20:30:41 CEST", "2026-06-15T18:30:41+00:00"),
        ("1 mrt 2024, 09:00:00 CET", "2024-03-01T08:00:00+00:00"),
        ("15.06.2026, 20:30:41 MESZ", "2026-06-15T18:30:41+00:00"),
        ("2 août 2023, 08:00:00 UTC+02:00", "2023-08-02T06:00:00+00:00"),
        ("3 ene 2024, 10:00:00 GMT-3", "2024-01-03T13:00:00+00:00"),
        ("May 1, 2024, 1:02:03 PM CST", None),
        ("May 1, 2024, 1:02:03 PM", None),
        ("31 feb 2024, 10:00:00 UTC", None),
        ("2024年5月1日 10:00:00 JST", None),
        ("", None),
    ],
)
def test_times_of_the_web_page(written: str, expected: str | None) -> None:
    found = written_time(written)
    assert (found.isoformat() if found else None) == expected


@given(st.one_of(texts, st.from_regex(r"[A-Za-z0-9. ,:]{0,40}", fullmatch=True)))
@FUZZING
def test_whatever_is_written_is_a_time_or_unknown(written: str) -> None:
    assert written_time(written) is None or written_time(written).tzinfo == UTC  # type: ignore[union-attr]


@given(st.text(max_size=60), st.sampled_from([VIDEO, REEL, "https://www.youtube.com/watch?t=1&v=dQw4w9WgXcQ"]))
@FUZZING
def test_a_link_names_a_post_by_itself_alone(around: str, link: str) -> None:
    assert post_behind(link)
    assert post_behind(f"{around}x {link}") is None
