"""Every format against a small invented file of its real shape: the posts, the rows that are rejected, and no more."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.records.post import Post
from pipeline.sources.formats import BY_NAME, Exposure, Hints, ImportResult, read

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = sorted(path.name.removesuffix(".expected.json") for path in FIXTURES.glob("*.expected.json"))
EMPTY: tuple[object, ...] = (None, {}, [])


def read_fixture(name: str) -> ImportResult:
    (path,) = (path for path in FIXTURES.iterdir() if path.stem == name or (path.is_dir() and path.name == name))
    return read(path, Hints(donor="p01"))


def expected_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.expected.json").read_text(encoding="utf-8"))
    return found


def stated(found: Post | Exposure) -> dict[str, Any]:
    """The fields that are known, with times as text."""
    fields = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    fields["notes"] = [note.sentence for note in found.notes]
    shown = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items()}
    return {name: value for name, value in shown.items() if value not in EMPTY}


def test_every_format_has_a_fixture() -> None:
    assert {expected_of(name)["format"] for name in NAMES} == set(BY_NAME)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_gives_the_expected_posts_and_rejects(name: str) -> None:
    expected = expected_of(name)
    result = read_fixture(name)
    assert (result.format, result.unit) == (expected["format"], expected["unit"])
    assert [{"number": found.number, **stated(found.post)} for found in result.posts] == expected["posts"]
    assert [stated(exposure) for exposure in result.exposures] == expected["exposures"]
    assert [[reject.number, reject.sentence] for reject in result.rejects] == expected["rejects"]


@pytest.mark.parametrize("name", NAMES)
def test_ids_are_text_times_are_utc_and_counts_are_never_invented(name: str) -> None:
    for found in read_fixture(name).posts:
        post = found.post
        assert isinstance(post.post_id, str)
        assert all(isinstance(number, int) and number >= 0 for number in post.counts.values())
        for moment in (post.posted_at, post.counted_at):
            offset = None if moment is None else moment.utcoffset()
            assert moment is None or (offset is not None and not offset)
        assert (post.posted_at is None) == (post.posted_precision is None)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_researcher_and_no_signed_url_comes_through(name: str) -> None:
    result = dataclasses.replace(read_fixture(name), path=Path("x"))
    for private in ("secret", "researcher", "Mozilla", "x-expires", "signature"):
        assert private not in repr(result)


def test_a_donation_gives_exposures_alone() -> None:
    result = read_fixture("tiktok_donation")
    assert not result.posts
    kinds = {"watched", "liked", "saved", "reposted", "shared", "commented", "posted"}
    assert {exposure.kind for exposure in result.exposures} == kinds
    # messages, searches, logins and the profile are not looked at; of comments and own posts, only which video it was
    for private in ("7399999999999999999", "private search", "192.0.2.1", "donor.name"):
        assert private not in repr(result)
    assert "someone" not in repr(result)  # a handle inside a link


@pytest.mark.parametrize("name", [name for name in NAMES if expected_of(name)["exposures"]])
def test_donations_give_exposures_alone(name: str) -> None:
    result = dataclasses.replace(read_fixture(name), path=Path("x"))
    assert not result.posts
    assert result.donor == "p01"
    for private in ("private search", "192.0.2.1", "donor.name", "someone", "friend", "ann.reels", "Ann"):
        assert private not in repr(result)
