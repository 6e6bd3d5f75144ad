"""Which URLs are requested, and in which format: posts and listings of known platforms over https, nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pipeline.errors import ConfigError, Reason, StageError

#: Hosts of posts by platform; media comes from hosts that the platform's own answer names.
HOSTS: Mapping[str, frozenset[str]] = {
    "tiktok": frozenset(
        {"tiktok.com", "www.tiktok.com", "m.tiktok.com", "vm.tiktok.com", "vt.tiktok.com", "www.tiktokv.com"}
    ),
    "instagram": frozenset({"instagram.com", "www.instagram.com"}),
    "youtube": frozenset({"youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be"}),
}

#: Format selectors of yt-dlp by platform: audio and video in one file, so that nothing has to be merged.
FORMATS: Mapping[str, str] = {
    # Never audio alone: that is the song of a slideshow, not the post. H.264 files have audio; H.265 files may lack it.
    "tiktok": "best[vcodec^=h264][acodec!=none]/best[vcodec!=none][acodec!=none]",
    # Its plain formats name no codec. Of a reel with separate audio and video, the audio is taken.
    "instagram": "best[vcodec^=?avc1][vcodec!=?none][acodec!=?none]/best[vcodec!=?none][acodec!=?none]/bestaudio",
    # The smallest file with H.264 and audio; without one the audio alone, which is the post's own.
    "youtube": "best[vcodec^=avc1][acodec!=none]/best[vcodec!=none][acodec!=none]/bestaudio",
}
#: Hosts and paths of listings that yt-dlp can read, by platform.
LISTINGS: Mapping[str, re.Pattern[str]] = {
    "tiktok": re.compile(r"(?:www\.)?tiktok\.com/@[\w.-]+/?"),
    "youtube": re.compile(
        r"(?:www\.|m\.)?youtube\.com/(?:(?:@[^/]+|(?:channel|c|user)/[^/]+)/shorts|hashtag/[^/]+(?:/shorts)?)/?"
    ),
}
LISTED_FROM: Mapping[str, str] = {
    "tiktok": "write an account as https://www.tiktok.com/@name",
    "youtube": "write a channel as https://www.youtube.com/@name/shorts, a hashtag as https://www.youtube.com/hashtag/word",
}
BROWSED = 'collect it in a browser with Zeeschuimer or 4CAT and name the file: export = "posts.ndjson"'
#: What yt-dlp cannot list, as a pattern of host and path, and what works instead.
NOT_LISTED: tuple[tuple[str, str], ...] = (
    (
        r"tiktok\.com/(tag|music|sticker|search|discover)\b",
        f"yt-dlp cannot list TikTok hashtags, sounds, effects and searches: {BROWSED}, "
        "or name a result of the TikTok Research API",
    ),
    (
        r"instagram\.com/(?!(?:[^/]+/)?(?:p|reels?|tv)/[\w-]+/?(?:[?#]|$))",
        f"yt-dlp cannot list Instagram accounts, hashtags and sounds: {BROWSED}",
    ),
)
ANY_FORMAT = "best[vcodec^=avc1][acodec!=none]/best"  # of the generic extractor, which only tests use


def platform_of(url: str) -> str:
    """The platform of a URL that may be fetched.

    Raises `StageError` with `unsupported_url` for any other host, and for anything but plain https: another scheme,
    a user name or a port.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise StageError(Reason.UNSUPPORTED_URL, "this is not a URL") from error
    platform = next((name for name, hosts in HOSTS.items() if host in hosts), None)
    if platform is None:
        raise StageError(Reason.UNSUPPORTED_URL, f"URLs of {', '.join(HOSTS)} are fetched, not of {host or 'no host'}")
    if parts.scheme != "https" or parts.username is not None or port not in (None, 443):
        raise StageError(Reason.UNSUPPORTED_URL, f"write the URL as https://{host}/… and nothing between")
    return platform


def listing_platform(url: str) -> str:
    """The platform of a listing that yt-dlp can read: an account of TikTok, a channel or hashtag of YouTube.

    Raises `ConfigError` for anything else, and names the URL or the import that works.
    """
    where = re.sub(r"^\w+://", "", url)
    for place, sentence in NOT_LISTED:
        if re.match(rf"(?:\w+\.)?{place}", where, re.IGNORECASE):
            raise ConfigError(f"{url} cannot be listed: {sentence}")
    try:
        platform = platform_of(url)
    except StageError as error:
        raise ConfigError(f"{url} cannot be listed: {error.message}") from error
    parts, pattern = urlsplit(url), LISTINGS.get(platform)
    if pattern is None or not pattern.fullmatch(f"{parts.hostname}{parts.path}"):
        known = LISTED_FROM.get(platform) or "; ".join(LISTED_FROM.values())
        raise ConfigError(f"{url} cannot be listed: {known}; a single post belongs under urls")
    return platform
