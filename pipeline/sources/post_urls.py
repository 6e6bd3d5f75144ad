"""What a URL of TikTok, Instagram or YouTube names: a post, a short link to one, an account, or something else.

Every door reads URLs here: tables, lists, imports, opt-outs, `forget` and `recheck`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

from pipeline.sources.media_ids import instagram_shortcode

Kind = Literal["post", "short link", "account", "sound", "hashtag", "search", "playlist", "story", "live", "page"]

#: Hosts by platform; names before them (www, m, vm, music …) belong to the same platform.
DOMAINS: Mapping[str, str] = {
    "tiktok.com": "tiktok", "tiktokv.com": "tiktok", "tiktokv.us": "tiktok",
    "instagram.com": "instagram", "instagr.am": "instagram",
    "youtube.com": "youtube", "youtube-nocookie.com": "youtube", "youtu.be": "youtube",
}  # fmt: skip
SHORT_HOSTS = frozenset({"vm.tiktok.com", "vt.tiktok.com"})
SCHEME = re.compile(r"(?:https?:)?//", re.IGNORECASE)
OTHER_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)

#: Of each platform, patterns of a whole path with what they name; the group is an id or an account. The first counts.
PATHS: Mapping[str, tuple[tuple[Kind, str], ...]] = {
    "tiktok": (
        ("post", r"(?:@[^/]*/|(?:i18n/|h5/)?share/)?video/(\d{1,20})(?:\.html)?"),
        ("post", r"(?:@[^/]*|share)/photo/(\d{1,20})"),
        ("post", r"(?:v|player/v\d|embed(?:/v\d)?)/(\d{1,20})(?:\.html)?"),
        ("short link", r"t/([\w-]+)"),
        ("live", r"@([^/]+)/live"),
        ("account", r"@([^/]+)(?:/.*)?"),
        ("sound", r"music/(.+)"),
        ("hashtag", r"(?:tag|discover)/(.+)"),
        ("search", r"search(?:/.*)?"),
    ),
    "instagram": (
        ("sound", r"reels?/audio/(\w+)(?:/.*)?"),
        ("short link", r"share/(?:(?:reels?|p|tv|video)/)?([\w-]+)"),
        ("story", r"(?:stories|s)/.+"),
        ("hashtag", r"explore/tags/([^/]+)(?:/.*)?"),
        ("search", r"explore(?:/.*)?"),
        ("post", r"(?:[\w.]+/)?(?:reels?|p|tv)/([\w-]+)(?:/(?:embed|captioned|c|media|liked_by|comments)(?:/.*)?)?"),
        ("page", r"(?:reels?|p|tv|share|accounts|direct|about|legal|developer)(?:/.*)?"),
        ("account", r"@?([\w.]+)(?:/(?:reels|tagged|feed|channel|igtv))?"),
    ),
    "youtube": (
        ("post", r"(?:shorts|live|v|e|watch|embed(?!/(?:videoseries|live_stream)$))/([\w-]{11})"),
        ("sound", r"source/([\w-]+)(?:/.*)?"),
        ("hashtag", r"hashtag/([^/]+)(?:/.*)?"),
        ("playlist", r"playlist|embed/videoseries"),
        ("search", r"results"),
        ("account", r"@([^/]+)(?:/.*)?"),
        ("account", r"channel/([^/]+)(?:/.*)?"),
        ("page", r"(?:c|user)/.+"),
    ),
}  # fmt: skip


#: Marks that stand around a URL in a text, and never at the end of what it names.
BEFORE_URL, AFTER_URL = "<\"'([{", ">\"')]}.,;:!…"


@dataclass(frozen=True, slots=True)
class NamedByUrl:
    """What a URL names; `name` is the id of a post, or the handle or id of an account."""

    platform: str
    kind: Kind
    name: str | None = None
    account: str | None = None  # the handle of the author, where the URL shows it
    media_type: str | None = None  # where the URL tells it, as TikTok's /photo/

    @property
    def sentence(self) -> str:
        """Why it cannot be collected as one post, for what is none."""
        title = {"tiktok": "TikTok", "instagram": "Instagram", "youtube": "YouTube"}[self.platform]
        what = {
            "story": "a story, which is shown for a day",
            "live": "a live stream",
            "search": "a search",
            "page": "a page",
        }.get(self.kind, f"{'an' if self.kind == 'account' else 'a'} {self.kind}")
        return f"the URL names {what} of {title}, not one post"


def read_url(text: str) -> NamedByUrl | None:
    """What a URL names, in any spelling: with or without scheme, www or tracking parameters, capitals in the host.

    None for a URL of another site, and for what is no URL.
    """
    parts = _split(text)
    if parts is None:
        return None
    host, path, query = parts
    domain = next((domain for domain in DOMAINS if host == domain or host.endswith(f".{domain}")), None)
    if domain is None:
        return None
    platform = DOMAINS[domain]
    if host in SHORT_HOSTS and path:
        return NamedByUrl(platform, "short link", path)
    if domain == "youtu.be":
        path = f"shorts/{path}"
    if platform == "youtube" and (wrapped := _wrapped(path, query)) is not None:
        return wrapped
    for kind, pattern in PATHS[platform]:
        if found := re.fullmatch(pattern, path, re.ASCII if kind == "post" else 0):
            return _named(platform, kind, found[1] if found.groups() else None, path)
    return NamedByUrl(platform, "page")


def post_of_url(url: str) -> tuple[str | None, str | None]:
    """Platform and post id of a URL; both None where it names no post."""
    found = read_url(url)
    return (found.platform, found.name) if found is not None and found.kind == "post" else (None, None)


def short_link_url(text: str) -> str | None:
    """The one way in which a short link is requested and known, however it was written; None for other URLs."""
    named, parts = read_url(text), _split(text)
    if named is None or named.kind != "short link" or parts is None:
        return None
    host, path, _ = parts
    if host not in SHORT_HOSTS:
        host = f"www.{named.platform}.com"
    return f"https://{host}/{quote(path)}/"


def with_scheme(url: str) -> str:
    """A URL with https before it, where it was written without, and its scheme in small letters."""
    text = url.strip()
    stated = SCHEME.match(text)
    if text.startswith("//") or not stated:
        return f"https://{text.removeprefix('//')}"
    return stated[0].lower() + text[stated.end() :]


def _split(text: str) -> tuple[str, str, Mapping[str, list[str]]] | None:
    """Host in lower case, path without slashes around it, and parameters of a URL on the web."""
    text = text.strip().lstrip(BEFORE_URL).rstrip(AFTER_URL)
    if not SCHEME.match(text) and OTHER_SCHEME.match(text):
        return None
    try:
        parts = urlsplit(with_scheme(text))
        host = (parts.hostname or "").rstrip(".")
        path = re.sub(r"/+", "/", unquote(parts.path)).strip("/")
        query = parse_qs(parts.query, errors="replace")
    except ValueError:
        return None
    return (host, path, query) if "." in host and not re.search(r"\s", host) else None


def _wrapped(path: str, query: Mapping[str, list[str]]) -> NamedByUrl | None:
    """What YouTube's parameters name: v of a video, list of a playlist, u of a link that was passed on."""
    if path == "watch" or (not path and "v" in query):
        found = next((one for one in query.get("v", ()) if re.fullmatch(r"[\w-]{11}", one, re.ASCII)), None)
        return NamedByUrl("youtube", "post" if found else "page", found)
    if path == "attribution_link" and "u" in query:
        return read_url(f"https://www.youtube.com/{query['u'][0].lstrip('/')}")
    return None


def _named(platform: str, kind: Kind, name: str | None, path: str) -> NamedByUrl:
    if kind == "post" and platform == "instagram" and name is not None:
        name = instagram_shortcode(name) or name
    account = None
    if kind == "post" and platform == "tiktok" and (found := re.match(r"@([^/]+)/", path)):
        account = None if found[1] == "_" else found[1]
    if kind == "post" and platform == "instagram" and (found := re.match(r"([\w.]+)/(?:reels?|p|tv)/", path)):
        account = found[1]
    media_type = "slideshow" if platform == "tiktok" and "/photo/" in path else None
    return NamedByUrl(platform, kind, name, account, media_type)
