"""What kind of post an export states, and whether it is an advertisement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.records.post import MEDIA_TYPES, Post
from pipeline.sources.formats import read
from pipeline.sources.formats.media_kinds import flag, several

FOURCAT = "id,body,author,num_likes,num_comments,media_type,num_media\n"


def zeeschuimer(folder: Path, platform: str, **record: Any) -> Post:
    path = folder / "zeeschuimer.ndjson"
    path.write_text(json.dumps({"source_platform": platform, "data": record}))
    (found,) = read(path).posts
    return found.post


def images(count: int, videos: int = 0) -> list[dict[str, int]]:
    return [{"media_type": 1}] * count + [{"media_type": 2}] * videos


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"media_type": 1}, "image"),
        ({"media_type": 2}, "video"),
        ({"media_type": 8, "carousel_media": images(3)}, "carousel"),
        ({"media_type": 8, "carousel_media": images(2, 1)}, "mixed"),
        ({"media_type": 8}, None),
        ({"media_type": 8, "carousel_media": [{"media_type": 1}, {}]}, None),
        ({}, None),
    ],
)
def test_instagram(tmp_path: Path, record: dict[str, Any], kind: str | None) -> None:
    assert zeeschuimer(tmp_path, "instagram.com", code="DAbcdefghi1", **record).media_type == kind


@pytest.mark.parametrize("prefix", ["", "XDT"])
@pytest.mark.parametrize(
    ("name", "parts", "kind"),
    [
        ("GraphImage", (), "image"),
        ("GraphVideo", (), "video"),
        ("GraphSidecar", ("GraphImage", "GraphImage"), "carousel"),
        ("GraphSidecar", ("GraphImage", "GraphVideo"), "mixed"),
        ("GraphSidecar", (), None),
    ],
)
def test_instagram_in_the_graph_form(
    tmp_path: Path, prefix: str, name: str, parts: tuple[str, ...], kind: str | None
) -> None:
    edges = [{"node": {"__typename": prefix + part}} for part in parts]
    record = {"__typename": prefix + name, "edge_sidecar_to_children": {"edges": edges}}
    assert zeeschuimer(tmp_path, "instagram.com", shortcode="DAbcdefghi1", **record).media_type == kind


def test_tiktok(tmp_path: Path) -> None:
    slides = {"imagePost": {"images": [{}]}, "video": {"duration": 0}}
    assert zeeschuimer(tmp_path, "tiktok.com", id="7312345678901234567", **slides).media_type == "slideshow"
    video = {"video": {"duration": 9}}
    assert zeeschuimer(tmp_path, "tiktok.com", id="7312345678901234567", **video).media_type == "video"


@pytest.mark.parametrize(("stated", "ad"), [(True, True), (False, False), (None, None)])
def test_advertisements(tmp_path: Path, stated: bool | None, ad: bool | None) -> None:
    assert zeeschuimer(tmp_path, "tiktok.com", id="7312345678901234567", isAd=stated).is_ad is ad
    product = {True: "ad", False: "clips", None: None}[stated]
    assert zeeschuimer(tmp_path, "instagram.com", code="DAbcdefghi1", product_type=product).is_ad is ad


@pytest.mark.parametrize(
    ("kind", "parts", "expected"),
    [
        ("photo", "1", "image"),
        ("photo", "4", "carousel"),
        ("video", "1", "video"),
        ("video", "2", "mixed"),
        ("mixed", "3", "mixed"),
        ("unknown", "2", None),
    ],
)
def test_4cat(tmp_path: Path, kind: str, parts: str, expected: str | None) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(FOURCAT + f"DAbcdefghi1,hi,ann,1,2,{kind},{parts}\n")
    assert read(path).posts[0].post.media_type == expected


@pytest.mark.parametrize(
    ("extractor", "formats", "kind"),
    [
        ("TikTok", [{"vcodec": "h264"}, {"vcodec": "none"}], "video"),
        ("TikTok", [{"vcodec": "none"}], "slideshow"),
        ("TikTok", [], None),
        ("Youtube", [], "video"),
        ("Soundcloud", [{"vcodec": "none"}], None),
        ("TikTok", [{"vcodec": ["h264"]}, "x"], None),
    ],
)
def test_info_json(tmp_path: Path, extractor: str, formats: list[Any], kind: str | None) -> None:
    path = tmp_path / "a.info.json"
    path.write_text(json.dumps({"id": "73123456789", "extractor_key": extractor, "formats": formats}))
    assert read(path).posts[0].post.media_type == kind


def test_flags_and_parts() -> None:
    assert [flag(value) for value in (True, "TRUE", "yes", 1, 0, "no", "", None, "maybe", [1])] == [
        True, True, True, True, False, False, None, None, None, None,
    ]  # fmt: skip
    assert {several(parts) for parts in (("image",), ("video", None), ("image", None), ())} <= {*MEDIA_TYPES, None}
