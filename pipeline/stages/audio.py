"""Stage `audio`: the audio track as a mono 16 kHz waveform, with its length, loudness and clipping."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from pipeline.analysis.sound.levels import clipping_share
from pipeline.errors import Reason, StageError
from pipeline.media import audio
from pipeline.media import ffmpeg as media_file
from pipeline.records import AudioRow, Clip
from pipeline.stage import Options, Result, Setting, Stage
from pipeline.study.files import sha256_of


class AudioOptions(Options):
    """How a clip's audio is decoded."""

    max_duration_s: float = Field(900.0, gt=0, description="longer clips fail with the reason too_long, in seconds")
    ffmpeg: str | None = Field(
        None, examples=["/usr/bin/ffmpeg"], description="path of another ffmpeg than the pinned one"
    )
    loudness: bool = Field(True, description="measure loudness and true peak (EBU R128), a quarter of the stage's time")


class Audio(Stage):
    """Decode a clip's first audio stream to a WAV file and measure it."""

    name: ClassVar[str] = "audio"
    version: ClassVar[int] = 1
    tables = (AudioRow,)
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
        if probe.audio_codec is None or probe.sample_rate is None or probe.channels is None:
            return StageError(Reason.NO_AUDIO, f"{path.name} has no audio track")
        if not 1 <= probe.channels <= media_file.MAX_CHANNELS:
            return StageError(Reason.NOT_MEDIA, f"{path.name} has {probe.channels} audio channels")
        if not media_file.MIN_SOURCE_RATE <= probe.sample_rate <= media_file.MAX_SOURCE_RATE:
            return StageError(Reason.NOT_MEDIA, f"{path.name} claims {probe.sample_rate} samples a second")
        if probe.duration_s is not None and probe.duration_s > limit:
            return StageError(Reason.TOO_LONG, f"{path.name} lasts {probe.duration_s:.0f} s, the limit is {limit:g} s")
        decoded = media_file.decode(
            path, clip.audio_path, limit, self.options.ffmpeg, probe.duration_s, self.options.loudness
        )
        waveform = audio.read_audio(clip.audio_path)
        ratio = min(1.0, decoded.duration_s / probe.duration_s) if probe.duration_s else None
        row = AudioRow(
            clip_id=clip.clip_id,
            container=probe.container,
            video_codec=probe.video_codec,
            width=probe.width,
            height=probe.height,
            audio_codec=probe.audio_codec,
            source_sample_rate=probe.sample_rate,
            source_channels=probe.channels,
            duration_s=decoded.duration_s,
            container_duration_s=probe.duration_s,
            decoded_ratio=ratio,
            loudness_lufs=decoded.loudness_lufs,
            true_peak_dbtp=decoded.true_peak_dbtp,
            clipping_share=clipping_share(waveform) or 0.0,
            audio_sha256=sha256_of(clip.audio_path),
        )
        return [row]

    @classmethod
    def libraries(cls, options: AudioOptions, setting: Setting) -> dict[str, str]:
        """The versions of PyAV and of the ffmpeg that decodes."""
        return {"ffmpeg": media_file.ffmpeg_version(options.ffmpeg), **super().libraries(options, setting)}
