"""Posts of Instagram as its pages hold them (Zeeschuimer saves them), in the present form and the older graph form."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline.records.post import Post
from pipeline.sources.formats.media_kinds import several
from pipeline.sources.formats.notes import Rejected, leave_out
from pipeline.sources.formats.result import known_post, post_url
from pipeline.sources.formats.values import child, counts, decoded, epoch, identifier, other_identifier, seconds, text

#: The kinds of a post and of its parts, in the present form and the graph form.
ITEM_KINDS = {"1": "image", "2": "video"}
GRAPH_KINDS = {"Image": "image", "Video": "video"}
ITEM_CAROUSEL, GRAPH_CAROUSEL = 8, "Sidecar"


def page_post(record: Mapping[str, Any], source: str, counted_at: datetime | None) -> Post:
    """A post from the record that Instagram's own pages hold of it; grids leave out caption, time and author."""
    return known_post((_graph_post if "shortcode" in record else _item_post)(record, source, counted_at))


def threads_post(record: Mapping[str, Any], source: str, counted_at: datetime | None) -> Post:
    """A post of Threads, whose records are those of Instagram; its media is not fetched."""
    post = _item_post(record, source, counted_at)
    told = child(record, "text_post_app_info")
    answers = counts({"comments": told.get("direct_reply_count"), "shares": told.get("repost_count")})
    shows = not (record.get("image_versions2") or record.get("video_versions") or record.get("carousel_media"))
    return known_post(
        dataclasses.replace(
            post,
            platform="threads",
            url=f"https://www.threads.com/post/{post.post_id}" if post.post_id else None,
            counts={**post.counts, **answers},
            media_type="text" if shows and post.media_type is None else post.media_type,
        )
    )


def _item_post(record: Mapping[str, Any], source: str, counted_at: datetime | None) -> Post:
    code = identifier(record.get("code"), "code")
    user = child(record, "user") or child(record, "owner")
    posted_at = epoch(record.get("taken_at"), "taken_at")
    sound_id, sound_title, sound_artist = _reel_sound(child(record, "clips_metadata"))
    views = record.get("view_count")
    return Post(
        source=source,
        platform="instagram",
        post_id=code,
        url=post_url("instagram", code) if code else None,
        caption=decoded(child(record, "caption").get("text")),
        author=text(user.get("username")),
        author_id=other_identifier(user.get("pk") or user.get("id"), "user.id"),
        posted_at=posted_at,
        posted_precision="second" if posted_at else None,
        duration_s=seconds(record.get("video_duration"), "video_duration"),
        sound_id=sound_id,
        sound_title=sound_title,
        sound_artist=sound_artist,
        counted_at=counted_at,
        counts=counts(
            {
                "views": record.get("play_count") if views is None else views,
                "likes": _shown_likes(record, record.get("like_count")),
                "comments": record.get("comment_count"),
            }
        ),
        media_type=_item_kind(record),
        is_ad=_is_ad(record),
    )


def _graph_post(record: Mapping[str, Any], source: str, counted_at: datetime | None) -> Post:
    code, owner = identifier(record.get("shortcode"), "shortcode"), child(record, "owner")
    posted_at = epoch(record.get("taken_at_timestamp") or record.get("date"), "taken_at_timestamp")
    written = record.get("caption")  # instaloader's own form of newer records
    return Post(
        source=source,
        platform="instagram",
        post_id=code,
        url=post_url("instagram", code) if code else None,
        caption=decoded(written) if isinstance(written, str) else _graph_caption(record),
        author=text(owner.get("username")),
        author_id=other_identifier(owner.get("id"), "owner.id"),
        posted_at=posted_at,
        posted_precision="second" if posted_at else None,
        duration_s=seconds(record.get("video_duration"), "video_duration"),
        counted_at=counted_at,
        counts=counts(
            {
                "views": record.get("video_view_count"),
                "likes": _shown_likes(record, _edge_count(record, "edge_media_preview_like", "edge_liked_by")),
                "comments": _edge_count(record, "edge_media_to_comment", "edge_media_to_parent_comment"),
            }
        ),
        media_type=_graph_kind(record),
        is_ad=_is_ad(record),
    )


def _item_kind(item: Mapping[str, Any]) -> str | None:
    if item.get("media_type") != ITEM_CAROUSEL:
        return ITEM_KINDS.get(str(item.get("media_type")))
    parts = item.get("carousel_media")
    parts = parts if isinstance(parts, list) else ()
    return several(ITEM_KINDS.get(str(part.get("media_type"))) for part in parts if isinstance(part, dict))


def _graph_kind(node: Mapping[str, Any]) -> str | None:
    """By the name of its type, such as GraphImage or XDTGraphVideo; some records have `is_video` alone."""
    name = str(node.get("__typename", "")).rpartition("Graph")[2]
    if name == GRAPH_CAROUSEL:
        edges = child(node, "edge_sidecar_to_children").get("edges")
        edges = edges if isinstance(edges, list) else ()
        return several(_graph_kind(child(edge, "node")) for edge in edges if isinstance(edge, dict))
    return GRAPH_KINDS.get(name) or ("video" if node.get("is_video") is True else None)


def _is_ad(record: Mapping[str, Any]) -> bool | None:
    kind = text(record.get("product_type"))
    return kind == "ad" if kind else None


def _shown_likes(record: Mapping[str, Any], likes: object) -> object:
    """Likes, unknown where the author hides them: Instagram then states a small number that is made up."""
    return None if record.get("like_and_view_counts_disabled") else likes


def _edge_count(record: Mapping[str, Any], *names: str) -> object:
    found = (child(record, name).get("count") for name in names)
    return next((number for number in found if number is not None), None)


def _graph_caption(record: Mapping[str, Any]) -> str | None:
    edges = child(record, "edge_media_to_caption").get("edges")
    if not edges:
        return None
    if not isinstance(edges, list) or not isinstance(edges[0], dict):
        leave_out(Rejected("`edge_media_to_caption.edges` is not a list of objects"))
        return None
    return decoded(child(edges[0], "node").get("text"))


def _reel_sound(reel: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Id, title and artist of the sound under a reel; the artist of an original sound is the handle, and left out."""
    music = child(child(reel, "music_info"), "music_asset_info")
    if music:
        cluster = other_identifier(music.get("audio_cluster_id"), "audio_cluster_id")
        return cluster, decoded(music.get("title")), decoded(music.get("display_artist"))
    own = child(reel, "original_sound_info")
    return other_identifier(own.get("audio_asset_id"), "audio_asset_id"), decoded(own.get("original_audio_title")), None
