"""The parity command: its figures, and what it prints of a folder and of a corpus."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from pipeline.analysis.speech.engine import Decoding, Language, Segment
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research import engine_parity


class Parrot:
    """An engine that says one sentence whatever it hears."""

    def __init__(self, text: str, code: str = "en") -> None:
        self.decoding = Decoding()
        self.text, self.code = text, code

    def detect_languages(self, waveforms: Sequence[Waveform]) -> list[Language]:
        return [Language(self.code, 0.9) for _ in waveforms]

    def transcribe(self, waveforms: Sequence[Waveform], languages: Sequence[str]) -> list[list[Segment]]:
        return [[Segment(self.text, 0.0, 1.0, (), -0.2, 0.1, 1.0, 0.0)] for _ in waveforms]


def test_word_error_rate_counts_words_not_spelling_or_case() -> None:
    assert engine_parity.word_error_rate(["The colour of it"], ["the color of it!"]) == 0.0
    assert engine_parity.word_error_rate(["alpha beta gamma delta"], ["alpha beta delta"]) == 0.25
    assert engine_parity.word_error_rate(["a b", "c d"], ["a x", "c d"]) == 0.25


def test_without_words_there_is_no_error_rate() -> None:
    assert engine_parity.word_error_rate([""], ["something"]) is None


def test_agreement_is_a_share_of_clips() -> None:
    assert engine_parity.agreement(["en", "fr"], ["en", "es"]) == 0.5


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    samples = (np.sin(np.arange(SAMPLE_RATE)) * 8000).astype("<i2")
    with wave.open(str(tmp_path / "one.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(samples.tobytes())
    monkeypatch.setattr(engine_parity, "CTranslate2Engine", lambda compute_type: Parrot("alpha beta gamma omega"))
    monkeypatch.setattr(engine_parity, "OpenAIEngine", lambda: Parrot("alpha beta gamma delta", "fr"))
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    app = Typer()
    app.command()(engine_parity.main)
    answer = CliRunner().invoke(app, list(arguments))
    return answer.exit_code, answer.output


def test_a_corpus_gives_each_engines_word_error_rate(corpus: Path) -> None:
    (corpus / "transcripts.csv").write_text("file,transcript\none.wav,alpha beta gamma delta\n", encoding="utf-8")
    code, output = run(str(corpus), "--corpus")
    assert code == 0
    assert "ctranslate2 (int8): WER 25.00 %" in output
    assert "openai-whisper (float32): WER 0.00 %" in output
    assert "against openai-whisper (float32): 25.00 %" in output
    assert "same language: 0.00 %" in output


def test_what_cannot_be_compared_is_named(corpus: Path) -> None:
    (corpus / "broken.mp4").write_bytes(b"not media")
    code, output = run(str(corpus))
    assert code == 1
    assert "left out broken.mp4" in output
    assert "left out one.wav: no speech" in output
