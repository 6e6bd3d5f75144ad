"""Whether a speech region holds enough evidence to score its tone, and if not, why not."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import Reason
from pipeline.records import Decibels, Seconds, SpeechRegionRow


@dataclass(frozen=True)
class Gate:
    """How much evidence a region must give; defaults: `python -m pipeline.research.evidence.measure_evidence`.

    A measure that is not known, such as music without a tagger, excludes no region.
    """

    min_region_s: Seconds = 1.0
    min_level_dbfs: Decibels = -50.0
    min_speech_probability: float = 0.3  # 0–1, mean of voice activity, or of the second witness
    max_clipping_share: float = 0.2  # 0–1
    music_threshold: float = 0.3  # 0–1, score from which music or singing may cover a voice
    music_ratio: float = 4.0  # they cover it when they score this many times as high as speech
    min_snr_db: Decibels = 6.0
    max_overlap_probability: float = 0.88  # 0–1, chosen by `python -m pipeline.research.overlap.train`

    def obstacle(self, region: SpeechRegionRow, overlap_probability: float | None = None) -> Reason | None:
        """The first reason why a region's tone cannot be scored; None if it can.

        `overlap_probability` is that of several voices at once, as the stage embed stores it; None if not known.
        """
        if round(region.end_s - region.start_s, 6) < self.min_region_s:  # whole samples: no real rounding
            return Reason.TOO_SHORT
        if region.level_dbfs is None or region.level_dbfs < self.min_level_dbfs:
            return Reason.TOO_QUIET
        heard = [known for known in (region.speech_probability, region.witness_probability) if known is not None]
        if heard and max(heard) < self.min_speech_probability:
            return Reason.UNCERTAIN_SPEECH
        if region.clipping_share is not None and region.clipping_share > self.max_clipping_share:
            return Reason.CLIPPED
        if self._covers(region.singing_score, region.speech_score):
            return Reason.SINGING
        if self._covers(region.music_score, region.speech_score):
            return Reason.MUSIC_OVER_SPEECH
        if region.snr_db is not None and region.snr_db < self.min_snr_db:
            return Reason.LOW_SNR
        if overlap_probability is not None and overlap_probability > self.max_overlap_probability:
            return Reason.SEVERAL_VOICES
        return None

    def _covers(self, other: float | None, speech: float | None) -> bool:
        if other is None or speech is None:
            return False
        return other >= self.music_threshold and other > speech * self.music_ratio
