"""The sound of a clip: the audio that its study keeps, or what its media gives when it is decoded once more."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import StageError, UserError
from pipeline.media import ffmpeg
from pipeline.media.audio import Waveform, read_audio
from pipeline.study import files
from pipeline.study.folder import StudyFolder
from pipeline.study.own_files import own_file

if TYPE_CHECKING:
    from pipeline.store.reader import ResultsReader

MAX_DURATION_S = 900.0  # of a study whose options are not stored
DECODED = "SELECT audio_track, audio_sha256 FROM audio WHERE clip_id = $clip_id"
OPTIONS = "SELECT options FROM fingerprints WHERE stage = 'audio' AND is_current"


def media_of(folder: StudyFolder, clip_id: str) -> Path | None:
    """The media of a clip where it can be read now: the user's own file, or the fetched one that is kept."""
    own = own_file(folder, clip_id)
    if own is not None:
        return own if own.is_file() else None
    return folder.media_path(clip_id)


def read_sound(reader: ResultsReader, clip_id: str) -> Waveform:
    """The decoded audio of a clip, mono 16 kHz, `(time,)`; `UserError` says why there is none."""
    kept = StudyFolder.at(reader.path.parent).audio_path(clip_id)
    if kept.is_file():
        return read_audio(kept)
    with tempfile.TemporaryDirectory() as folder:
        return read_audio(decode_again(reader, clip_id, Path(folder) / "audio.wav"))


def decode_again(reader: ResultsReader, clip_id: str, target: Path) -> Path:
    """Decode a clip's media as the stage `audio` did, to `target`; `UserError` unless it gives the same samples."""
    media = _required_media(reader, clip_id)
    rows = reader.arrow(DECODED, {"clip_id": clip_id}).to_pylist()
    stored = reader.arrow(OPTIONS, {}).to_pylist()
    options = json.loads(stored[0]["options"]) if stored else {}
    limit_s = options.get("max_duration_s", MAX_DURATION_S)
    try:
        probe = ffmpeg.probe(media)
        track = next((track for track in probe.tracks if track.number == rows[0]["audio_track"]), None)
        loudness = options.get("loudness", True)  # measuring it goes through ffmpeg's filters, as it did then
        ffmpeg.decode(media, target, limit_s, options.get("ffmpeg"), loudness, probe, track)
    except StageError as error:
        raise UserError(f"the audio of {clip_id} is not kept, and its media cannot be read: {error.message}") from error
    if rows[0]["audio_sha256"] not in (None, files.sha256_of(target)):
        target.unlink()
        raise UserError(
            f"{media.name} no longer gives the audio that {clip_id} was analysed by: the file or ffmpeg is another; "
            "run the study again"
        )
    return target


def why_no_media(folder: StudyFolder, clip_id: str) -> str:
    """Why nothing of a decoded clip can be played or decoded, as a clause."""
    own = own_file(folder, clip_id)
    if own is not None:
        return f"your file {own.name} is no longer in its folder: put it back, or run the study where it lies now"
    return (
        "its media was deleted after use too: to fetch the post again, set keep_audio = true and keep_media = true in "
        "the study file, then `cliptone verify --repair` and `cliptone run`"
    )


def _required_media(reader: ResultsReader, clip_id: str) -> Path:
    """The media to decode; `UserError` where the clip was never decoded, or its media is gone."""
    if not reader.arrow(DECODED, {"clip_id": clip_id}).num_rows:
        raise UserError(f"{clip_id} has no decoded audio: `cliptone query failures` says why")
    folder = StudyFolder.at(reader.path.parent)
    media = media_of(folder, clip_id)
    if media is None:
        raise UserError(f"the audio of {clip_id} is not kept, and {why_no_media(folder, clip_id)}")
    return media
