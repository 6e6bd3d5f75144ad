"""The fast speech engine: Whisper in CTranslate2, on faster-whisper's features, tokenizer and word times."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pipeline import models
from pipeline.media import Waveform
from pipeline.speech.engine import FRAMES_PER_SECOND, Decoding, Language, Segment, Word
from pipeline.speech.thrifty import model_class


class CTranslate2Engine:
    """Whisper on CTranslate2, one thread, each window encoded once for language and text."""

    packages: ClassVar[tuple[str, ...]] = ("faster-whisper", "ctranslate2")

    def __init__(
        self,
        model: str = "whisper-base",
        models_folder: Path | None = None,
        decoding: Decoding | None = None,
        compute_type: str = "int8",
    ) -> None:
        folder = models.locate(model, models_folder)
        self._model = model_class()(str(folder), device="cpu", compute_type=compute_type, cpu_threads=1)
        self.use(decoding or Decoding())

    def use(self, decoding: Decoding) -> None:
        """Decode in another way from now on."""
        self.decoding = self._model.decoding = decoding

    @classmethod
    def weights(cls, model: str, models_folder: Path | None) -> str:
        """The weights are those of the model itself."""
        return model

    def detect_language(self, waveform: Waveform) -> Language:
        """The language of the first 30 s of a waveform `(time,)` at 16 kHz."""
        from faster_whisper.audio import pad_or_trim

        extractor = self._model.feature_extractor
        # Exactly the window that `transcribe` decodes first, which leaves out the last frame: so it is found again.
        features = extractor(waveform)[:, :-1]
        window = pad_or_trim(features[:, : extractor.nb_max_frames])
        token, probability = self._model.model.detect_language(self._model.encode(window))[0][0]
        return Language(token.strip("<|>"), float(probability))

    def transcribe(self, waveform: Waveform, language: str) -> list[Segment]:
        """Recognise speech `(time,)` at 16 kHz in one language."""
        decoding = self.decoding
        segments, _ = self._model.transcribe(
            waveform,
            language=language,
            beam_size=decoding.beam_size,
            temperature=decoding.temperatures,
            condition_on_previous_text=decoding.condition_on_previous_text,
            compression_ratio_threshold=decoding.compression_ratio_threshold,
            log_prob_threshold=decoding.log_prob_threshold,
            no_speech_threshold=decoding.no_speech_threshold,
            word_timestamps=True,
        )
        return [_segment(segment) for segment in segments]


def _segment(found: Any) -> Segment:
    words = (
        Word(word.word.strip(), float(word.start), float(word.end), float(word.probability))
        for word in found.words or ()
    )
    return Segment(
        text=found.text.strip(),
        start_s=float(found.start),
        end_s=float(found.end),
        words=tuple(word for word in words if word.text),
        avg_logprob=float(found.avg_logprob),
        no_speech_prob=float(found.no_speech_prob),
        compression_ratio=float(found.compression_ratio),
        temperature=float(found.temperature),
        window_s=found.seek / FRAMES_PER_SECOND,
    )
