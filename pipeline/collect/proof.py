"""Proof that what was fetched is the post's media: sites answer "OK" with pages, halves and mixtures too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline import media
from pipeline.errors import Reason, StageError
from pipeline.records import Seconds

MIN_SHARE = 0.98  # of the declared length, and of the audio that the file itself promises
ROUNDING_S = 1.0  # a length stated in whole seconds may have been rounded up
SLACK_S = 0.1  # a codec's run-in and a last frame without a length; matters to clips of a second
PAGE_STARTS = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<script", b"{")
PAGE_BYTES = 512  # read to tell a page from media


@dataclass(frozen=True, slots=True)
class Proof:
    """What reading a file to its end showed."""

    reach_s: Seconds  # end of the last packet of any stream
    has_audio: bool
    audio_s: Seconds = 0.0  # sum of what could be decoded, gaps left out
    promised_audio_s: Seconds | None = None  # what the file's own tables state


def prove(path: Path, declared_s: Seconds | None) -> Proof:
    """Read a fetched file to its end and decode its sound.

    Raises `StageError` with `bad_media` for an empty file, a page, no media, a file that ends before the length that
    its platform or its own header states, and sound of which more than 2 % is missing or broken.
    """
    if path.stat().st_size == 0:
        raise _bad("the site sent an empty file")
    if _is_page(path):
        raise _bad("the site sent a page in place of media")
    try:
        header = media.probe(path)
    except StageError as error:
        raise _bad("what the site sent cannot be read as video or audio") from error
    proof = _read(path)
    _reaches(proof.reach_s, header.duration_s, header.duration_s, "the file")
    _reaches(proof.reach_s, declared_s, _least(declared_s), "the platform")
    promised = proof.promised_audio_s
    if proof.has_audio and (proof.audio_s == 0 or (promised and proof.audio_s < MIN_SHARE * promised - SLACK_S)):
        raise _bad(f"only {proof.audio_s:.1f} s of the sound can be decoded")
    return proof


def _read(path: Path) -> Proof:
    """Demux everything and decode the first audio stream, skipping what is broken."""
    import av

    reach, start, audio = 0.0, None, 0.0
    options = {"format_whitelist": media.CONTAINERS, "protocol_whitelist": media.PROTOCOLS}
    with av.open(str(path), options=options) as container:
        sound = next((stream for stream in container.streams.audio if stream.codec_context is not None), None)
        streams = [stream for stream in (*container.streams.video[:1], sound) if stream is not None]
        promised = float(sound.duration * sound.time_base) if sound is not None and sound.duration else None
        try:
            for packet in container.demux(streams):
                if packet.pts is not None:
                    begin = float(packet.pts * packet.time_base)
                    start = begin if start is None else min(start, begin)
                    reach = max(reach, begin + float((packet.duration or 0) * packet.time_base))
                if packet.stream is sound:
                    audio += _decoded(packet)
        except av.error.FFmpegError:
            pass  # a file that breaks off in the middle: what came before it counts
    return Proof(reach - min(start or 0.0, reach), sound is not None, audio, promised)


def _decoded(packet: object) -> Seconds:
    """Length of what a packet of sound decodes to; 0 if it is broken."""
    import av

    try:
        return float(sum(frame.samples / frame.sample_rate for frame in packet.decode()))  # type: ignore[attr-defined]
    except av.error.FFmpegError:
        return 0.0


def _reaches(reach_s: Seconds, stated_s: Seconds | None, least_s: Seconds | None, by: str) -> None:
    if least_s is not None and reach_s < MIN_SHARE * least_s - SLACK_S:
        raise _bad(f"{reach_s:.1f} s arrived of the {stated_s:.1f} s that {by} states")


def _least(declared_s: Seconds | None) -> Seconds | None:
    """The shortest length that a declared one can mean."""
    if declared_s is None or declared_s != int(declared_s):
        return declared_s
    return declared_s - ROUNDING_S


def _is_page(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(PAGE_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(PAGE_STARTS)


def _bad(message: str) -> StageError:
    return StageError(Reason.BAD_MEDIA, message)
