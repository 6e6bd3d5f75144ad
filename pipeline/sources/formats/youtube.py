"""Videos of YouTube: answers of its Data API, and CSV files of YouTube Data Tools."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.records import json_records
from pipeline.sources.formats.result import known_post, post_url
from pipeline.sources.formats.rows import Numbered, mapped
from pipeline.sources.formats.tables import csv_records
from pipeline.sources.formats.values import (
    child,
    counts,
    decoded,
    identifier,
    iso_duration,
    moment,
    other_identifier,
    shown,
    text,
)
from pipeline.sources.post_fields import language_of

DATA_API, DATA_TOOLS = "youtube_data_api", "youtube_data_tools_csv"
VIDEO, SEARCH_RESULT, PLAYLIST_ITEM = "youtube#video", "youtube#searchResult", "youtube#playlistItem"
TOOLS_COLUMNS = frozenset({"videoId", "channelId", "videoTitle", "publishedAt"})
COUNTS = {"views": "viewCount", "likes": "likeCount", "comments": "commentCount"}  # ours, and the platform's
#: Of the speech, as the Data API and two versions of YouTube Data Tools spell it, then of title and description.
LANGUAGES = ("defaultAudioLanguage", "defaultLAudioLanguage", "defaultLanguage")
NOT_FOUND = "[not found:"  # what YouTube Data Tools writes as title of a video that is gone


def is_data_api(value: object) -> bool:
    """True for an answer of the Data API with videos, results of a search or entries of a playlist, or one of them."""
    if isinstance(value, list):
        return bool(value) and is_data_api(value[0])
    return isinstance(value, dict) and str(value.get("kind", "")).startswith("youtube#")


def is_data_tools(names: Collection[str]) -> bool:
    """True for the columns of a video list of YouTube Data Tools."""
    return set(names) >= TOOLS_COLUMNS


def read_data_api(path: Path) -> Numbered[Post]:
    """The videos of answers of the Data API: one answer, a list of answers, or an answer or a video a line."""
    return mapped(json_records(path, _api_videos), _api_post)


def read_data_tools(path: Path) -> Numbered[Post]:
    """The videos of a list of YouTube Data Tools."""
    return mapped(csv_records(path), _tools_post)


def _api_videos(answer: object) -> Iterable[object]:
    if not isinstance(answer, dict) or not str(answer.get("kind", "")).endswith("ListResponse"):
        return [answer]
    videos = answer.get("items")
    if not isinstance(videos, list):
        raise Rejected(f"`items` is {shown(videos)}, not a list")
    return videos


def _api_post(record: Mapping[str, Any]) -> Post:
    kind = record.get("kind")
    if kind == PLAYLIST_ITEM:
        return _playlist_item(record)
    if kind not in (VIDEO, SEARCH_RESULT):
        raise Rejected(f"a record of kind {shown(kind)} is no video")
    named = child(record, "id").get("videoId") if kind == SEARCH_RESULT else record.get("id")
    duration = child(record, "contentDetails").get("duration")
    fields = {**child(record, "snippet"), **child(record, "statistics"), "duration": duration}
    if kind == SEARCH_RESULT:  # its texts are written for a web page, those of a video are not
        fields |= {name: decoded(fields.get(name)) for name in ("title", "description")}
    return _video_post(DATA_API, identifier(named, "id"), fields)


def _playlist_item(record: Mapping[str, Any]) -> Post:
    """The video of an entry: the entry's own time and channel are those of who put it on the list."""
    snippet, details = child(record, "snippet"), child(record, "contentDetails")
    named = child(snippet, "resourceId").get("videoId") or details.get("videoId")
    fields = {
        "title": snippet.get("title"),
        "description": snippet.get("description"),
        "publishedAt": details.get("videoPublishedAt"),
        "channelId": snippet.get("videoOwnerChannelId"),
    }
    return _video_post(DATA_API, identifier(named, "videoId"), fields)


def _tools_post(row: Mapping[str, str]) -> Post:
    if row["videoTitle"].startswith(NOT_FOUND):
        raise Rejected("YouTube Data Tools could not find this video")
    # `duration` is taken, since `durationSec` leaves out the hours in older versions.
    fields = {**row, "title": row["videoTitle"], "description": row.get("videoDescription")}
    return _video_post(DATA_TOOLS, identifier(row["videoId"], "videoId"), fields)


def _video_post(source: str, post_id: str | None, fields: Mapping[str, Any]) -> Post:
    posted_at = moment(fields.get("publishedAt"), "publishedAt")
    texts = (text(fields.get("title")), text(fields.get("description")))
    return known_post(
        Post(
            source=source,
            platform="youtube",
            post_id=post_id,
            url=post_url("youtube", post_id) if post_id else None,
            caption="\n".join(part for part in texts if part) or None,
            author_id=other_identifier(fields.get("channelId"), "channelId"),
            posted_at=posted_at,
            posted_precision="second" if posted_at else None,
            duration_s=iso_duration(fields.get("duration"), "duration"),
            language=next((code for name in LANGUAGES if (code := language_of(text(fields.get(name))))), None),
            counts=counts({ours: fields.get(theirs) for ours, theirs in COUNTS.items()}),
            media_type="video",
        )
    )
