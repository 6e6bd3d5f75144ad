"""Less padding, and the alarms that take it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.speech.engine import Decoding
from pipeline.speech.thrifty import model_class, padded

UNSURE, IMPROBABLE = -0.6, -1.4


def window(filled: int, loudest: float = 1.5) -> NDArray[np.float32]:
    """A spectrogram of so many frames, padded with zeros to 30 s as faster-whisper does it."""
    features = np.zeros((80, 3000), dtype=np.float32)
    features[:, :filled] = np.linspace(-0.4, loudest, 80, dtype=np.float32)[:, None]
    return features


@pytest.mark.parametrize(("padding_s", "frames"), [(None, 3000), (10.0, 1400), (40.0, 3000)])
def test_so_much_of_the_padding_is_kept_and_it_is_silence(padding_s: float | None, frames: int) -> None:
    given = window(400)
    kept = padded(given, padding_s)
    assert kept.shape == (80, frames)
    assert np.array_equal(kept[:, :400], given[:, :400])
    assert np.all(kept[:, 400:] == pytest.approx(-0.5)), "8 decades below the loudest, divided by 4"
    assert not given[:, 400:].any(), "the caller's window stays as it is"


def test_a_window_has_an_even_number_of_frames_for_the_stride_of_two() -> None:
    assert padded(window(401), 6.0).shape == (80, 1002)


def test_a_full_window_stays_as_it_is() -> None:
    full = window(3000)
    assert np.array_equal(padded(full, 6.0), full)


@dataclass(frozen=True)
class FakeOptions:
    beam_size: int = 5


@dataclass
class Scripted:
    """Stands for faster-whisper's own two steps: answers in order, and notes what it was asked."""

    answers: list[tuple[float, float]]  # mean log probability and compression ratio
    encoded: list[int] = field(default_factory=list)  # frames
    beams: list[tuple[Any, int]] = field(default_factory=list)

    def encode(self, features: NDArray[np.float32]) -> int:
        self.encoded.append(features.shape[1])
        return features.shape[1]

    def generate(self, encoded: Any, prompt: Any, tokenizer: Any, options: FakeOptions) -> Any:
        self.beams.append((encoded, options.beam_size))
        logprob, compression = self.answers.pop(0)
        return f"text {len(self.beams)}", logprob, 0.0, compression


def decoded(monkeypatch: pytest.MonkeyPatch, decoding: Decoding, *answers: tuple[float, float]) -> tuple[str, Scripted]:
    base, script = model_class().__mro__[1], Scripted(list(answers))
    monkeypatch.setattr(base, "encode", script.encode)
    monkeypatch.setattr(base, "generate_with_fallback", script.generate)
    model = object.__new__(model_class())
    model.decoding = decoding
    found = model.generate_with_fallback(model.encode(window(400)), [], None, FakeOptions())
    return found[0], script


THRIFTY = Decoding(padding_s=10.0)


def test_a_text_that_is_sound_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    text, script = decoded(monkeypatch, THRIFTY, (UNSURE, 1.2))
    assert (text, script.encoded, script.beams) == ("text 1", [1400], [(1400, 5)])


@pytest.mark.parametrize("alarm", [(UNSURE, 3.0), (IMPROBABLE, 1.2)])
def test_a_loop_or_an_improbable_text_is_decoded_again_from_the_whole_window(
    monkeypatch: pytest.MonkeyPatch, alarm: tuple[float, float]
) -> None:
    text, script = decoded(monkeypatch, THRIFTY, alarm, (UNSURE, 1.2))
    assert (text, script.encoded) == ("text 2", [1400, 3000])
    assert script.beams == [(1400, 5), (3000, 5)]


def test_without_the_saving_there_is_one_decoding_of_the_whole_window(monkeypatch: pytest.MonkeyPatch) -> None:
    text, script = decoded(monkeypatch, Decoding(), (IMPROBABLE, 3.0))
    assert (text, script.encoded, script.beams) == ("text 1", [3000], [(3000, 5)])


def test_language_and_text_share_one_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    base, script = model_class().__mro__[1], Scripted([])
    monkeypatch.setattr(base, "encode", script.encode)
    model = object.__new__(model_class())
    model.decoding = THRIFTY
    assert model.encode(window(400)) == model.encode(window(400)) == 1400
    assert len(script.encoded) == 1
    model.encode(window(400, loudest=1.6))
    assert len(script.encoded) == 2
