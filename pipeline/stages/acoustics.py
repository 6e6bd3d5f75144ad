"""Stage `acoustics`: pitch, intensity, spectrum, voice quality and rhythm of each speech region, by Praat.

With the optional extra `opensmile`, openSMILE's own measures too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.analysis.sound.egemaps import OpenSmile, opensmile_version
from pipeline.analysis.sound.pitch_gate import PitchGate
from pipeline.analysis.sound.praat import PitchRange, PraatSound, shortest_samples
from pipeline.errors import Reason
from pipeline.media.audio import SAMPLE_RATE, Waveform, read_audio
from pipeline.records import AcousticsRow, Clip, OpenSmileRow, Row, SpectralRow, SpeechRegionRow
from pipeline.stage import Options, Result, Setting, Stage


class AcousticsOptions(Options):
    """How speech regions are measured."""

    pitch_floor_hz: float = Field(75.0, ge=50, le=300, description="lowest fundamental frequency looked for, in Hz")
    pitch_ceiling_hz: float = Field(
        600.0, ge=200, le=1500, description="highest fundamental frequency looked for, in Hz; 500 suits calm adults"
    )
    formants: bool = Field(True, description="measure formants, almost half of the stage's time")
    mfcc: bool = Field(True, description="measure mel-frequency cepstral coefficients")
    doubtful_pitch: bool = Field(
        False, description="measure pitch, voice quality and spectrum of a voice under music or noise all the same"
    )
    opensmile: Literal["none", "eGeMAPSv02"] = Field(
        "none",
        description="also store what openSMILE measures, in opensmile_features; needs the extra `opensmile`, whose "
        "licence forbids commercial use",
    )

    @model_validator(mode="after")
    def _ordered(self) -> AcousticsOptions:
        if self.pitch_ceiling_hz < 2 * self.pitch_floor_hz:
            raise ValueError("pitch_ceiling_hz must be at least an octave (twice) above pitch_floor_hz")
        return self


class Acoustics(Stage):
    """Measure how each speech region sounds; a row a region in each table, none without speech."""

    name: ClassVar[str] = "acoustics"
    version: ClassVar[int] = 4
    tables = (AcousticsRow, SpectralRow, OpenSmileRow)
    needs = ("audio", "evidence")
    uses_audio: ClassVar[bool] = True
    packages = ("praat-parselmouth",)
    Options = AcousticsOptions
    options: AcousticsOptions

    def __init__(self, options: AcousticsOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        self._smile = OpenSmile(options.opensmile) if options.opensmile != "none" else None

    @classmethod
    def libraries(cls, options: AcousticsOptions, setting: Setting) -> dict[str, str]:
        """The versions of what measures; `UserError` when openSMILE is asked for and not installed."""
        libraries = super().libraries(options, setting)
        return libraries if options.opensmile == "none" else {**libraries, "opensmile": opensmile_version()}

    def one(self, clip: Clip) -> Result:
        """Measure every region of one clip."""
        regions = clip.rows(SpeechRegionRow)
        return list(self._measured_rows(regions, read_audio(clip.audio_path))) if regions else []

    def _measured_rows(self, regions: tuple[SpeechRegionRow, ...], waveform: Waveform) -> Iterator[Row]:
        for region in regions:
            speech = waveform[round(region.start_s * SAMPLE_RATE) : round(region.end_s * SAMPLE_RATE)]
            yield from self._praat_rows(region, speech)
            if self._smile is not None:
                yield self._opensmile_row(self._smile, region, speech)

    def _praat_rows(self, region: SpeechRegionRow, waveform: Waveform) -> tuple[AcousticsRow, SpectralRow]:
        pitch_range = PitchRange(self.options.pitch_floor_hz, self.options.pitch_ceiling_hz)
        key: dict[str, Any] = {"clip_id": region.clip_id, "region": region.region}
        if waveform.size < shortest_samples(pitch_range):
            too_short = Reason.TOO_SHORT.value
            return AcousticsRow(**key, reason=too_short), SpectralRow(**key, reason=too_short)
        sound = PraatSound(waveform, pitch_range)
        obstacle = None if self.options.doubtful_pitch else PitchGate().obstacle(region)
        of_voice, of_spectrum = self._voice_columns(sound) if obstacle is None else ({}, {})
        is_heard = obstacle is None and sound.intensity() is not None
        of_voicing = _as_columns(sound.voicing()) if is_heard else {}
        reason = None if of_voice else (obstacle or Reason.UNVOICED).value
        return (
            AcousticsRow(**key, **self._level_columns(sound), **of_voicing, **of_voice, reason=reason),
            SpectralRow(**key, **of_spectrum, reason=reason),
        )

    def _level_columns(self, sound: PraatSound) -> dict[str, Any]:
        """Columns that need no voice: intensity, pauses and MFCC; none of a silent region."""
        intensity, pauses, peaks = sound.intensity(), sound.pauses(), sound.intensity_peaks()
        mfcc = sound.mfcc() if self.options.mfcc else None
        values: dict[str, Any] = {}
        if intensity is not None:
            values |= _as_columns(intensity)
        if peaks is not None:
            values["intensity_peaks_hz"] = peaks / sound.seconds
        if pauses is not None:
            values |= {"pause_count": pauses.count, "pause_share": pauses.silent_s / sound.seconds}
            if pauses.count:
                values |= {"pause_mean_s": pauses.silent_s / pauses.count, "pause_max_s": pauses.longest_s}
        if mfcc is not None:
            values |= {"mfcc_mean": mfcc.mean, "mfcc_sd": mfcc.sd}
        return values

    def _voice_columns(self, sound: PraatSound) -> tuple[dict[str, Any], dict[str, Any]]:
        """Columns of both tables that need a voice; none without a voiced frame."""
        pitch = sound.pitch()
        if pitch is None:
            return {}, {}
        spectral = _as_columns(sound.balance()) | (_as_columns(sound.formants()) if self.options.formants else {})
        values = {**_as_columns(pitch), **_as_columns(sound.voice_quality()), "hf500_db": spectral.pop("hf500_db")}
        # whispered syllables have no voiced nucleus, so that a count of them without a voice would be wrong, not zero
        syllables, pauses = sound.syllables(), sound.pauses()
        if syllables is not None:
            sounding_s = sound.seconds - (pauses.silent_s if pauses else 0.0)
            values["syllable_rate_hz"] = syllables / sound.seconds
            values["articulation_rate_hz"] = syllables / sounding_s if sounding_s > 0 else None
        return values, spectral

    def _opensmile_row(self, smile: OpenSmile, region: SpeechRegionRow, waveform: Waveform) -> OpenSmileRow:
        features, reason = None, Reason.TOO_QUIET  # digital silence has no voice to measure
        if waveform.any() or not waveform.size:
            features, reason = smile.measure(waveform), Reason.TOO_SHORT
        return OpenSmileRow(
            clip_id=region.clip_id,
            region=region.region,
            feature_set=self.options.opensmile,
            features=features,
            reason=None if features else reason.value,
        )


def _as_columns(measures: Any) -> dict[str, Any]:
    """The measures of one kind by the names of their columns."""
    return {field.name: getattr(measures, field.name) for field in dataclasses.fields(measures)}
