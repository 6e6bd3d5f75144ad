"""Both speech engines on the demo's own speech: the same words, the same language, one encoding a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.speech.ctranslate2_engine import CTranslate2Engine
from pipeline.analysis.speech.engine import Segment, SpeechEngine
from pipeline.analysis.speech.openai_engine import OpenAIEngine
from pipeline.media import audio, ffmpeg
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.engine_parity import word_error_rate
from tests.support.paths import DEMO_CLIPS

pytestmark = pytest.mark.model

CLIPS = DEMO_CLIPS


@pytest.fixture(params=["whisper", "reference_whisper"])
def engine(request: pytest.FixtureRequest) -> SpeechEngine:
    built: SpeechEngine = request.getfixturevalue(request.param)
    return built


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Waveform]:
    folder = tmp_path_factory.mktemp("audio")

    def decoded(name: str) -> Waveform:
        ffmpeg.decode(CLIPS / f"{name}.mp4", folder / f"{name}.wav", 60.0)
        return audio.read_audio(folder / f"{name}.wav")

    return decoded


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every window that faster-whisper encodes from now on."""
    from faster_whisper import WhisperModel

    encoded: list[Any] = []
    encode = WhisperModel.encode
    monkeypatch.setattr(
        WhisperModel, "encode", lambda self, features: encoded.append(features) or encode(self, features)
    )
    return encoded


def heard(engine: SpeechEngine, waveform: Waveform, language: str = "en") -> list[Segment]:
    (segments,) = engine.transcribe([waveform], [language])
    return segments


def spoken(engine: SpeechEngine, waveform: Waveform, language: str = "en") -> str:
    return " ".join(segment.text for segment in heard(engine, waveform, language))


@pytest.mark.slow
def test_segments_and_words_have_ordered_times_and_confidences(engine: SpeechEngine, demo: Any) -> None:
    waveform = demo("english_slow")
    segments = heard(engine, waveform)
    assert segments
    words = [word for segment in segments for word in segment.words]
    assert len(words) > 10
    starts = [word.start_s for word in words]
    assert starts == sorted(starts)
    for segment in segments:
        assert 0 <= segment.start_s < segment.end_s <= waveform.size / SAMPLE_RATE + 0.1
        assert segment.text.split() == [part for word in segment.words for part in word.text.split()]
        assert segment.temperature == 0.0
        assert -1.0 < segment.avg_logprob < 0.0
        assert 0 <= segment.no_speech_prob < 0.6
        assert 0 < segment.compression_ratio < 2.4
    for word in words:
        assert word.start_s <= word.end_s
        assert 0 < word.probability <= 1
        assert word.text == word.text.strip() != ""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("english_quick", "en"), ("spanish", "es"), ("french", "fr")])
def test_language(engine: SpeechEngine, demo: Any, name: str, code: str) -> None:
    (language,) = engine.detect_languages([demo(name)])
    assert language.code == code
    assert language.probability is not None
    assert 0.8 < language.probability <= 1


@pytest.mark.slow
def test_both_engines_hear_the_same_words(reference_whisper: OpenAIEngine, demo: Any) -> None:
    waveform = demo("english_quick")
    assert spoken(CTranslate2Engine(compute_type="float32"), waveform) == spoken(reference_whisper, waveform)


@pytest.mark.slow
def test_int8_stays_close_to_the_reference(
    whisper: CTranslate2Engine, reference_whisper: OpenAIEngine, demo: Any
) -> None:
    """Over all demo clips 0.6 % of the words differed when this was written."""
    waveforms = [demo(name) for name in ("english_clear", "english_quick", "english_slow")]
    error_rate = word_error_rate(
        [spoken(reference_whisper, waveform) for waveform in waveforms],
        [spoken(whisper, waveform) for waveform in waveforms],
    )
    assert error_rate is not None
    assert error_rate <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize(("start_s", "end_s"), [(3.0, 3.3), (0.0, 8.0)])
