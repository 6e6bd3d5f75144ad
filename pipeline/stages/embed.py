"""Stage `embed`: each speech region as one vector of a speech encoder, which tone models score later.

The vector also gives the probability that several voices speak at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from pipeline.analysis.heads.overlap import OverlapDetector
from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.speech.encoder import MIN_SAMPLES, SpeechEncoder, WhisperEncoder
from pipeline.errors import Reason
from pipeline.media import audio
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Clip, SpeechEmbeddingRow, SpeechRegionRow
from pipeline.stage import Options, Result, Setting, Stage

#: What builds an encoder from the folder of its model; the key is the model's name.
ENCODERS: dict[str, Callable[[Path], SpeechEncoder]] = {"whisper-base": WhisperEncoder}


OVERLAP_MODEL = "overlap"  # tells one voice from several at once


class EmbedOptions(Options):
    """How speech regions are embedded."""

    encoder: Literal["whisper-base"] = Field(
        "whisper-base", description="the speech encoder; tone heads belong to the encoder that they were trained on"
    )
    min_region_s: float = Field(
        0.5, ge=MIN_SAMPLES / SAMPLE_RATE, description="shorter regions have no embedding, in seconds"
    )


class Embed(Stage):
    """Pool a block of a speech encoder over each speech region."""

    name: ClassVar[str] = "embed"
    version: ClassVar[int] = 5
    tables = (SpeechEmbeddingRow,)
    needs = ("audio", "evidence")
    uses_audio = True
    packages = ("faster-whisper", "ctranslate2")
    Options = EmbedOptions
    options: EmbedOptions

    def __init__(self, options: EmbedOptions, setting: Setting) -> None:
        super().__init__(options, setting)
        self._encoder = ENCODERS[options.encoder](model_cache.locate(options.encoder, setting.models_folder))
        self._overlap = OverlapDetector(model_cache.locate(OVERLAP_MODEL, setting.models_folder))

    def one(self, clip: Clip) -> Result:
        """One row a speech region; NULL with too_short or too_quiet where there is nothing to embed."""
        regions = clip.rows(SpeechRegionRow)
        if not regions:
            return []
        waveform = audio.read_audio(clip.audio_path)
        return [self._embedding_row(region, waveform) for region in regions]

    def _embedding_row(self, region: SpeechRegionRow, waveform: Waveform) -> SpeechEmbeddingRow:
        speech = waveform[round(region.start_s * SAMPLE_RATE) : round(region.end_s * SAMPLE_RATE)]
        reason = self._obstacle(speech)
        embedding = None if reason else tuple(self._encoder.embed(speech).tolist())
        overlap = None
        if embedding is not None and self._encoder.name == self._overlap.encoder:
            overlap = self._overlap.probability(embedding)
        return SpeechEmbeddingRow(
            clip_id=region.clip_id,
            region=region.region,
            encoder=self._encoder.name,
            embedding=embedding,
            reason=reason.value if reason else None,
            overlap_probability=overlap,
        )

    def _obstacle(self, speech: Waveform) -> Reason | None:
        if speech.size < round(self.options.min_region_s * SAMPLE_RATE):
            return Reason.TOO_SHORT
        return None if speech.any() else Reason.TOO_QUIET

    @classmethod
    def models(cls, options: EmbedOptions, setting: Setting) -> tuple[str, ...]:
        """The encoder's weights, and the detector of several voices."""
        return (options.encoder, OVERLAP_MODEL)
