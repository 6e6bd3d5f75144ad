"""Segments of speech as subtitles: SubRip (.srt) and WebVTT (.vtt)."""

from __future__ import annotations

import html

from pipeline.records import Seconds
from pipeline.results.export.tracks import AnnotationSpan, ClipTracks

ARROW = "-->"  # divides the times of a cue, so no text may hold it


def srt(clip: ClipTracks) -> str:
    """The segments of a clip in SubRip's form; "" without any."""
    cues = enumerate(_subtitle_cues(clip), start=1)
    return "".join(
        f"{number}\n{_cue_at(cue.start_s, ',')} {ARROW} {_cue_at(cue.end_s, ',')}\n{cue.text.replace(ARROW, '→')}\n\n"
        for number, cue in cues
    )


def vtt(clip: ClipTracks) -> str:
    """The segments of a clip in WebVTT's form (W3C 2019), its markup escaped; "" without any."""
    cues = [
        f"{_cue_at(cue.start_s, '.')} {ARROW} {_cue_at(cue.end_s, '.')}\n{html.escape(cue.text, quote=False)}\n\n"
        for cue in _subtitle_cues(clip)
    ]
    return "WEBVTT\n\n" + "".join(cues) if cues else ""


def _subtitle_cues(clip: ClipTracks) -> list[AnnotationSpan]:
    return [cue for cue in clip.tiers["segments"] if cue.text]


def _cue_at(time_s: Seconds, point: str) -> str:
    """A time as hours, minutes, seconds and milliseconds."""
    seconds, milliseconds = divmod(round(time_s * 1000), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{milliseconds:03}"
