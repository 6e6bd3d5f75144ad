"""Several sounds at once: how windows are grouped, and the alarms that take the saving back."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.analysis.speech import batch_decoding
from pipeline.analysis.speech.batch_decoding import BatchDecoder, DecodingState, _first_frames
from pipeline.analysis.speech.engine import Decoding

THRIFTY = Decoding(padding_s=10.0)
GOOD, LOOP, IMPROBABLE = (-0.4, "said"), (-0.4, "la " * 60), (-1.4, "said")


@dataclass
class Whisper:
    """Stands for faster-whisper's model: answers in order, and notes what it was asked."""

    answers: list[tuple[float, str]]  # mean log probability and text
    no_speech_prob: float = 0.1
    encoded: list[int] = field(default_factory=list)  # frames
    decoded: list[list[int]] = field(default_factory=list)  # frames of the windows of each call
    feature_extractor: Any = field(default_factory=lambda: SimpleNamespace(nb_max_frames=3000))
    max_length: int = 448

    @property
    def model(self) -> Whisper:
        return self

    def encode(self, window: Any) -> Any:
        self.encoded.append(window.shape[1])
        return np.zeros((1, window.shape[1], 2), dtype=np.float32)

    def generate(self, windows: Any, prompts: list[list[int]], **options: Any) -> list[Any]:
        self.decoded.append([windows.shape[1]] * len(prompts))
        found = [self.answers.pop(0) for _ in prompts]
        texts.extend(text for _, text in found)
        return [
            SimpleNamespace(
                sequences_ids=[[len(texts) - len(found) + number]],
                scores=[2 * logprob],  # one token and the end
                no_speech_prob=self.no_speech_prob,
            )
            for number, (logprob, _) in enumerate(found)
        ]

    def add_word_timestamps(self, segments: Any, *_: Any, **__: Any) -> None:
        for segment in segments[0]:
            segment["words"] = []

    def _split_segments_by_timestamps(self, tokens: list[int], seek: int, segment_size: int, **_: Any) -> Any:
        start = seek / 100
        return [{"start": start, "end": start + 1.0, "tokens": tokens}], seek + segment_size, True


texts: list[str] = []
TOKENIZER = SimpleNamespace(sot_sequence=(1, 2, 3), decode=lambda tokens: texts[tokens[0]])


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    from faster_whisper import transcribe

    texts.clear()
    monkeypatch.setattr(transcribe, "get_suppressed_tokens", lambda tokenizer, tokens: tokens)
    monkeypatch.setattr(batch_decoding, "_stacked", lambda windows: windows[0])
    monkeypatch.setattr(batch_decoding, "_first_frames", lambda encoded, frames: encoded[:, :frames])


def sound(seconds: float) -> DecodingState:
    return DecodingState(np.ones((80, round(seconds * 100) + 1), dtype=np.float32), tokenizer=TOKENIZER)


def hear(whisper: Whisper, *sounds: DecodingState, decoding: Decoding = THRIFTY) -> list[list[str]]:
    BatchDecoder(whisper, decoding).hear(sounds)
    return [[segment.text for segment in each.segments] for each in sounds]


def test_windows_of_one_length_are_decoded_together() -> None:
    whisper = Whisper([GOOD] * 4)
    hear(whisper, sound(4), sound(3.9), sound(12), sound(3.2))
    assert whisper.encoded == [1500, 1500, 2500, 1500]
    assert whisper.decoded == [[1500, 1500, 1500], [2500]]


def test_a_decoder_that_sees_less_gets_windows_of_fewer_lengths_than_the_encoder() -> None:
    whisper = Whisper([GOOD] * 4)
    seen = Decoding(padding_s=10.0, seen_padding_s=2.0)
    hear(whisper, sound(4), sound(3.9), sound(12), sound(3.2), decoding=seen)
    assert whisper.encoded == [1400, 1390, 2200, 1320]
    assert whisper.decoded == [[1000, 1000, 1000], [1500]]


@pytest.mark.parametrize(("beams", "batch"), [(1, batch_decoding.BATCH), (5, batch_decoding.BATCH_OF_BEAMS)])
def test_no_more_than_a_batch_at_once(beams: int, batch: int) -> None:
    whisper = Whisper([GOOD] * 11)
    hear(whisper, *(sound(4) for _ in range(11)), decoding=Decoding(beam_size=beams, padding_s=10.0))
    assert [len(call) for call in whisper.decoded] == [batch] * (11 // batch) + [11 % batch]


def test_a_long_sound_goes_on_while_the_others_are_done() -> None:
    whisper = Whisper([(-0.4, text) for text in ("short", "one", "two")])
    heard = hear(whisper, sound(4), sound(40))
    assert heard == [["short"], ["one", "two"]]
    assert whisper.encoded == [1500, 3000, 2000]


def test_a_sound_whose_language_was_asked_is_not_encoded_again() -> None:
    whisper, known = Whisper([GOOD]), sound(4)
    known.encoded = np.zeros((1, 1500, 2), dtype=np.float32)
    hear(whisper, known)
    assert whisper.encoded == []


@pytest.mark.parametrize("alarm", [LOOP, IMPROBABLE])
def test_a_loop_or_an_improbable_text_is_decoded_again_with_all_of_the_padding(alarm: tuple[float, str]) -> None:
    whisper = Whisper([GOOD, alarm, (-0.4, "better")])
    assert hear(whisper, sound(4), sound(4)) == [["said"], ["better"]]
    assert whisper.encoded == [1500, 1500, 3000]
    assert whisper.decoded == [[1500, 1500], [3000]]


def test_with_all_of_the_padding_there_is_one_decoding() -> None:
    whisper = Whisper([IMPROBABLE])
    hear(whisper, sound(4), decoding=Decoding())
    assert whisper.encoded == [3000]


def test_what_whisper_takes_for_no_speech_has_no_segment() -> None:
    whisper = Whisper([IMPROBABLE, IMPROBABLE], no_speech_prob=0.9)
    assert hear(whisper, sound(4)) == [[]]


def test_segments_without_letters_are_none() -> None:
    whisper = Whisper([(-0.4, "  ")])
    assert hear(whisper, sound(4)) == [[]]


def test_the_decoder_is_given_the_beginning_of_what_was_encoded() -> None:
    from ctranslate2 import StorageView

    encoded = np.arange(2 * 700 * 3, dtype=np.float32).reshape(2, 700, 3)[:1]
    cut = np.array(_first_frames(StorageView.from_array(encoded), 1000))
    assert np.array_equal(cut, encoded[:, :500])
