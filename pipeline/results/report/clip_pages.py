"""The content of a clip's page, and its line in the table of clips."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.results.certainty import of_clip, of_region
from pipeline.results.report.places import Places, shard_of
from pipeline.results.report.relations import WORD, Relation
from pipeline.study.folder import StudyFolder, work_name
from pipeline.study.own_files import own_file

TEXT_CHARACTERS = 300  # of a transcript in the table, where it is also searched; the page of the clip has all
CAPTION_CHARACTERS = 200
CAPTION_ON_PAGE = 5_000  # longer ones are cut, and say so
#: Columns of the table of clips; a line is a list in this order.
TABLE = (
    "clip_id", "shard", "platform", "status", "problem", "tone", "tone_probability", "certainty",
    "tone_status", "tone_reason", "language", "duration_s", "speech_s", "music_share", "loudness_lufs", "sentiment",
    "text", "text_reason", "caption", "hashtags", "author_key", "posted_at", "file_name",
)  # fmt: skip
#: Columns of other tables that a page never shows.
LEFT_OUT = frozenset({"clip_id", "trace", "tools", "embedding", "mfcc_mean", "mfcc_sd"})

PENDING = "pending"
#: Endings of media that browsers play; of others the decoded audio is played, where it is kept.
SOUND_ALONE = frozenset({".wav", ".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".flac"})
PLAYABLE = SOUND_ALONE | {".mp4", ".m4v", ".mov", ".webm", ".ogv"}

Rows = list[dict[str, Any]]


def table_line(overview: Mapping[str, Any], post: Mapping[str, Any], digits: int) -> list[Any]:
    """A clip's line in the table, its texts cut."""
    line = {**overview, "shard": shard_of(overview["clip_id"], digits), "posted_at": post.get("posted_at")}
    line["certainty"] = of_clip(overview["unsure_share"])
    line["text_reason"] = _why_no_text(overview)
    line["text"] = cut(overview["text"], TEXT_CHARACTERS)
    line["caption"] = cut(overview["caption"], CAPTION_CHARACTERS)
    return [line.get(name) for name in TABLE]


def clip_page(clip_id: str, relations: Mapping[str, Relation], places: Places, *, copied: bool) -> dict[str, Any]:
    """Everything that the page of a clip shows but the curves of its audio."""
    rows: dict[str, Rows] = {
        name: [_shown(row) for row in relation.of(clip_id)] for name, relation in relations.items()
    }
    overview = rows["clip_overview"][0]
    caption = rows["clips"][0].get("caption") or ""
    return {
        "clip_id": clip_id,
        "post": {**rows["clips"][0], "caption": cut(caption, CAPTION_ON_PAGE), "caption_characters": len(caption)},
        "overview": {
            **overview,
            "caption": None,
            "text": None,
            "text_reason": _why_no_text(overview),
            "certainty": of_clip(overview["unsure_share"]),
        },
        "audio": next(iter(rows["audio"]), None),
        "media": _media(clip_id, places, copied, bool(rows["audio"])),
        "tones": [{**row, "certainty": of_clip(row["unsure_share"])} for row in rows["clip_tone"]],
        "evidence": rows["clip_evidence"],
        "segments": rows["segment_overview"],
        "words": [[word[name] for name in WORD] for word in rows["words"]],
        "regions": rows["region_evidence"],
        "emotions": [{**row, "certainty": of_region(row["label_set"])} for row in rows["emotions"]],
        "acoustics": rows["acoustics"],
        "tags": rows["sound_tags"],
        "texts": rows["text_features"],
        "attempts": rows["last_attempts"],
        "provenance": rows["provenance"],
    }


def cut(text: str | None, characters: int) -> str | None:
    """A text of at most so many characters; a cut one ends in …"""
    return text if text is None or len(text) <= characters else text[: characters - 1] + "…"


def _why_no_text(overview: Mapping[str, Any]) -> str | None:
    """The transcript's own reason; without a transcript, that of the stage that failed, or that it is not done."""
    reason: str | None = overview["text_reason"]
    if overview["text"] is None and reason is None:
        reason = overview["tone_reason"] if overview["problem"] else PENDING
    return reason


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in LEFT_OUT}


def _media(clip_id: str, places: Places, copied: bool, decoded: bool) -> dict[str, Any]:
    """Where the page finds sound and curves, as URLs beside it, or why there is nothing to play."""
    audio, media, drawn = places.audio(clip_id), places.media(clip_id), places.curves(clip_id)
    # without a file yet, the server draws it from the sound when it is asked for
    has_curves = drawn.is_file() or (decoded and places.sound_file(clip_id) is not None)
    curves = drawn.relative_to(places.report).as_posix() if has_curves else None
    found = {"play": None, "served": None, "video": False, "curves": curves, "reason": None}
    if copied and places.copied(clip_id).is_file():
        return {**found, "play": f"media/{places.copied(clip_id).name}"}
    if media is not None and (media.suffix.lower() in PLAYABLE or not audio.is_file()):
        is_own = own_file(StudyFolder.at(places.study), clip_id) is not None
        served = f"../own/{work_name(clip_id)}" if is_own else None  # browsers of a server see no file of the machine
        video = media.suffix.lower() not in SOUND_ALONE
        return {**found, "play": _url(media, places.report), "served": served, "video": video}
    if audio.is_file():
        return {**found, "play": f"../work/audio/{audio.name}"}
    return {**found, "reason": _why_nothing_plays(clip_id, places, decoded)}


def _url(file: Path, report: Path) -> str:
    """A file link: relative to the report's folder, so that a project can move; absolute to another Windows drive."""
    try:
        return Path(os.path.relpath(file, report)).as_posix()
    except ValueError:
        return file.as_uri()


def _why_nothing_plays(clip_id: str, places: Places, decoded: bool) -> str:
    own = own_file(StudyFolder.at(places.study), clip_id)
    if own is not None:
        return f"Your file {own.name} is not where it was when the study last ran."
    if decoded:
        return "Its media and audio were deleted after use, as the study file says (keep_media, keep_audio)."
    return "Its audio was never decoded, see the stages below."
