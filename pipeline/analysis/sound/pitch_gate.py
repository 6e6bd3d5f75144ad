"""Whether the pitch of a speech region can be measured, or is that of the music or the noise over it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import Reason
from pipeline.records import Decibels, SpeechRegionRow


@dataclass(frozen=True, slots=True)
class PitchGate:
    """How clear a voice must be; defaults: `python -m pipeline.research.evidence.measure_pitch`."""

    least_witness: float = 0.5  # probability of music by the second witness from which it plays, its makers' own, 0–1
    least_tag: float = 0.3  # score of music by the tagger from which it plays, 0–1
    music_snr_db: Decibels = 15.0  # where music plays, the voice must stand out by this
    music_ratio: float = 2.0  # and the tagger must not hear music this many times as much as speech
    min_snr_db: Decibels = 2.0  # whatever lies over it

    def obstacle(self, region: SpeechRegionRow) -> Reason | None:
        """Why the pitch of a region cannot be measured; None if it can, as far as is known."""
        snr_db = region.snr_db
        if self._plays(region) and (self._covers(region) or (snr_db is not None and snr_db < self.music_snr_db)):
            return Reason.MUSIC_OVER_VOICE
        return Reason.LOW_SNR if snr_db is not None and snr_db < self.min_snr_db else None

    def _plays(self, region: SpeechRegionRow) -> bool:
        return (region.witness_music or 0.0) >= self.least_witness or (region.music_score or 0.0) >= self.least_tag

    def _covers(self, region: SpeechRegionRow) -> bool:
        music, speech = region.music_score, region.speech_score
        return music is not None and speech is not None and music >= self.music_ratio * speech
