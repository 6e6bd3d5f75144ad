"""Which addresses are fetched, and in which format: posts of known platforms over https, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from pipeline.errors import Reason, StageError

#: Hosts of posts by platform; media comes from hosts that the platform's own answer names.
HOSTS: Mapping[str, frozenset[str]] = {
    "tiktok": frozenset(
        {"tiktok.com", "www.tiktok.com", "m.tiktok.com", "vm.tiktok.com", "vt.tiktok.com", "www.tiktokv.com"}
    ),
    "instagram": frozenset({"instagram.com", "www.instagram.com"}),
    "youtube": frozenset({"youtube.com", "www.youtube.com", "m.youtube.com", "youtu.be"}),
}

#: Formats by platform. Sound and picture come in one file, so that nothing has to be merged.
FORMATS: Mapping[str, str] = {
    # Never sound alone: that is the song under a slideshow, not the post. H264 has its sound; h265 may lack it.
    "tiktok": "best[vcodec^=h264][acodec!=none]/best[vcodec!=none][acodec!=none]",
    # Its plain formats name no codec; a reel whose sound comes apart gives the sound.
    "instagram": "best[vcodec^=?avc1][vcodec!=?none][acodec!=?none]/best[vcodec!=?none][acodec!=?none]/bestaudio",
    # The smallest file with h264 and sound; failing that the sound, which is the post's own.
    "youtube": "best[vcodec^=avc1][acodec!=none]/best[vcodec!=none][acodec!=none]/bestaudio",
}
ANY_FORMAT = "best[vcodec^=avc1][acodec!=none]/best"  # of the generic extractor, which tests use


def platform_of(address: str) -> str:
    """The platform of an address that may be fetched.

    Raises `StageError` with `unsupported_url` for any other host, and for anything but plain https: another scheme,
    a user's name, a port.
    """
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise StageError(Reason.UNSUPPORTED_URL, "this is not an address") from error
    platform = next((name for name, hosts in HOSTS.items() if host in hosts), None)
    if platform is None:
        raise StageError(
            Reason.UNSUPPORTED_URL, f"addresses of {', '.join(HOSTS)} are fetched, not of {host or 'no host'}"
        )
    if parts.scheme != "https" or parts.username is not None or port not in (None, 443):
        raise StageError(Reason.UNSUPPORTED_URL, f"write the address as https://{host}/… and nothing between")
    return platform
