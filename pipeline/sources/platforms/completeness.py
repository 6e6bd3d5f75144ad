"""Whether a fetched file is the post's complete media: sites also answer "OK" with web pages and partial files."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import Reason, StageError
from pipeline.media import ffmpeg
from pipeline.records import Seconds

MIN_SHARE = 0.98  # of the stated length, and of the audio that the file's own header states
ROUNDING_S = 1.0  # a length stated in whole seconds may have been rounded up
SLACK_S = 0.1  # encoder delay and a last frame without a duration; matters for clips of about a second
PAGE_STARTS = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<script", b"{")
PAGE_BYTES = 512  # read to recognise a web page


def prove(path: Path, declared_s: Seconds | None) -> ffmpeg.Reading:
    """Read a fetched file to its end and decode its audio.

    Raises `StageError` with `bad_media` for an empty file, a web page, a file that is not media, one that ends before
    the length that its platform or its own header states, and audio of which more than 2 % is missing or broken.
    """
    if path.stat().st_size == 0:
        raise _bad_media("the site sent an empty file")
    if _is_page(path):
        raise _bad_media("the site sent a page in place of media")
    try:
        header = ffmpeg.probe(path)
        proof = ffmpeg.read_through(path, header.duration_s)
    except StageError as error:
        if error.reason != Reason.NOT_MEDIA:
            raise
        raise _bad_media("what the site sent cannot be read as video or audio") from error
    _require_length(proof.reach_s, header.duration_s, header.duration_s, "the file")
    _require_length(proof.reach_s, declared_s, _shortest_length(declared_s), "the platform")
    promised = proof.promised_audio_s
    if proof.has_audio and (proof.audio_s == 0 or (promised and proof.audio_s < MIN_SHARE * promised - SLACK_S)):
        raise _bad_media(f"only {proof.audio_s:.1f} s of the sound can be decoded")
    return proof


def _require_length(reach_s: Seconds, stated_s: Seconds | None, least_s: Seconds | None, by: str) -> None:
    if least_s is not None and reach_s < MIN_SHARE * least_s - SLACK_S:
        raise _bad_media(f"{reach_s:.1f} s arrived of the {stated_s:.1f} s that {by} states")


def _shortest_length(declared_s: Seconds | None) -> Seconds | None:
    """The shortest length that a stated one can mean: whole seconds may be rounded up."""
    if declared_s is None or declared_s != int(declared_s):
        return declared_s
    return declared_s - ROUNDING_S


def _is_page(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(PAGE_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(PAGE_STARTS)


def _bad_media(message: str) -> StageError:
    return StageError(Reason.BAD_MEDIA, message)
