"""Stage `audio`: the audio track as a mono 16 kHz waveform, with its length, loudness and clipping."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from pipeline.analysis.sound.levels import clipping_share
from pipeline.errors import Reason, StageError
from pipeline.media import audio
from pipeline.media import ffmpeg as media_file
from pipeline.media.ffmpeg import DecodedAudio, Probe, SoundTrack
from pipeline.records import AudioRow, Clip, Row, SoundGapRow
from pipeline.stage import Options, Result, Setting, Stage
from pipeline.study.files import sha256_of

MOST_TRACKS = 8  # of a file that are listened to until one has sound
SILENT_PEAK = 0.001  # -60 dBFS: a track that stays below holds nothing that anybody hears


class AudioOptions(Options):
    """How a clip's audio is decoded."""

    max_duration_s: float = Field(900.0, gt=0, description="longer clips fail with the reason too_long, in seconds")
    ffmpeg: str | None = Field(
        None, examples=["/usr/bin/ffmpeg"], description="path of another ffmpeg than the pinned one"
    )
    loudness: bool = Field(True, description="measure loudness and true peak (EBU R128), a quarter of the stage's time")


class Audio(Stage):
    """Decode the sound of a clip as players play it to a WAV file, and measure it."""

    name: ClassVar[str] = "audio"
    version: ClassVar[int] = 2
    tables = (AudioRow, SoundGapRow)
    needs = ("download",)
    deadline_s: ClassVar[float] = (
        media_file.DEADLINE_BASE_S + media_file.DEADLINE_CAP_S + 30.0
    )  # those of its two readings
    packages = ("imageio-ffmpeg", "av")
    Options = AudioOptions
    options: AudioOptions

    def one(self, clip: Clip) -> Result:
        """Decode one clip; reasons: file_missing, empty_file, not_media, no_audio, too_long, timeout."""
        path, limit = clip.media_path, self.options.max_duration_s
        if path is None or not path.is_file():
            return StageError(Reason.FILE_MISSING, f"the media file of {clip.clip_id} is no longer there")
        probe = media_file.probe(path)
        if not probe.tracks:
            return StageError(Reason.NO_AUDIO, f"{path.name} has no audio track")
        if refusal := _refusal(path.name, probe.tracks[0]):
            return refusal
        # Some containers count their length from 0 and not from their first timestamp.
        if probe.duration_s is not None and probe.duration_s - max(0.0, probe.start_s) > limit:
            return StageError(Reason.TOO_LONG, f"{path.name} lasts {probe.duration_s:.0f} s, the limit is {limit:g} s")
        track, decoded = self._decode(path, clip.audio_path, probe)
        return _rows(clip, probe, track, decoded)

    def _decode(self, path: Path, target: Path, probe: Probe) -> tuple[SoundTrack, DecodedAudio]:
        """Decode the track that players take, or the first that is not silent where that one is."""
        options = self.options

        def decode(track: SoundTrack) -> DecodedAudio:
            return media_file.decode(
                path, target, options.max_duration_s, options.ffmpeg, options.loudness, probe, track
            )

        first, *others = probe.tracks[:MOST_TRACKS]
        decoded = decode(first)
        if decoded.peak >= SILENT_PEAK or not others:
            return first, decoded
        for track in (track for track in others if not _refusal(path.name, track)):
            decoded = decode(track)
            if decoded.peak >= SILENT_PEAK:
                return track, decoded
        return first, decode(first)

    @classmethod
    def libraries(cls, options: AudioOptions, setting: Setting) -> dict[str, str]:
        """The versions of PyAV and of the ffmpeg that decodes."""
        return {"ffmpeg": media_file.ffmpeg_version(options.ffmpeg), **super().libraries(options, setting)}


def _refusal(name: str, track: SoundTrack) -> StageError | None:
    """Why a track is not decoded, whatever is in it; None if it is."""
    if not 1 <= track.channels <= media_file.MAX_CHANNELS:
        return StageError(Reason.NOT_MEDIA, f"{name} has {track.channels} audio channels")
    if not media_file.MIN_SOURCE_RATE <= track.sample_rate <= media_file.MAX_SOURCE_RATE:
        return StageError(Reason.NOT_MEDIA, f"{name} claims {track.sample_rate} samples a second")
    return None


def _rows(clip: Clip, probe: Probe, track: SoundTrack, decoded: DecodedAudio) -> list[Row]:
    waveform, timeline = audio.read_audio(clip.audio_path), decoded.timeline
    row = AudioRow(
        clip_id=clip.clip_id,
        container=probe.container,
        video_codec=probe.video_codec,
        width=probe.width,
        height=probe.height,
        audio_codec=track.codec,
        source_sample_rate=track.sample_rate,
        source_channels=track.channels,
        duration_s=decoded.duration_s,
        container_duration_s=probe.duration_s,
        decoded_ratio=decoded.decoded_ratio,
        loudness_lufs=decoded.loudness_lufs,
        true_peak_dbtp=decoded.true_peak_dbtp,
        clipping_share=clipping_share(waveform) or 0.0,
        audio_sha256=sha256_of(clip.audio_path),
        audio_tracks=probe.audio_tracks,
        audio_track=track.number,
        start_s=timeline.start_s,
        gap_s=timeline.missing_s(Reason.NO_PACKETS),
        damaged_s=timeline.missing_s(Reason.DAMAGED_SOUND),
        mix=decoded.mix,
        channel_correlation=decoded.correlation,
    )
    gaps = (
        SoundGapRow(clip.clip_id, number, gap.start_s, gap.end_s, gap.reason.value)
        for number, gap in enumerate(timeline.gaps)
    )
    return [row, *gaps]
