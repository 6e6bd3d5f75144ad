"""The fast speech engine: Whisper in CTranslate2, on faster-whisper's features, tokenizer and word times."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.speech.batch_decoding import BatchDecoder, DecodingState
from pipeline.analysis.speech.device import ON_GPU, Device, check_device
from pipeline.analysis.speech.engine import Decoding, Language, Segment
from pipeline.media.audio import Waveform

REMEMBERED = 64  # sounds whose language was detected and whose text is not decoded yet


class CTranslate2Engine:
    """Whisper on CTranslate2: each window encoded once for language and text, texts decoded together."""

    packages: ClassVar[tuple[str, ...]] = ("faster-whisper", "ctranslate2")

    def __init__(
        self,
        model: str = "whisper-base",
        models_folder: Path | None = None,
        decoding: Decoding | None = None,
        compute_type: str = "int8",
        device: Device = "cpu",
    ) -> None:
        from faster_whisper import WhisperModel

        check_device(device)
        folder = model_cache.locate(model, models_folder)
        arithmetic = ON_GPU[compute_type] if device == "cuda" else compute_type
        self._whisper = WhisperModel(str(folder), device=device, compute_type=arithmetic, cpu_threads=1)
        self._remembered: dict[bytes, DecodingState] = {}
        self.use(decoding or Decoding())

    def use(self, decoding: Decoding) -> None:
        """Change how text is decoded from now on."""
        self.decoding = decoding
        self._batch_decoder = BatchDecoder(self._whisper, decoding)
        self._remembered.clear()

    @classmethod
    def weights(cls, model: str, models_folder: Path | None) -> str:
        """The weights are those of the model itself."""
        return model

    def detect_languages(self, waveforms: Sequence[Waveform]) -> list[Language]:
        """The language of the first 30 s of each waveform `(time,)` at 16 kHz."""
        return [self._detect_language(waveform) for waveform in waveforms]

    def language_probabilities(self, waveforms: Sequence[Waveform]) -> list[dict[str, float]]:
        """The probability of each language in the first 30 s of each waveform `(time,)` at 16 kHz."""
        return [
            self._probabilities(self._batch_decoder.encode(DecodingState(self._whisper.feature_extractor(waveform))))
            for waveform in waveforms
        ]

    def transcribe(
        self, waveforms: Sequence[Waveform], languages: Sequence[str], prompt: str | None = None
    ) -> list[list[Segment]]:
        """Recognise speech `(time,)` at 16 kHz, each waveform in its language."""
        sounds = [self._decoding_state(waveform) for waveform in waveforms]
        for sound, language in zip(sounds, languages, strict=True):
            sound.tokenizer = self._tokenizer(language)
            sound.prompt = prompt
        self._batch_decoder.hear(sounds)
        return [sound.segments for sound in sounds]

    def _detect_language(self, waveform: Waveform) -> Language:
        sound = self._decoding_state(waveform)
        sound.encoded = self._batch_decoder.encode(sound)
        probabilities = self._probabilities(sound.encoded)
        # Sounds that are never transcribed must not pile up.
        if len(self._remembered) == REMEMBERED:
            self._remembered.clear()
        self._remembered[_waveform_digest(waveform)] = sound
        return Language(*max(probabilities.items(), key=lambda found: found[1]))

    def _probabilities(self, encoded: Any) -> dict[str, float]:
        """The probability of each language in an encoded window."""
        [found] = self._whisper.model.detect_language(encoded)
        return {token.strip("<|>"): float(probability) for token, probability in found}

    def _decoding_state(self, waveform: Waveform) -> DecodingState:
        """The state of a sound before decoding: the one kept by language detection, or a new one."""
        known = self._remembered.pop(_waveform_digest(waveform), None)
        return known or DecodingState(self._whisper.feature_extractor(waveform))

    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        return Tokenizer(self._whisper.hf_tokenizer, multilingual=True, task="transcribe", language=language)


def _waveform_digest(waveform: Waveform) -> bytes:
    return hashlib.blake2b(waveform.tobytes(), digest_size=16).digest()
