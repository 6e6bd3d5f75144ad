"""When counts were read that carry no time: the date of their file, where the study says that it is that."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime

from pipeline.records.post import SourcedPost
from pipeline.sources.formats.plain_csv import CSV
from pipeline.study.config import StudyFile


def file_times(file: StudyFile) -> dict[str, datetime]:
    """By the label of each source that says `counted_at = "file"`, when its file was last changed (UTC)."""
    found = {}
    for source, label in zip(file.sources, file.labels, strict=True):
        path = file.resolve(source.sidecar or source.export or source.url_file or "")
        if source.counted_at == "file" and path.is_file():
            found[label] = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    return found


def with_count_time(one: SourcedPost, times: Mapping[str, datetime]) -> SourcedPost:
    """A post with the time of its source's file as that of its counts, if it states counts and no time of them."""
    counted_at = times.get(one.place.source)
    if counted_at is None or not one.post.lacks_count_time or (one.source.kind == "file" and one.post.source != CSV):
        return one  # what lies beside a media file itself is no row of the sidecar
    return dataclasses.replace(one, post=dataclasses.replace(one.post, counted_at=counted_at))
