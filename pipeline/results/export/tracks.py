"""The speech and tone of one clip as tracks of spans on its time axis."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.records import Seconds
from pipeline.results.export.coarsen import Names
from pipeline.results.study import StudyReader

CLIPS_AT_ONCE = 200  # whose rows are held in memory
#: Characters that neither XML 1.0 nor a subtitle may hold, and those that end a line.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
SPACES = re.compile(r"\s+")

SEGMENTS = """
    SELECT clip_id, start_s, end_s, text
    FROM segments
    LEFT JOIN segment_trust USING (clip_id, segment)
    WHERE coalesce(in_text, true) AND clip_id IN (SELECT unnest($ids))
    ORDER BY clip_id, segment
"""
WORDS = """
    SELECT clip_id, words.start_s, words.end_s, word AS text
    FROM words
    LEFT JOIN segment_trust USING (clip_id, segment)
    WHERE coalesce(in_text, true) AND clip_id IN (SELECT unnest($ids))
    ORDER BY clip_id, word_index
"""
TONES = """
    SELECT clip_id, model, start_s, end_s, label, probability, arousal, valence, dominance, reason
    FROM emotions
    JOIN speech_regions USING (clip_id, region)
    WHERE clip_id IN (SELECT unnest($ids))
    ORDER BY clip_id, model, region
"""
#: Models without a speech region in a clip, and why: the whole clip is one span without a tone.
TONELESS = """
    SELECT clip_tone.clip_id, model, tone_reason AS reason
    FROM clip_tone
    WHERE regions = 0 AND clip_id IN (SELECT unnest($ids))
    ORDER BY clip_id, model
"""


@dataclass(frozen=True, slots=True)
class AnnotationSpan:
    """A stretch of a clip with its label."""

    start_s: Seconds
    end_s: Seconds
    text: str


@dataclass(frozen=True, slots=True)
class ClipTracks:
    """The tracks of one clip: trusted segments and their words, and the tone by each model."""

    clip_id: str  # as exported
    duration_s: Seconds
    segments: tuple[AnnotationSpan, ...]
    words: tuple[AnnotationSpan, ...]
    tones: Mapping[str, tuple[AnnotationSpan, ...]]

    @property
    def tiers(self) -> dict[str, tuple[AnnotationSpan, ...]]:
        """All tracks by name, each without overlaps."""
        tones = {f"tone {model}": spans for model, spans in self.tones.items()}
        named = {"words": self.words, "segments": self.segments, **tones}
        return {name: apart(spans) for name, spans in named.items()}


def read_tracks(reader: StudyReader, names: Names, tombstones: Sequence[str]) -> Iterator[ClipTracks]:
    """The tracks of each clip whose audio is known, in order."""
    found = reader.arrow(
        "SELECT clip_id, duration_s FROM audio WHERE clip_id NOT IN (SELECT unnest($b::VARCHAR[])) ORDER BY clip_id",
        {"b": list(tombstones)},
    ).to_pylist()
    for at in range(0, len(found), CLIPS_AT_ONCE):
        batch = found[at : at + CLIPS_AT_ONCE]
        ids = [clip["clip_id"] for clip in batch]
        segments, words, tones, toneless = (
            _by_clip(reader, statement, ids) for statement in (SEGMENTS, WORDS, TONES, TONELESS)
        )
        for clip in batch:
            name, duration_s = clip["clip_id"], clip["duration_s"]
            tone_spans: dict[str, tuple[AnnotationSpan, ...]] = {
                row["model"]: (AnnotationSpan(0.0, duration_s, _no_tone_text(row["reason"])),)
                for row in toneless.get(name, ())
            }
            for model, rows in itertools.groupby(tones.get(name, ()), key=lambda row: row["model"]):
                tone_spans[model] = tuple(AnnotationSpan(row["start_s"], row["end_s"], _tone_text(row)) for row in rows)
            yield ClipTracks(
                names.file(name),
                duration_s,
                _annotation_spans(segments, name, names),
                _annotation_spans(words, name, names),
                tone_spans,
            )


def apart(spans: Sequence[AnnotationSpan]) -> tuple[AnnotationSpan, ...]:
    """Spans in order and without overlaps, in whole milliseconds.

    The text of a span inside an earlier one is added to that one; a span that begins before another ends is cut, and
    an empty one gets a millisecond.
    """
    found: list[AnnotationSpan] = []
    for span in sorted(spans, key=lambda one: (one.start_s, one.end_s)):
        taken = _milliseconds(found[-1].end_s) if found else 0
        start, end = _milliseconds(span.start_s), _milliseconds(span.end_s)
        if start >= taken or end > taken:
            start = max(start, taken)
            found.append(AnnotationSpan(start / 1000, max(end, start + 1) / 1000, span.text))
        else:
            found[-1] = AnnotationSpan(found[-1].start_s, found[-1].end_s, f"{found[-1].text} {span.text}")
    return tuple(found)


def clean(text: str) -> str:
    """A text on one line, without characters that neither XML nor a subtitle may hold."""
    return SPACES.sub(" ", UNPRINTABLE.sub("\ufffd", text)).strip()


def _milliseconds(time_s: Seconds) -> int:
    return max(0, round(time_s * 1000))


def _by_clip(reader: StudyReader, statement: str, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    rows = reader.arrow(statement, {"ids": list(ids)}).to_pylist()
    return {name: list(group) for name, group in itertools.groupby(rows, key=lambda row: row["clip_id"])}


def _annotation_spans(
    rows: Mapping[str, Sequence[Mapping[str, Any]]], clip_id: str, names: Names
) -> tuple[AnnotationSpan, ...]:
    return tuple(
        AnnotationSpan(row["start_s"], row["end_s"], clean(names.hide(row["text"]))) for row in rows.get(clip_id, ())
    )


def _tone_text(row: Mapping[str, Any]) -> str:
    if row["label"] is not None:
        return f"{row['label']} {row['probability']:.2f}" if row["probability"] is not None else row["label"]
    known = [f"{name} {row[name]:.2f}" for name in ("arousal", "valence", "dominance") if row[name] is not None]
    return " ".join(known) or _no_tone_text(row["reason"])


def _no_tone_text(reason: str | None) -> str:
    return f"NULL {reason or 'not_scored'}"
