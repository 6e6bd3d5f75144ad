"""Media, audio and what is heard in it, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pipeline.records.row import Decibels, Row, Seconds, column


@dataclass(frozen=True, slots=True)
class MediaRow(Row):
    """The media file of a clip."""

    table: ClassVar[str] = "media"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    sha256: str = column("digest of the file's bytes")
    size_bytes: int = column("size of the file", "bytes")
    file_name: str = column("name of the file, without its folder")
    format_id: str | None = column("the format that yt-dlp took, NULL for a local file")
    extractor: str | None = column("the yt-dlp extractor that found it, NULL for a local file")


@dataclass(frozen=True, slots=True)
class AudioRow(Row):
    """The audio track of a clip, as decoded to mono 16 kHz."""

    table: ClassVar[str] = "audio"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    container: str = column("container format, as libavformat names it")
    video_codec: str | None = column("codec of the first video stream, NULL without one")
    width: int | None = column("width of the picture", "px")
    height: int | None = column("height of the picture", "px")
    audio_codec: str = column("codec of the track of sound that was taken")
    source_sample_rate: int = column("sample rate before conversion", "Hz")
    source_channels: int = column("channels before the mix to mono", "count")
    duration_s: Seconds = column(
        "time from the beginning of the clip, as players count it, to the end of its sound", "s"
    )
    container_duration_s: Seconds | None = column("length that the container states", "s")
    decoded_ratio: float | None = column(
        "decoded sound over the length of its track, time without packets left out; below 0.98 some audio was lost",
        "0–1",
    )
    loudness_lufs: float | None = column(
        "integrated loudness (EBU R128); NULL below the gate of -70 LUFS, if not measured, or if damaged sound decodes "
        "to more than 12 dBTP",
        "LUFS",
    )
    true_peak_dbtp: float | None = column(
        "true peak (EBU R128 annex 2); NULL for digital silence, if not measured, or if damaged sound decodes to more "
        "than 12",
        "dBTP",
    )
    clipping_share: float = column("share of samples at full scale", "0–1")
    audio_sha256: str | None = column(
        "digest of the decoded WAV file; NULL where an older version decoded it", default=None
    )
    audio_tracks: int | None = column("tracks of sound in the file", "count", default=None)
    audio_track: int | None = column(
        "number of the one that was taken, from 0: that of players, or the first with sound where it is silent",
        default=None,
    )
    start_s: Seconds | None = column("when the sound starts in the clip; before, it is silent", "s", default=None)
    gap_s: Seconds | None = column(
        "time without packets of sound after it has started, which is silence here", "s", default=None
    )
    damaged_s: Seconds | None = column(
        "time whose packets could not be decoded, which is silence here", "s", default=None
    )
    mix: str | None = column(
        "what the one channel was made of: mono, mean, left, right, difference (opposite phase) or centre (of 5.1)",
        default=None,
    )
    channel_correlation: float | None = column(
        "correlation of left and right; NULL for mono and centre, or where one of them is silent", "-1–1", default=None
    )


@dataclass(frozen=True, slots=True)
class SoundGapRow(Row):
    """One stretch of a clip for which its file gives no sound; it is silent in every measure."""

    table: ClassVar[str] = "sound_gaps"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "gap")

    clip_id: str = column("the clip")
    gap: int = column("number of the gap in the clip, from 0")
    start_s: Seconds = column("start in the clip", "s")
    end_s: Seconds = column("end in the clip", "s")
    reason: str = column("late_sound, no_packets or damaged_sound")


@dataclass(frozen=True, slots=True)
class EvidenceRow(Row):
    """How much of a clip is speech and music: whether there is something to score at all."""

    table: ClassVar[str] = "evidence"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    speech_s: Seconds = column("time inside speech regions", "s")
    speech_share: float = column("`speech_s` over the clip's duration", "0–1")
    music_share: float | None = column(
        "share of the clip in which the tagger hears music, singing apart; NULL without a tagger", "0–1"
    )
    music_reason: str | None = column("why `music_share` is NULL")
    snr_db: Decibels | None = column(
        "power of speech regions over the median power of the rest, gaps in the sound aside; NULL without both", "dB"
    )
    tagger: str | None = column("the model behind `sound_tags`, NULL without one")
    singing_share: float | None = column(
        "share of the clip in which the tagger hears singing or rapping; NULL without a tagger", "0–1", default=None
    )
    voice_witness: str | None = column(
        "the model that hears voices beside voice activity and the tagger; NULL without one", default=None
    )
    witness_music_share: float | None = column(
        "share of the clip in which that model hears music; NULL without one", "0–1", default=None
    )
    witness_singing_share: float | None = column(
        "share of the clip in which that model hears singing; NULL without one", "0–1", default=None
    )
    uncertain_speech_s: Seconds | None = column(
        "time in speech regions that not every witness hears; in a clip without regions, in which one of them hears "
        "speech",
        "s",
        default=None,
    )
    speech_reason: str | None = column(
        "why there is no speech region: no_speech, or speech_uncertain where a witness hears speech all the same",
        default=None,
    )


@dataclass(frozen=True, slots=True)
class SpeechRegionRow(Row):
    """One stretch of speech (voice activity), short enough for a tone model."""

    table: ClassVar[str] = "speech_regions"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "region")

    clip_id: str = column("the clip")
    region: int = column("number of the region in the clip, from 0")
    start_s: Seconds = column("start in the clip", "s")
    end_s: Seconds = column("end in the clip", "s")
    level_dbfs: Decibels | None = column("root mean square level; NULL for digital silence", "dBFS")
    speech_score: float | None = column("mean score of speech sounds by the tagger; NULL without one", "0–1")
    music_score: float | None = column("mean score of music, singing apart, by the tagger; NULL without one", "0–1")
    singing_score: float | None = column(
        "mean score of singing and rapping by the tagger; NULL without one", "0–1", default=None
    )
    speech_probability: float | None = column(
        "mean probability of speech by voice activity detection", "0–1", default=None
    )
    snr_db: Decibels | None = column(
        "signal to noise by how the samples are distributed (WADA, Kim and Stern 2008), from -10 to 40; "
        "NULL below 0.3 s",
        "dB",
        default=None,
    )
    clipping_share: float | None = column("share of samples at full scale", "0–1", default=None)
    voice_witnesses: tuple[str, ...] | None = column(
        "who hears speech in it for the least length of a region: silero (voice activity), the tagger, and the second "
        "witness; whoever is missing hears none, or is not on the machine (see `evidence`)",
        default=None,
    )
    witness_probability: float | None = column(
        "mean probability of speech by the second witness; NULL without one", "0–1", default=None
    )
    witness_music: float | None = column(
        "mean probability of music by the second witness; NULL without one", "0–1", default=None
    )


@dataclass(frozen=True, slots=True)
class VocalEventRow(Row):
    """One stretch of a clip in which a voice is heard without words: laughter, crying, a sigh, a scream or cheering."""

    table: ClassVar[str] = "vocal_events"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "event")

    clip_id: str = column("the clip")
    event: int = column("number of the event in the clip, from 0, in order of time")
    kind: str = column("laughter, crying, sigh, scream or cheering")
    start_s: Seconds = column(
        "start in the clip: of the voice by the second witness, else of a window of the tagger", "s"
    )
    end_s: Seconds = column("end in the clip", "s")
    score: float = column("highest score of the kind in a window of the tagger", "0–1")
    witness_probability: float | None = column(
        "mean probability of speech or singing by the second witness, which takes laughter and crying for one of them; "
        "NULL without one",
        "0–1",
    )
    source: str = column("who heard it: the tagger")


@dataclass(frozen=True, slots=True)
class SoundTagRow(Row):
    """One sound class that the tagger hears in a clip."""

    table: ClassVar[str] = "sound_tags"
    grain: ClassVar[tuple[str, ...]] = ("clip_id", "tag")

    clip_id: str = column("the clip")
    tag: str = column("AudioSet class")
    mean_score: float = column("mean score over the clip's windows", "0–1")
    max_score: float = column("highest score of a window", "0–1")
    max_at_s: Seconds = column("start of the window with the highest score", "s")


@dataclass(frozen=True, slots=True)
class SoundLandmarksRow(Row):
    """The landmarks of a clip's sound (an audio fingerprint): what finds the same recording in other clips."""

    table: ClassVar[str] = "sound_landmarks"
    grain: ClassVar[tuple[str, ...]] = ("clip_id",)

    clip_id: str = column("the clip")
    landmarks: tuple[int, ...] | None = column(
        "peaks of the spectrum in time, each frame * 128 + bin: a frame is 20 ms, a bin a quarter tone from 250 Hz on; "
        "NULL with a reason"
    )
    duration_s: Seconds = column("length of the sound that was read", "s")
    reason: str | None = column("why there are none: too_short (below 1 s) or too_quiet")


@dataclass(frozen=True, slots=True)
class SoundRow(Row):
    """A clip in which a sound is heard that other clips of the study hold too, as their landmarks show."""

    table: ClassVar[str] = "sounds"
    grain: ClassVar[tuple[str, ...]] = ("sound_id", "clip_id")

    sound_id: str = column("the sound, by an id of this study's own; the platform's is in `clips`")
    clip_id: str = column("the clip")
    offset_s: Seconds | None = column(
        "when the clip begins on the clock of the sound, which is that of its first clip by id; NULL where it is "
        "played at another speed or pitch",
        "s",
    )
    start_s: Seconds = column("start of the shared stretch in the clip, to a second", "s")
    length_s: Seconds = column("length of the shared stretch, in whole seconds", "s")
    score: float = column("share of the stretch's landmarks that agree with another clip's; no probability", "0–1")
    tempo: float = column("times as fast as the sound in its other clips; 1 where it is the same", "ratio")
    semitones: float = column("how much higher than in its other clips; 0 where it is the same", "semitones")
