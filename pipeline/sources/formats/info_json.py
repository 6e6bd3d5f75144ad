"""Descriptions of videos by yt-dlp: a folder of `.info.json` files, one such file, a line each, or in a playlist."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.records.post import Post
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import document, json_records
from pipeline.sources.formats.result import known_post, post_url
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.values import count, counts, epoch, identifier, moment, seconds, shown, text
from pipeline.sources.post_fields import from_info, media_type_of

INFO_JSON = "info_json"
PATTERN = "*.info.json"
EXTRACTORS = frozenset({"extractor_key", "extractor", "ie_key"})
LISTED = ("video", "url", "url_transparent")  # a playlist may only name its videos, by their URLs
DEEPEST = 4  # playlists inside playlists: of a channel, its tabs
TIMES = ("timestamp", "epoch")
COUNTS = ("view_count", "like_count", "comment_count", "repost_count", "save_count")
DAY = "%Y%m%d"  # of `upload_date`
TEXTS = ("url", "caption", "author", "author_id", "sound_title", "sound_artist")


def is_info(value: object) -> bool:
    """True for what yt-dlp writes of a video or a list."""
    return isinstance(value, dict) and "id" in value and not EXTRACTORS.isdisjoint(value)


def info_files(folder: Path) -> list[Path]:
    """The descriptions in a folder and below, in order."""
    return sorted(path for path in folder.rglob(PATTERN) if path.is_file())


def read_info(path: Path) -> Numbered[Post]:
    """The posts of descriptions; everything in them is text, and no URL is followed."""
    rows = _folder_records(path) if path.is_dir() else json_records(path, _videos)
    return mapped(rows, _info_post)


def _videos(info: object, depth: int = DEEPEST) -> Iterable[object]:
    """The videos of a playlist, which says for all of them who read it and when; anything else as it stands."""
    if not isinstance(info, dict) or not isinstance(info.get("entries"), list) or not depth:
        return [info]
    shared = {name: info[name] for name in ("extractor_key", "extractor", "epoch") if name in info}
    found = (shared | entry if isinstance(entry, dict) else entry for entry in info["entries"])
    return [video for entry in found for video in _videos(entry, depth - 1)]


def _folder_records(folder: Path) -> Numbered[dict[str, Any]]:
    for number, path in enumerate(info_files(folder), start=1):
        try:
            info = document(path)
        except (UserError, OSError):
            yield number, Rejected(f"{path.name} is not complete JSON")
            continue
        for video in _videos(info):
            yield number, video if isinstance(video, dict) else Rejected(f"{path.name} holds no object")


def _info_post(info: Mapping[str, Any]) -> Post:
    post = described(info)
    known = post_url(post.platform, post.post_id) if post.platform and post.post_id else None
    return known_post(dataclasses.replace(post, url=known or post.url))


def _readable(info: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers and times of a description, None for those that cannot be read."""
    found: dict[str, Any] = {name: count(info.get(name), name) for name in COUNTS}
    found |= {name: info[name] if epoch(info.get(name), name) is not None else None for name in TIMES}
    day = info.get("upload_date")
    found["upload_date"] = day if moment(day, "upload_date", DAY) is not None else None
    return found | {"duration": seconds(info.get("duration"), "duration")}


def described(info: Mapping[str, Any]) -> Post:
    """What a description of a video states, as clean text and counts; `Rejected` if it describes none."""
    if info.get("_type", "video") not in LISTED:
        raise Rejected(f"a description of type {shown(info['_type'])} is no post")
    post_id = identifier(info.get("id"), "id")
    post = from_info({"extractor_key": info.get("ie_key"), **info, **_readable(info)}, INFO_JSON)
    known: dict[str, Any] = {name: text(getattr(post, name)) for name in TEXTS}
    kind = media_type_of(info, post.platform)
    return dataclasses.replace(post, **known, post_id=post_id, counts=counts(post.counts), media_type=kind)
