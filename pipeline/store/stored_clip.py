"""A clip as stages get it, from its stored rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.records import Clip, ClipRow, Row, Source
from pipeline.records.runs import SourceRow
from pipeline.study.folder import StudyFolder


def stored_clip(folder: StudyFolder, source: SourceRow, post: ClipRow, stored: Mapping[str, Sequence[Row]]) -> Clip:
    """A clip for a stage: where its files lie, what its author wrote, and the rows of the stages that it needs."""
    return Clip(
        clip_id=source.clip_id,
        source=Source(source.kind, source.location, source.stamp),
        media_path=Path(source.location) if source.kind == "file" else folder.media_path(source.clip_id),
        audio_path=folder.audio_path(source.clip_id),
        declared_duration_s=post.declared_duration_s,
        caption=post.caption,
        declared_language=post.declared_language,
        media_type=post.media_type,
        stored=stored,
    )
