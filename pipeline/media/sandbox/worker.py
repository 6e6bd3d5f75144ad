"""The calls that run in a limited process: read a file's streams, or all of it, with libav; results are plain."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import Reason, StageError
from pipeline.records import Seconds

#: Containers that may be opened: a "clip.mp4" that is really a playlist would make ffmpeg open other files.
CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mp3,aac,ogg,wav,flac,mpegts,avi,"
    "mpeg,flv,asf,amr,aiff,caf,w64,au,ac3,eac3,wv,tta,ape,voc,mxf,rm,dv"
)
PROTOCOLS = "file,pipe"
WHITELISTS = {"format_whitelist": CONTAINERS, "protocol_whitelist": PROTOCOLS}
#: Containers whose tables state how long each track is, as libav names them.
STATING = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "ogg", "wav", "flac", "avi", "aiff", "caf", "w64"})
MATROSKA = "matroska,webm"
CLOCK = re.compile(r"(\d{1,6}):(\d\d):(\d\d(?:\.\d{1,12})?)", re.ASCII)
MICROSECONDS = 1_000_000  # libav's unit of a container's duration


def answer(call: str, arguments: list[str]) -> bytes:
    """Result of a call as JSON; of a `StageError`, its reason and message."""
    try:
        found = CALLS[call](*arguments)
    except StageError as error:
        found = {"reason": error.reason, "message": error.message}
    except MemoryError:
        found = {"reason": Reason.NOT_MEDIA, "message": "reading it takes more memory than any clip needs"}
    return json.dumps(found).encode()


def probe(location: str) -> dict[str, Any]:
    """The streams that a file declares; tracks of sound in the order in which players take them."""
    with _open_media(location) as container:
        video = next((s for s in container.streams.video if s.codec_context is not None), None)
        length = container.duration
        return {
            "container": container.format.name,
            "start_s": (container.start_time or 0) / MICROSECONDS,
            "duration_s": length / MICROSECONDS if length and length > 0 else None,
            "video_codec": video.codec_context.name if video else None,
            "width": video.codec_context.width if video else None,
            "height": video.codec_context.height if video else None,
            "audio_tracks": len(container.streams.audio),
            "tracks": [
                {
                    "number": number,
                    "codec": stream.codec_context.name,
                    "sample_rate": stream.codec_context.sample_rate,
                    "channels": stream.codec_context.channels,
                    "stated_s": _stated_length_s(container, stream),
                }
                for number, stream in _tracks(container)
            ],
        }


def read_through(location: str) -> dict[str, Any]:
    """Demux everything and decode the track of sound that players take, skipping what is broken."""
    import av

    reach, start, sound_s = 0.0, None, 0.0
    with _open_media(location) as container:
        sound = next((stream for _, stream in _tracks(container)), None)
        streams = [stream for stream in (*container.streams.video[:1], sound) if stream is not None]
        stated = float((sound.duration or 0) * sound.time_base) if sound is not None else 0.0
        try:
            for packet in container.demux(streams):
                if packet.pts is not None:
                    begin = float(packet.pts * packet.time_base)
                    start = begin if start is None else min(start, begin)
                    reach = max(reach, begin + float((packet.duration or 0) * packet.time_base))
                if packet.stream is sound:
                    sound_s += _decoded_length_s(packet)
        except av.error.FFmpegError:
            pass  # a file that breaks off in the middle: what came before it counts
    reach -= min(start or 0.0, reach)
    promised = stated if stated > 0 else None
    return {"reach_s": reach, "has_audio": sound is not None, "audio_s": sound_s, "promised_audio_s": promised}


def _tracks(container: Any) -> list[tuple[int, Any]]:
    """The decodable tracks of sound with their numbers, in the order in which players take them: default ones first."""
    import av

    found = [(number, stream) for number, stream in enumerate(container.streams.audio) if stream.codec_context]
    return sorted(found, key=lambda track: not track[1].disposition & av.stream.Disposition.default)


def _stated_length_s(container: Any, stream: Any) -> Seconds | None:
    """Length of a track of sound by the tables of its file; None where libav only estimates it from bytes."""
    if container.format.name in STATING and stream.duration:
        length = float(stream.duration * stream.time_base)
    elif container.format.name == MATROSKA:  # a tag says when it ends
        length = _clock_s(stream.metadata.get("DURATION", "")) - float((stream.start_time or 0) * stream.time_base)
    else:
        return None
    return length if 0 < length < float("inf") else None


def _clock_s(text: str) -> Seconds:
    """Seconds of a time such as 00:00:14.064; 0 if it is none."""
    found = CLOCK.fullmatch(text)
    return sum(float(part) * unit for part, unit in zip(found.groups(), (3600, 60, 1), strict=True)) if found else 0.0


@contextmanager
def _open_media(location: str) -> Iterator[Any]:
    """A file opened by libav; `StageError` if it is not media. Metadata in another encoding is no error."""
    import av

    try:
        with av.open(location, options=WHITELISTS, metadata_errors="replace") as container:
            yield container
    except (av.error.FFmpegError, ValueError) as error:
        message = f"{Path(location).name} cannot be read as video or audio"
        raise StageError(Reason.NOT_MEDIA, message) from error


def _decoded_length_s(packet: Any) -> Seconds:
    """Length of what a packet of sound decodes to; 0 if it is broken."""
    import av

    try:
        return float(sum(frame.samples / frame.sample_rate for frame in packet.decode() if frame.sample_rate))
    except av.error.FFmpegError:
        return 0.0


#: The calls that a request can name.
CALLS: dict[str, Callable[..., dict[str, Any]]] = {"probe": probe, "read_through": read_through}