def test_a_window_is_encoded_once_for_language_and_text(
    demo: Any, monkeypatch: pytest.MonkeyPatch, start_s: float, end_s: float
) -> None:
    engine = CTranslate2Engine()
    encoded = counted(monkeypatch)
    waveform = demo("english_quick")[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)]
    (language,) = engine.detect_languages([waveform])
    again = heard(engine, waveform, language.code)
    assert len(encoded) == 1
    assert heard(CTranslate2Engine(), waveform, language.code) == again  # the remembered encoding gives the same text


@pytest.mark.slow
def test_a_remembered_window_is_never_used_for_other_speech(demo: Any) -> None:
    engine, waveform = CTranslate2Engine(), demo("english_quick")
    engine.detect_languages([demo("english_slow")])
    assert heard(engine, waveform) == heard(CTranslate2Engine(), waveform)


@pytest.mark.slow
def test_speech_longer_than_a_window_is_all_there_and_its_first_window_encoded_once(
    demo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = CTranslate2Engine()
    encoded = counted(monkeypatch)
    once = demo("english_quick")
    copies = int(np.ceil(40 * SAMPLE_RATE / once.size))
    waveform = np.tile(once, copies)
    engine.detect_languages([waveform])
    words = [word.text.lower() for segment in heard(engine, waveform) for word in segment.words]
    single = [word.text.lower() for segment in heard(engine, once) for word in segment.words]
    assert len(words) >= 0.9 * copies * len(single)
    firsts = [features for features in encoded if np.array_equal(features, encoded[0])]
    assert len(firsts) == 1


@pytest.mark.slow
def test_the_same_speech_gives_the_same_segments(whisper: CTranslate2Engine, demo: Any) -> None:
    waveform = demo("english_slow")
    assert heard(whisper, waveform) == heard(whisper, waveform)


@pytest.mark.slow
def test_texts_decoded_together_are_those_decoded_alone(whisper: CTranslate2Engine, demo: Any) -> None:
    """Windows of one length and of others, of several languages and of several windows, one of them nearly empty."""
    once = demo("english_quick")
    sounds = [once, once[: 3 * SAMPLE_RATE], demo("spanish"), demo("french"), np.tile(once, 4), once[:4_800]]
    codes = ["en", "en", "es", "fr", "en", "en"]
    assert whisper.transcribe(sounds, codes) == [heard(whisper, *sound) for sound in zip(sounds, codes, strict=True)]


@pytest.mark.slow
def test_the_steps_are_those_of_faster_whisper(demo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all of the padding, and the same padding, its own `transcribe` says the same with the same times."""
    from faster_whisper import WhisperModel

    from pipeline.analysis.speech import batch_decoding

    monkeypatch.setattr(
        batch_decoding, "padded", lambda window, encoded_s, seen_s, longest: with_zeros(window, longest)
    )
    waveform = np.tile(demo("english_quick"), 4)
    whisper = WhisperModel(str(model_cache.locate("whisper-base")), device="cpu", compute_type="int8", cpu_threads=1)
    theirs, _ = whisper.transcribe(
        waveform, language="en", temperature=0.0, condition_on_previous_text=False, word_timestamps=True
    )
    expected = [(one.text.strip(), one.start, one.end, one.avg_logprob, len(one.words)) for one in theirs]
    ours = heard(CTranslate2Engine(), waveform)
    assert [(one.text, one.start_s, one.end_s, one.avg_logprob, len(one.words)) for one in ours] == expected


def with_zeros(window: Any, longest: int) -> Any:
    return np.pad(window, ((0, 0), (0, longest - window.shape[1])))


@pytest.mark.slow
def test_a_prompt_stands_before_the_text_and_not_in_it(engine: SpeechEngine, demo: Callable[[str], Waveform]) -> None:
    [segments] = engine.transcribe([demo("english_quick")], ["en"], prompt="This is a sentence about zebras.")
    text = " ".join(segment.text for segment in segments)
    assert "Dashwood" in text
    assert "zebra" not in text.casefold()
    assert all(0.0 <= segment.no_speech_prob <= 1.0 for segment in segments)
