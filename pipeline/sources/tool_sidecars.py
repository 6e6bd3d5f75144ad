"""What instaloader and gallery-dl wrote beside a media file: records of the post, and instaloader's caption."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pipeline.errors import ConfigError, UserError
from pipeline.records.post import Post, Provenance
from pipeline.sources.formats.gallery_dl import GALLERY_DL
from pipeline.sources.formats.instaloader import INSTALOADER
from pipeline.sources.formats.reading import digest, read
from pipeline.sources.formats.values import text

RECORDS = (".json", ".json.xz")
PART = re.compile(r"(.+)_\d{1,2}")  # of a post of several files, by instaloader
TIME_NAME = re.compile(r"(\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d)_UTC(?:_\d{1,2})?")  # instaloader's own names
#: Names that pyktok and others give videos of TikTok: @handle_video_ID, or the id alone.
POST_NAME = re.compile(r"(?:@[\w.]+_video_)?[67]\d{18}", re.ASCII)
WRITTEN = "%Y-%m-%d_%H-%M-%S"
MOST_CAPTION_BYTES = 1 << 16


def read_tool_sidecar(media: Path, source: str) -> tuple[Post, Provenance] | None:
    """What another tool wrote beside a media file; None if nothing did. `ConfigError` if a record is damaged.

    One of several files of a post states the words of the post alone: neither its id nor its counts are the file's.
    """
    for path, is_part in _candidates(media):
        try:
            result = read(path) if path.is_file() else None
        except (UserError, OSError):  # JSON of something else
            continue
        if result is None or result.format not in (INSTALOADER, GALLERY_DL):
            continue
        if len(result.posts) != 1:
            raise ConfigError(f"{path} does not describe a video: {'; '.join(result.reasons()) or 'it has no post'}")
        post = result.posts[0].post
        is_one_of_several = is_part or (result.format == GALLERY_DL and _is_part(post))
        return _words_of(post) if is_one_of_several else post, Provenance(source, result.sha256, 1, result.version)
    return _caption(media, source)


def _candidates(media: Path) -> Iterator[tuple[Path, bool]]:
    """Where a record of a file may lie, and whether the file is then one of several."""
    yield media.with_name(f"{media.name}.json"), False  # gallery-dl
    for suffix in RECORDS:
        yield media.with_name(media.stem + suffix), False
    if whole := PART.fullmatch(media.stem):
        for suffix in RECORDS:
            yield media.with_name(whole[1] + suffix), True


def _is_part(post: Post) -> bool:
    return post.platform == "instagram" and post.media_type is None


def _words_of(post: Post) -> Post:
    return dataclasses.replace(post, post_id=None, url=None, counts={}, counted_at=None, media_type=None)


def _caption(media: Path, source: str) -> tuple[Post, Provenance] | None:
    """The caption as text, and the time that is the name, where instaloader kept no record."""
    named, path = TIME_NAME.fullmatch(media.stem), media.with_suffix(".txt")
    if named is None or not path.is_file() or path.stat().st_size > MOST_CAPTION_BYTES:
        return None
    try:
        posted_at = datetime.strptime(named[1], WRITTEN).replace(tzinfo=UTC)
        caption = text(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return None
    return Post(source=INSTALOADER, caption=caption, posted_at=posted_at, posted_precision="second"), Provenance(
        source, digest(path), 1
    )
