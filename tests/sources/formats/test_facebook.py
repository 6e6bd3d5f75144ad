"""Posts of Facebook: which number of a URL is the post's, and what a record of its pages states."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records.post import Post
from pipeline.sources.formats.facebook import post_id_of_url
from pipeline.sources.formats.reading import read

NUMBERS = st.integers(10, 10**18).map(str)
PAGES = st.one_of(NUMBERS, st.from_regex(r"[a-z0-9.]{5,20}", fullmatch=True), NUMBERS.map("groups/{}".format))
FORMS = st.sampled_from(
    [
        "{page}/posts/{post}",
        "{page}/posts/a-title-of-2024/{post}/",
        "{page}/videos/{post}/",
        "{page}/videos/vb.1234/{post}",
        "{page}/permalink/{post}/?ref=1",
        "{page}/photos/a.12345/{post}",
        "reel/{post}/?s=2",
        "watch/?v={post}",
        "watch?app=1&v={post}#t",
        "permalink.php?story_fbid={post}&id=99",
        "photo/?fbid={post}&set=a.12",
        "{post}",
    ]
)


@given(page=PAGES, post=NUMBERS, form=FORMS)
def test_a_post_has_its_own_number_and_not_that_of_its_page_or_group(page: str, post: str, form: str) -> None:
    assert post_id_of_url("https://www.facebook.com/" + form.format(page=page, post=post)) == post


@pytest.mark.parametrize("path", ["ann/posts/pfbid02abC9", "100012/posts/pfbid021", "ann", "groups/ann/posts/1x"])
def test_a_url_without_a_number_of_its_post_names_none(path: str) -> None:
    assert post_id_of_url(f"https://www.facebook.com/{path}") is None


def record(**story: Any) -> dict[str, Any]:
    """A story in the layout of Facebook's pages."""
    header = [{"story": {"privacy_scope": {}}}, {"story": {"creation_time": 1714557600, "url": "https://x"}}]
    return {
        "id": "S:_I1000:2000:2000",
        "comet_sections": {
            "content": {"story": {"post_id": "2000", "wwwURL": "https://www.facebook.com/ann/posts/pfbid02a", **story}},
            "context_layout": {"story": {"comet_sections": {"metadata": header}}},
        },
    }


def post(folder: Path, data: dict[str, Any]) -> Post:
    path = folder / "posts.ndjson"
    line = {"timestamp_collected": 1715000000123, "source_platform": "facebook.com", "data": data}
    path.write_text(json.dumps(line) + "\n", "utf-8")
    return read(path).posts[0].post


def test_what_a_record_states(tmp_path: Path) -> None:
    author = {"id": "1000", "name": "Ann Display", "url": "https://www.facebook.com/ann.page"}
    found = post(tmp_path, record(message={"text": "A bag &amp; more #bag"}, actors=[author]))
    assert (found.platform, found.post_id, found.url) == ("facebook", "2000", "https://www.facebook.com/2000")
    assert (found.caption, found.author, found.author_id) == ("A bag & more #bag", "ann.page", "1000")
    assert (found.posted_at, found.posted_precision) == (datetime(2024, 5, 1, 10, tzinfo=UTC), "second")
    assert found.counts is None or not any(found.counts.values())


def test_the_number_of_a_reel_is_that_of_its_url(tmp_path: Path) -> None:
    assert post(tmp_path, record(wwwURL="https://www.facebook.com/reel/77001/")).post_id == "77001"


@pytest.mark.parametrize("url", ["https://www.facebook.com/profile.php?id=1000", "https://www.facebook.com/1000", None])
def test_a_name_for_display_or_a_number_is_no_handle(tmp_path: Path, url: str | None) -> None:
    assert post(tmp_path, record(actors=[{"id": "1000", "name": "Ann", "url": url}])).author is None


@pytest.mark.parametrize(
    ("types", "kind"), [(["Video"], "video"), (["Photo"], "image"), (["Photo", "Photo"], "carousel"), ([None], None)]
)
def test_kinds_of_media(tmp_path: Path, types: list[str | None], kind: str | None) -> None:
    attached = [{"target": {"__typename": name} if name else {"id": "5"}} for name in types]
    assert post(tmp_path, record(attachments=attached)).media_type == kind


def test_a_record_without_its_story_is_a_reject(tmp_path: Path) -> None:
    path = tmp_path / "posts.ndjson"
    path.write_text(json.dumps({"source_platform": "facebook.com", "data": {"id": "S:_I1:2:2"}}) + "\n", "utf-8")
    assert "no id" in read(path).rejects[0].reason
