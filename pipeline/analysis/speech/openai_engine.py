"""The reference speech engine: OpenAI's own Whisper, in float32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.speech import ct2_weights
from pipeline.analysis.speech.device import Device, check_device
from pipeline.analysis.speech.engine import FRAMES_PER_SECOND, Decoding, Language, Segment, Word
from pipeline.media.audio import Waveform

CHECKPOINT = "model.pt"  # of converted weights


class OpenAIEngine:
    """Whisper on openai-whisper and PyTorch, one thread; slower than CTranslate2, and what it is compared with."""

    packages: ClassVar[tuple[str, ...]] = ("openai-whisper", "torch")

    def __init__(
        self,
        model: str = "whisper-base",
        models_folder: Path | None = None,
        decoding: Decoding | None = None,
        compute_type: str = "float32",
        device: Device = "cpu",
    ) -> None:
        import torch
        import whisper

        check_device(device)
        torch.set_num_threads(1)  # one thread a worker: no fighting over cores, and sums in the same order
        self.decoding = decoding or Decoding()
        self._model = whisper.load_model(str(checkpoint(model, models_folder)), device=device)
        # Which attention heads follow the words in time is published in openai-whisper's code, not in the weights.
        size = model.removeprefix("whisper-")
        self._model.set_alignment_heads(whisper._ALIGNMENT_HEADS[size])  # noqa: SLF001

    @classmethod
    def weights(cls, model: str, models_folder: Path | None) -> str:
        """OpenAI's own file if it is here; else the same weights for CTranslate2 if they are; else OpenAI's, to fetch.

        A size that is registered for CTranslate2 alone is always converted.
        """
        original = f"openai-{model}"
        if original not in model_cache.MODELS:
            return model
        if model_cache.find(original, models_folder) is None and model_cache.find(model, models_folder) is not None:
            return model
        return original

    def detect_languages(self, waveforms: Sequence[Waveform]) -> list[Language]:
        """The language of the first 30 s of each waveform `(time,)` at 16 kHz."""
        return [
            Language(*max(found.items(), key=lambda one: one[1])) for found in self.language_probabilities(waveforms)
        ]

    def language_probabilities(self, waveforms: Sequence[Waveform]) -> list[dict[str, float]]:
        """The probability of each language in the first 30 s of each waveform `(time,)` at 16 kHz."""
        return [self._language_probabilities(waveform) for waveform in waveforms]

    def transcribe(
        self, waveforms: Sequence[Waveform], languages: Sequence[str], prompt: str | None = None
    ) -> list[list[Segment]]:
        """Recognise speech `(time,)` at 16 kHz, each waveform in its language."""
        return [self._transcribe(*sound, prompt) for sound in zip(waveforms, languages, strict=True)]

    def _language_probabilities(self, waveform: Waveform) -> dict[str, float]:
        from whisper.audio import N_FRAMES, N_SAMPLES, log_mel_spectrogram, pad_or_trim

        mel = log_mel_spectrogram(waveform, self._model.dims.n_mels, padding=N_SAMPLES)
        _, probabilities = self._model.detect_language(pad_or_trim(mel, N_FRAMES))
        return {code: float(probability) for code, probability in probabilities.items()}

    def _transcribe(self, waveform: Waveform, language: str, prompt: str | None) -> list[Segment]:
        decoding = self.decoding
        answer = self._model.transcribe(
            waveform,
            language=language,
            initial_prompt=prompt,
            carry_initial_prompt=prompt is not None,
            beam_size=decoding.beam_size,
            temperature=decoding.temperatures,
            condition_on_previous_text=decoding.condition_on_previous_text,
            compression_ratio_threshold=decoding.compression_ratio_threshold,
            logprob_threshold=decoding.log_prob_threshold,
            no_speech_threshold=decoding.no_speech_threshold,
            word_timestamps=True,
            fp16=False,
        )
        return [_as_segment(segment) for segment in answer["segments"] if segment["text"].strip()]


def checkpoint(model: str, models_folder: Path | None = None) -> Path:
    """OpenAI's checkpoint of a Whisper model: the published file, or one converted once and kept in the cache.

    Raises `ModelMissing` when no weights are on this machine or reachable.
    """
    name = OpenAIEngine.weights(model, models_folder)
    folder = model_cache.locate(name, models_folder)
    if name != model:
        return folder / model_cache.get(name).files[0].name
    target = model_cache.cache_folder() / "converted" / model / model_cache.get(model).revision
    return model_cache.converted(target, lambda part: ct2_weights.convert(folder, part / CHECKPOINT)) / CHECKPOINT


def _as_segment(found: Mapping[str, Any]) -> Segment:
    words = (
        Word(word["word"].strip(), float(word["start"]), float(word["end"]), float(word["probability"]))
        for word in found["words"]
    )
    return Segment(
        text=found["text"].strip(),
        start_s=float(found["start"]),
        end_s=float(found["end"]),
        words=tuple(word for word in words if word.text),
        avg_logprob=float(found["avg_logprob"]),
        no_speech_prob=float(found["no_speech_prob"]),
        compression_ratio=float(found["compression_ratio"]),
        temperature=float(found["temperature"]),
        window_s=found["seek"] / FRAMES_PER_SECOND,
    )
