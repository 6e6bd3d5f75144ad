"""Pages of accounts, channels and hashtags as yt-dlp's `tiktok:user` and `youtube:tab` read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

DAY_S = 86_400
NEWEST_S = 1_760_000_000  # 2025-10-09 08:53:20 UTC
PINNED_S = NEWEST_S - 700 * DAY_S
PAGE = 15  # posts that TikTok gives at a time
POSTS = 40  # of an account, one a day
IN_ALL = POSTS + 1  # with the pinned one
SEC_UID = "MS4wLjABAAAA"
SEC_UID_CHARACTERS = 64

#: Numbers of the posts on an account's first page and on those after it, the newest first; others have all in turn.
CIRCLES: dict[str, Sequence[range]] = {
    "loop": (range(PAGE),),  # the same page for ever
    "circle": (range(PAGE), range(PAGE, 2 * PAGE)),  # two pages that follow each other for ever
}


def post_number(number: int) -> dict[str, Any]:
    """What tells an account's posts apart; 0 is the newest."""
    return {"id": f"73{number:04d}", "createTime": NEWEST_S - number * DAY_S, "desc": f"post {number} #voice"}


PINNED = {"id": "739999", "createTime": PINNED_S, "desc": "pinned"}


def account(name: str) -> dict[str, Any]:
    """What TikTok's page says of an account."""
    if name == "private":
        return {"statusCode": 10222}
    if name == "new.layout":
        return {"somethingElse": {}}
    user = {"secUid": SEC_UID + name.ljust(SEC_UID_CHARACTERS, "_"), "uniqueId": name}
    return {"statusCode": 0, "userInfo": {"user": user, "stats": {"videoCount": 0 if name == "empty" else POSTS}}}


def account_of(sec_uid: str) -> str:
    """The account behind TikTok's second id."""
    return sec_uid.removeprefix(SEC_UID).rstrip("_")


def page_of(name: str, cursor: int, time_asked: int) -> tuple[list[dict[str, Any]], bool]:
    """Posts of an account before a time in milliseconds, and whether it has more."""
    if name in CIRCLES:
        pages = CIRCLES[name]
        return [post_number(number) for number in pages[(time_asked - 1) % len(pages)]], True
    older = [post for post in map(post_number, range(POSTS)) if post["createTime"] * 1000 < cursor]
    pinned = [PINNED] if name == "ann" and len(older) == POSTS else []
    return [*pinned, *older[:PAGE]], len(older) > PAGE


YOUTUBE_POSTS = 25
YOUTUBE_PAGE = 10


def short_id(number: int) -> str:
    """The id of a short, eleven characters."""
    return f"short{number:06d}"


def tab_page(path: str) -> bytes:
    """YouTube's page of a channel's shorts or of a hashtag, with its first posts."""
    entry, channel = (_short, _channel(path)) if path.endswith("/shorts") else (_video, {})
    shown = path.replace("/shorts", "/videos") if path == "/@films/shorts" else path  # a channel without shorts
    tab = {
        "selected": True,
        "title": "Videos" if shown != path else "Shorts",
        "endpoint": {"commandMetadata": {"webCommandMetadata": {"url": shown}}},
        "content": {"richGridRenderer": {"contents": _grid(entry, path, 0)}},
    }
    data = {
        "contents": {"twoColumnBrowseResultsRenderer": {"tabs": [{"tabRenderer": tab}]}},
        "header": {"hashtagHeaderRenderer": {"hashtag": {"simpleText": "#voice"}}},
        **channel,
    }
    settings = '<script>ytcfg.set({"INNERTUBE_API_KEY": "k"});</script>'
    return f"<html>{settings}<script>var ytInitialData = {json.dumps(data)};</script></html>".encode()


def tab_continued(token: str) -> dict[str, Any]:
    """What YouTube answers to a continuation: the next posts of a page."""
    path, _, start = token.rpartition("|")
    entry = _short if path.endswith("/shorts") else _video
    posts = _grid(entry, path, int(start))
    return {"onResponseReceivedActions": [{"appendContinuationItemsAction": {"continuationItems": posts}}]}


def _channel(path: str) -> dict[str, Any]:
    return {"metadata": {"channelMetadataRenderer": {"title": "Ann", "externalId": "UC" + "a" * 22}}}


def _grid(entry: Any, path: str, start: int) -> list[dict[str, Any]]:
    end = start + YOUTUBE_PAGE
    again = path == "/@again/shorts"  # every page of it holds the posts of the first
    numbers = range(YOUTUBE_PAGE) if again else range(start, min(end, YOUTUBE_POSTS))
    posts = [{"richItemRenderer": {"content": entry(number)}} for number in numbers]
    if numbers.stop == YOUTUBE_POSTS:
        return posts
    command = {"token": f"{path}|{end}", "request": "CONTINUATION_REQUEST_TYPE_BROWSE"}
    endpoint = {"continuationEndpoint": {"continuationCommand": command, "clickTrackingParams": "x"}}
    return [*posts, {"continuationItemRenderer": endpoint}]


def _short(number: int) -> dict[str, Any]:
    watch = {"reelWatchEndpoint": {"videoId": short_id(number)}}
    words = {"primaryText": {"content": f"short {number}"}, "secondaryText": {"content": "1.2K views"}}
    found = {"entityId": f"shorts-shelf-{number}", "onTap": {"innertubeCommand": watch}, "overlayMetadata": words}
    return {"shortsLockupViewModel": found}


def _video(number: int) -> dict[str, Any]:
    return {
        "videoRenderer": {
            "videoId": short_id(number),
            "title": {"simpleText": f"short {number}"},
            "lengthText": {"simpleText": "0:42"},
            "viewCountText": {"simpleText": "1,234 views"},
            "shortBylineText": {
                "runs": [
                    {"text": "Ann", "navigationEndpoint": {"browseEndpoint": {
                        "browseId": "UC" + "a" * 22, "canonicalBaseUrl": "/@ann",
                    }}}
                ]
            },
        }
    }  # fmt: skip
