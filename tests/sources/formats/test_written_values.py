"""Values as people and programs write them: what has one meaning is read, anything else costs its cell and no more."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.sentences import import_lines
from pipeline.sources.formats import Hints, read
from pipeline.sources.formats.notes import Rejected, leave_out, taking_notes
from pipeline.sources.formats.result import Reject, reason_lines
from pipeline.sources.formats.values import decoded
from pipeline.sources.formats.written_numbers import read_count, read_seconds
from pipeline.sources.formats.written_times import MONTHS, read_time, states_clock
from tests.sources.formats.test_columns import ID, URL, table

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
EDGES = {"min_value": datetime(2000, 1, 2), "max_value": datetime(2098, 12, 30)}  # noqa: DTZ001 - days and clocks alone


# ---------------------------------------------------------------- counts


@given(st.integers(1_000_000, 10**15), st.sampled_from([",", ".", " ", "\u00a0", "\u202f", "'", "’"]))
def test_digits_in_groups_are_a_count(number: int, mark: str) -> None:
    assert read_count(f"{number:,}".replace(",", mark)) == number


@given(st.integers(1_000, 999_999), st.sampled_from([",", " ", "\u202f", "’"]))
def test_one_group_is_a_count_where_its_mark_is_no_point(number: int, mark: str) -> None:
    assert read_count(f"{number:,}".replace(",", mark)) == number
    assert read_count(f"{number:,}".replace(",", ".")) is None, "as many decimals look like that"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("100000.0", 100_000),
        ("12,0", 12),
        ("1,234.00", 1234),
        ("1.234,0", 1234),
        ("1234.000", 1234),
        ("1e+05", 100_000),
    ],
)
def test_zeros_behind_a_count_are_none(written: str, number: int) -> None:
    assert read_count(written) == number


@pytest.mark.parametrize(
    "written",
    ["1.2K", "12k", "1.5M", "3 Mio", "2 Mrd", "1.2万", "10+", "1.000", "1.234", "1,23", "1,2345", "1,234.567",
     "1.234.0", "1 234,567", "TRUE", "1_000", "", "٣"],
)  # fmt: skip
def test_what_is_rounded_or_has_two_meanings_is_no_count(written: str) -> None:
    assert read_count(written) is None


# ---------------------------------------------------------------- durations


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_a_duration_is_read_in_every_form(hours: int, minutes: int, rest: int) -> None:
    expected = (hours * 60 + minutes) * 60 + rest
    forms = [f"PT{hours}H{minutes}M{rest}S", f"{hours}:{minutes:02}:{rest:02}", f"{hours:02}:{minutes:02}:{rest:02}"]
    forms += [
        f"{hours}h {minutes}m {rest}s",
        f"{hours}h{minutes}min{rest}s",
        f"{expected}",
        f"{expected}.0",
        f"{expected}s",
    ]
    forms += [f"{minutes + 60 * hours}:{rest:02}"]
    assert {read_seconds(form) for form in forms} == {expected}


@pytest.mark.parametrize(
    ("written", "seconds"), [("12,5", 12.5), ("1:05,5", 65.5), ("65 sec", 65), ("PT15S", 15), ("1e1", 10)]
)
def test_other_durations(written: str, seconds: float) -> None:
    assert read_seconds(written) == seconds


@pytest.mark.parametrize(
    "written", ["1,234", "1:5", "1:65", "1:75:00", "short", "65000ms", "P", "PT", "", "1_0", "nan", ":05"]
)
def test_what_is_no_duration(written: str) -> None:
    assert read_seconds(written) is None


# ---------------------------------------------------------------- times


@given(st.datetimes(**EDGES))
def test_a_time_is_read_in_every_form(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    name = MONTHS[moment.month - 1].capitalize()
    day, clock = f"{moment.year}-{moment.month}-{moment.day}", f"{moment:%H:%M:%S}"
    forms = [
        f"{day} {clock}", f"{day}T{clock}Z", f"{day} {clock} UTC", f"{day.replace('-', '/')} {clock}",
        f"{moment.day}.{moment.month}.{moment.year} {clock}", f"{name[:3]} {moment.day}, {moment.year} {clock}",
        f"{moment.day} {name} {moment.year}, {clock}", f"{name} {moment.day}th, {moment.year} at {moment:%I:%M:%S %p}",
        f"{moment:%a}, {moment:%d} {name[:3]} {moment.year} {clock} GMT", f"{moment:%Y-%m-%dT%H:%M:%S.000Z}",
        f"{moment:%a} {name[:3]} {moment:%d} {clock} +0000 {moment.year}", f"{moment.timestamp():.1f}",
        f"{(moment - datetime(1899, 12, 30, tzinfo=UTC)) / timedelta(days=1):.9f}",
    ]  # fmt: skip
    if moment.timestamp() >= 1e9:  # earlier ones have a digit less
        forms.append(str(int(moment.timestamp() * 1000)))
        assert {read_time(form) for form in forms} == {moment}
        assert all(map(states_clock, forms[:-2]))


@given(st.dates(min_value=EDGES["min_value"].date(), max_value=EDGES["max_value"].date()))
def test_a_day_is_a_day_in_every_form(day: datetime) -> None:
    name = MONTHS[day.month - 1]
    serial = (day - datetime(1899, 12, 30).date()).days  # type: ignore[operator]  # noqa: DTZ001
    forms = [f"{day:%Y-%m-%d}", f"{day.year}-{day.month}-{day.day}", f"{day.day}.{day.month}.{day.year}",
             f"{name.capitalize()} {day.day}, {day.year}", f"{day.day} {name[:3]} {day.year}", f"{serial}"]  # fmt: skip
    assert {read_time(form).date() for form in forms} == {day}
    assert not any(map(states_clock, forms))


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Sat, 31 Jan 2026 12:00:00 GMT", NOON),
        ("Sat, 31 Jan 2026 13:00:00 +0100", NOON),
        ("2026-01-31 13:00:00 CET", NOON),
        ("2026-01-31T04:00:00 PST", NOON),
        ("2026-1-31 12:00 PM", NOON),
        ("Jan 31, 2026 12:00 AM", NOON - timedelta(hours=12)),
        ("46053.5", NOON),
    ],
)
def test_zones_and_halves_of_a_day(written: str, moment: datetime) -> None:
    assert read_time(written) == moment


@pytest.mark.parametrize(
    "written",
    ["01/02/2026", "31/01/2026", "1/31/2026 12:00 PM", "31.01.26", "2026-01-31 12:00:00 CST", "Jan 2026", "31 2026",
     "Jan 31",
     "Jan 31 Feb 2026", "2026-13-01", "2026-02-30", "12:00", "1", "12345", "99999", "soon", "",
     "31 janvier 2026", "25:00"],
)  # fmt: skip
def test_what_has_two_meanings_or_none_is_no_time(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_time(written)


# ---------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("column", "cell"),
    [("views", "1.2K"), ("views", "many"), ("duration_s", "short"), ("posted_at", "01/02/2026"), ("counted_at", "soon"),
     ("language", "English"), ("author_id", "7.3E+18"), ("sound_id", "7300000000012177926.0")],
)  # fmt: skip
def test_a_value_that_cannot_be_read_costs_its_cell(tmp_path: Path, column: str, cell: str) -> None:
    result = table(tmp_path, ("platform", "id", "caption", column), ("tiktok", ID, "words", cell))
    (found,) = result.posts
    assert found.post.caption == "words"
    assert getattr(found.post, column, None) is None
    assert not found.post.counts
    (note,) = result.notes
    assert (note.number, column in note.reason, cell in note.example) == (2, True, True)


def test_each_column_is_said_once_with_an_example_and_what_to_do(tmp_path: Path) -> None:
    rows = [("tiktok", str(int(ID) + step), f"{step + 1:02}/02/2026", f"{step}.2K") for step in range(9)]
    result = table(tmp_path, ("platform", "id", "posted_at", "views"), *rows)
    said = import_lines(result, tmp_path / "x.rejects.csv").splitlines()
    (dates,) = (line for line in said if "posted_at" in line)
    (views,) = (line for line in said if "views" in line)
    assert "9 ×" in dates
    assert "01/02/2026" in dates
    assert "--date-format" in dates
    assert "9 ×" in views


def test_no_reason_is_cut_without_a_word() -> None:
    lines = reason_lines(Reject(number, f"reason {number % 20}") for number in range(100))
    assert sum(int(line.split()[0]) if "×" in line else int(line.split()[1]) for line in lines) == 100
    assert "12 other" in lines[-1]


@pytest.mark.parametrize("row", [{"playCount": "1.2M"}, {"diggCount": [1]}])
def test_a_count_of_a_record_costs_no_post(tmp_path: Path, row: dict[str, object]) -> None:
    record = {"id": ID, "desc": "a", "createTime": "soon", "author": 5, "music": [], "stats": {"shareCount": 1, **row}}
    path = tmp_path / "x.ndjson"
    path.write_text(json.dumps({"source_platform": "tiktok.com", "data": record}))
    result = read(path)
    (found,) = result.posts
    assert found.post.counts == {"shares": 1}
    assert {note.reason.split("`")[1] for note in result.notes} >= {"createTime", "author", "music"}


def test_a_donor_saw_a_video_even_if_nobody_can_say_when(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"Activity": {"Like List": {"ItemFavoriteList": [{"Date": "soon", "Link": URL}]}}}))
    result = read(path, Hints(donor="p01"))
    assert [found.seen_at for found in result.exposures] == [None]
    assert len(result.notes) == 1
    assert "soon" not in import_lines(result, tmp_path / "x"), "what a person gave is not put on a screen"


def test_what_cannot_be_read_is_an_error_where_no_row_takes_notes() -> None:
    with pytest.raises(Rejected):
        leave_out(Rejected("x"))
    with taking_notes() as notes:
        leave_out(Rejected("x", "5"))
    assert [(note.reason.endswith("x"), note.example) for note in notes] == [(True, "5")]


# ---------------------------------------------------------------- texts and ids


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("Don&#39;t &amp; &lt;3 &quot;x&quot; &#x1F45C;", 'Don\'t & <3 "x" 👜'),
        ("AT&T R&D &copy x?a=1&copy=2&lt=3", "AT&T R&D &copy x?a=1&copy=2&lt=3"),
        ("&amp;amp; &nothing;", "&amp; &nothing;"),
    ],
)
def test_what_is_written_for_a_web_page_is_decoded_once(tmp_path: Path, written: str, read_as: str) -> None:
    assert decoded(written) == read_as
    (found,) = table(tmp_path, ("platform", "id", "caption", "sound_title"), ("tiktok", ID, written, written)).posts
    assert (found.post.caption, found.post.sound_title) == (read_as, read_as)
    apify = {"webVideoUrl": URL, "text": written, "id": ID}
    zeeschuimer = {"source_platform": "tiktok.com", "data": {"id": ID, "desc": written}}
    for record in (apify, zeeschuimer):
        (tmp_path / "x.json").write_text(json.dumps(record))
        assert read(tmp_path / "x.json").posts[0].post.caption == read_as


def test_na_in_json_is_unknown(tmp_path: Path) -> None:
    video = {
        "id": ID,
        "create_time": "NA",
        "username": "NA",
        "video_description": "NA",
        "like_count": "NA",
        "music_id": "NA",
    }
    (tmp_path / "x.json").write_text(json.dumps({"data": {"videos": [video]}}))
    (found,) = (result := read(tmp_path / "x.json")).posts
    post = found.post
    assert (post.author, post.caption, post.posted_at, post.sound_id, post.counts) == (None, None, None, None, {})
    assert not result.notes


@pytest.mark.parametrize("cell", ["7.3E+18", "7,31E+18", "7312345678901234567.0", "7312345678901230000"])
def test_a_rounded_id_beside_a_right_url_costs_nothing(tmp_path: Path, cell: str) -> None:
    result = table(tmp_path, ("id", "url"), (cell, URL))
    assert [found.post.post_id for found in result.posts] == [ID]
    assert len(result.notes) == 1
    (tmp_path / "x.json").write_text(json.dumps([{"id": 7.3e18, "url": URL, "words": "a"}]))
    assert [found.post.post_id for found in read(tmp_path / "x.json", Hints(columns={"url": "url"})).posts] == [ID]


def test_a_url_that_is_none_costs_a_row_with_an_id_nothing(tmp_path: Path) -> None:
    result = table(tmp_path, ("platform", "id", "url"), ("tiktok", ID, "see bio"), ("tiktok", "", "see bio"))
    assert [found.number for found in result.posts] == [2]
    assert [reject.number for reject in result.rejects] == [3]


@pytest.mark.parametrize("cell", ["7.31E+18", "7312345678901230000"])
def test_a_rounded_id_beside_a_right_url_costs_nothing_in_tables_of_tools(tmp_path: Path, cell: str) -> None:
    apify = {"id": cell, "text": "a", "webVideoUrl": URL}
    fourcat = {"id": cell, "body": "a", "author": "ann", "plays": "1", "likes": "1", "shares": "1", "comments": "1",
               "tiktok_url": URL}  # fmt: skip
    for row in (apify, fourcat):
        result = table(tmp_path, tuple(row), tuple(row.values()))
        assert [found.post.post_id for found in result.posts] == [ID]
        assert [note.number for note in result.notes] == [2]
    (tmp_path / "x.json").write_text(json.dumps([{**apify, "id": 7.3e18}, {**apify, "id": 7312345678901230000}]))
    assert [found.post.post_id for found in read(tmp_path / "x.json").posts] == [ID, ID]


# ---------------------------------------------------------------- day and month


@given(
    st.lists(st.dates(EDGES["min_value"].date(), EDGES["max_value"].date()), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from("/-"),
)
def test_a_column_shows_whether_the_day_or_the_month_stands_first(
    tmp_path_factory: pytest.TempPathFactory, days: list[datetime], day_first: bool, mark: str
) -> None:
    form = f"%d{mark}%m{mark}%Y" if day_first else f"%m{mark}%d{mark}%Y"
    rows = [("tiktok", str(int(ID) + step), f"{day:{form}}") for step, day in enumerate(days)]
    result = table(tmp_path_factory.mktemp("x"), ("platform", "id", "posted_at"), *rows)
    is_shown = any(day.day > 12 for day in days)
    expected = [day if is_shown else None for day in days]
    assert [found.post.posted_at and found.post.posted_at.date() for found in result.posts] == expected
    assert {found.post.posted_precision for found in result.posts} == ({"day"} if is_shown else {None})
    assert len(result.notes) == len(days), "how they were read is said"


def test_a_column_that_shows_both_orders_is_not_read_in_either(tmp_path: Path) -> None:
    rows = [("tiktok", str(int(ID) + step), day) for step, day in enumerate(("31/01/2026", "01/31/2026", "01/02/2026"))]
    result = table(tmp_path, ("platform", "id", "posted_at"), *rows)
    assert [found.post.posted_at for found in result.posts] == [None, None, None]
    stated = table(tmp_path, ("platform", "id", "posted_at"), *rows, hints=Hints(date_format="%d/%m/%Y"))
    assert [found.post.posted_at is None for found in stated.posts] == [False, True, False], "what is said counts"


def test_what_a_row_lacks_is_said_with_what_to_do(tmp_path: Path) -> None:
    result = table(tmp_path, ("url", "platform", "id"), ("", "", ID), ("NA", "tiktok", "NA"))
    assert ["--platform" in reject.reason for reject in result.rejects] == [True, False]
    assert "URL" in result.rejects[1].reason
    assert table(tmp_path, ("url", "id"), ("", ID), hints=Hints(platform="tiktok")).posts
