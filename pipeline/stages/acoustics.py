"""Stage `acoustics`: pitch, intensity, voice quality, rate and pauses of each speech region, by Praat's algorithms."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from pipeline.errors import Reason
from pipeline.media import SAMPLE_RATE, Waveform, read_audio
from pipeline.records import AcousticsRow, Clip, SpeechRegionRow
from pipeline.sound.praat import PitchRange, PraatSound, shortest_samples
from pipeline.stage import Options, Result, Stage


class AcousticsOptions(Options):
    """How speech regions are measured."""

    pitch_floor_hz: float = Field(75.0, ge=50, le=300, description="lowest fundamental frequency looked for, in Hz")
    pitch_ceiling_hz: float = Field(
        600.0, ge=200, le=1500, description="highest fundamental frequency looked for, in Hz; 500 suits calm adults"
    )

    @model_validator(mode="after")
    def _ordered(self) -> AcousticsOptions:
        if self.pitch_ceiling_hz < 2 * self.pitch_floor_hz:
            raise ValueError("pitch_ceiling_hz must be at least an octave (twice) above pitch_floor_hz")
        return self


class Acoustics(Stage):
    """Measure how each speech region sounds; one row a region, none without speech."""

    name: ClassVar[str] = "acoustics"
    version: ClassVar[int] = 1
    tables = (AcousticsRow,)
    needs = ("audio", "evidence")
    uses_audio: ClassVar[bool] = True
    packages = ("praat-parselmouth",)
    Options = AcousticsOptions
    options: AcousticsOptions

    def one(self, clip: Clip) -> Result:
        """Measure every region of one clip."""
        regions = clip.rows(SpeechRegionRow)
        if not regions:
            return []
        waveform = read_audio(clip.audio_path)
        return [
            self._measured(region, waveform[round(region.start_s * SAMPLE_RATE) : round(region.end_s * SAMPLE_RATE)])
            for region in regions
        ]

    def _measured(self, region: SpeechRegionRow, waveform: Waveform) -> AcousticsRow:
        pitch_range = PitchRange(self.options.pitch_floor_hz, self.options.pitch_ceiling_hz)
        if waveform.size < shortest_samples(pitch_range):
            return _unmeasured(region)
        sound = PraatSound(waveform, pitch_range)
        pitch, intensity, pauses, mfcc = sound.pitch(), sound.intensity(), sound.pauses(), sound.mfcc()
        quality = sound.voice_quality() if pitch else None
        # whispered syllables have no voiced nucleus, so that a count of them would be wrong, not zero
        syllables = sound.syllables() if pitch else None
        sounding_s = sound.seconds - pauses.silent_s if pauses else 0.0
        return AcousticsRow(
            clip_id=region.clip_id,
            region=region.region,
            f0_median_hz=pitch.f0_median_hz if pitch else None,
            f0_p10_hz=pitch.f0_p10_hz if pitch else None,
            f0_p90_hz=pitch.f0_p90_hz if pitch else None,
            f0_sd_semitones=pitch.f0_sd_semitones if pitch else None,
            f0_range_semitones=pitch.f0_range_semitones if pitch else None,
            voiced_share=sound.voiced_share if intensity else None,
            intensity_mean_db=intensity[0] if intensity else None,
            intensity_sd_db=intensity[1] if intensity else None,
            jitter_local=quality.jitter_local if quality else None,
            shimmer_local=quality.shimmer_local if quality else None,
            hnr_db=quality.hnr_db if quality else None,
            syllable_rate_hz=syllables / sound.seconds if syllables is not None else None,
            articulation_rate_hz=syllables / sounding_s if syllables is not None and sounding_s > 0 else None,
            pause_count=pauses.count if pauses else None,
            pause_share=pauses.silent_s / sound.seconds if pauses else None,
            mfcc_mean=mfcc.mean if mfcc else None,
            mfcc_sd=mfcc.sd if mfcc else None,
            reason=None if pitch else Reason.UNVOICED.value,
        )


def _unmeasured(region: SpeechRegionRow) -> AcousticsRow:
    """The row of a region that is too short for Praat."""
    return AcousticsRow(
        clip_id=region.clip_id,
        region=region.region,
        f0_median_hz=None,
        f0_p10_hz=None,
        f0_p90_hz=None,
        f0_sd_semitones=None,
        f0_range_semitones=None,
        voiced_share=None,
        intensity_mean_db=None,
        intensity_sd_db=None,
        jitter_local=None,
        shimmer_local=None,
        hnr_db=None,
        syllable_rate_hz=None,
        articulation_rate_hz=None,
        pause_count=None,
        pause_share=None,
        mfcc_mean=None,
        mfcc_sd=None,
        reason=Reason.TOO_SHORT.value,
    )
