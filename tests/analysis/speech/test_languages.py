"""Several languages in one clip: each stretch in its own, and no question where there is no doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.analysis.sound.voice_activity import speech_regions
from pipeline.analysis.speech.engine import Decoding, Language, Segment, SpeechEngine, Word
from pipeline.analysis.speech.languages import Piece, languages_of, recognise_by_language
from pipeline.analysis.speech.word_times import Stretch
from pipeline.media import audio, ffmpeg
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.demo_clips.make_clips import CLIPS_FOLDER

CODES = {0.1: "en", 0.2: "de", 0.3: "fr"}  # the level of a made sound is its language
SENTENCES = {"en": "this is what they said to us", "de": "das ist es was sie uns gesagt haben"}


@dataclass
class FakeEngine:
    """Hears the language by the level; writes a word each half second, improbable ones in a wrong language."""

    wrong: float = 0.3  # probability of words in a wrong language
    asked: int = 0  # windows whose language was asked after the first
    decoding: Decoding = field(default_factory=Decoding)

    def language_probabilities(self, waveforms: Sequence[Waveform]) -> list[dict[str, float]]:
        self.asked += len(waveforms)
        return [self._shares(waveform) for waveform in waveforms]

    def detect_languages(self, waveforms: Sequence[Waveform]) -> list[Language]:
        return [
            Language(*max(found.items(), key=lambda one: one[1])) for found in self.language_probabilities(waveforms)
        ]

    def transcribe(self, waveforms: Sequence[Waveform], languages: Sequence[str]) -> list[list[Segment]]:
        return [self._segments(*both) for both in zip(waveforms, languages, strict=True)]

    def _shares(self, waveform: Waveform) -> dict[str, float]:
        levels = np.round(waveform[waveform > 0], 1)
        return {code: float(np.mean(levels == np.float32(level))) for level, code in CODES.items()}

    def _segments(self, waveform: Waveform, language: str) -> list[Segment]:
        found = []
        for start in np.arange(0.0, waveform.size / SAMPLE_RATE, 0.5):
            sound = waveform[round(start * SAMPLE_RATE) : round((start + 0.5) * SAMPLE_RATE)]
            if sound.max(initial=0.0) > 0:
                own = max(self._shares(sound).items(), key=lambda one: one[1])[0]
                probability = 0.9 if own == language else self.wrong
                text = SENTENCES.get(own, own)
                word = Word(text, float(start), float(start) + 0.5, probability)
                found.append(Segment(text, word.start_s, word.end_s, (word,), -0.2, 0.1, 1.0, 0.0))
        return found


def clip(*turns: tuple[float, float]) -> tuple[Waveform, list[Stretch]]:
    """A clip whose turns have a level and a length in s, with half a second between them, and its regions."""
    parts, regions, now = [], [], 0.0
    for level, seconds in turns:
        parts += [np.full(round(seconds * SAMPLE_RATE), level, np.float32), np.zeros(SAMPLE_RATE // 2, np.float32)]
        regions.append((now, now + seconds))
        now += seconds + 0.5
    return np.concatenate(parts), regions


def heard_languages(engine: SpeechEngine, sound: tuple[Waveform, list[Stretch]]) -> list[str]:
    """The language of each region, as the segments in it have it."""
    [(_, heard)] = recognise_by_language(engine, [sound])
    return [
        next(one.language.code for one in heard if start <= (one.segment.start_s + one.segment.end_s) / 2 <= end)
        for start, end in sound[1]
    ]


@pytest.mark.parametrize(
    ("levels", "codes", "main"),
    [
        ([(0.1, 20), (0.2, 5)], ["en", "de"], "en"),
        ([(0.2, 4), (0.1, 4.5)], ["de", "en"], "en"),
        ([(0.2, 6), (0.1, 9), (0.2, 6)], ["de", "en", "de"], "de"),
        ([(0.1, 29), (0.2, 28)], ["en", "de"], "en"),
        ([(0.1, 6), (0.2, 6), (0.3, 7)], ["en", "de", "fr"], "fr"),
    ],
)
def test_each_stretch_is_decoded_in_its_own_language(
    levels: list[tuple[float, float]], codes: list[str], main: str
) -> None:
    sound = clip(*levels)
    assert heard_languages(FakeEngine(), sound) == codes
    [(language, heard)] = recognise_by_language(FakeEngine(), [sound])
    assert (language.code, language.probability) == (main, 1.0)
    assert all(one.segment.words[0].probability == 0.9 for one in heard)
    starts = [one.segment.start_s for one in heard]
    assert starts == sorted(starts)


def test_a_change_inside_a_region_is_found() -> None:
    waveform = np.concatenate([np.full(9 * SAMPLE_RATE, 0.1, np.float32), np.full(9 * SAMPLE_RATE, 0.2, np.float32)])
    [(_, heard)] = recognise_by_language(FakeEngine(), [(waveform, [(0.0, 18.0)])])
    wrong = [one for one in heard if one.segment.words[0].probability < 0.9]
    assert len(wrong) * 0.5 <= 2.5, "within half a piece"


def test_a_clip_without_doubt_is_asked_once() -> None:
    engine = FakeEngine()
    assert heard_languages(engine, clip((0.1, 20), (0.1, 20))) == ["en", "en"]
    assert engine.asked == 1


@pytest.mark.parametrize("level", [0.1, 0.3])
def test_a_name_in_another_language_changes_nothing(level: float) -> None:
    assert heard_languages(FakeEngine(), clip((0.2, 12), (level, 1.0), (0.2, 9))) == ["de", "de", "de"]


def test_a_text_in_another_language_than_it_is_named_raises_doubt() -> None:
    """Whisper goes on in the language that it hears, with probable words: the text is right, its language is not."""
    engine = FakeEngine(wrong=0.9)
    assert heard_languages(engine, clip((0.1, 25), (0.2, 4))) == ["en", "de"]


def test_what_is_no_better_in_the_other_language_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, said = FakeEngine(), FakeEngine._segments
    monkeypatch.setattr(engine, "_segments", lambda sound, language: said(engine, sound, "en"))
    [(language, heard)] = recognise_by_language(engine, [clip((0.1, 20), (0.2, 5))])
    assert language.code == "en"
    monkeypatch.setattr(
        engine, "_segments", lambda sound, language: said(engine, sound, "en") if sound.size > 22 * SAMPLE_RATE else []
    )
    [(language, heard)] = recognise_by_language(engine, [clip((0.1, 20), (0.2, 5))])
    assert {one.language.code for one in heard} == {"en"}


def test_a_language_that_is_given_holds_for_everything() -> None:
    engine = FakeEngine()
    [(language, heard)] = recognise_by_language(engine, [clip((0.1, 20), (0.2, 5))], Language("fr", None))
    assert {language.code, *(one.language.code for one in heard)} == {"fr"}
    assert engine.asked == 0


def test_clips_are_recognised_together_and_each_keeps_its_own() -> None:
    clips = [clip((0.1, 20), (0.2, 5)), clip((0.3, 8)), clip((0.2, 6), (0.1, 9))]
    together = recognise_by_language(FakeEngine(), clips)
    assert together == [recognise_by_language(FakeEngine(), [one])[0] for one in clips]
    assert [language.code for language, _ in together] == ["en", "fr", "en"]


@given(st.lists(st.tuples(st.sampled_from(["en", "de", "fr"]), st.floats(4.0, 10.0)), min_size=1, max_size=6))
def test_clear_stretches_have_their_languages(turns: list[tuple[str, float]]) -> None:
    pieces = [Piece(10.0 * place, 10.0 * place + seconds, {code: 0.95}) for place, (code, seconds) in enumerate(turns)]
    assert languages_of(pieces, "en") == [code for code, _ in turns]


@given(st.lists(st.floats(0.2, 1.4), min_size=1, max_size=5), st.sampled_from(["de", "fr"]))
def test_short_pieces_apart_change_nothing(lengths: list[float], other: str) -> None:
    pieces = []
    for place, seconds in enumerate(lengths):
        pieces += [
            Piece(10.0 * place, 10.0 * place + 4, {"en": 0.9, other: 0.1}),
            Piece(10.0 * place + 5, 10.0 * place + 5 + seconds, {other: 0.99, "en": 0.01}),
        ]
    pieces.append(Piece(100.0, 104.0, {"en": 0.9, other: 0.1}))
    assert set(languages_of(pieces, "en")) == {"en"}


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("pause_s", [0.4, 1.5])
def test_french_after_english_and_spanish_before_it_come_out_whole(
    whisper: SpeechEngine, tmp_path: Path, pause_s: float
) -> None:
    sounds = {}
    for name in ("english_clear", "french", "spanish"):
        ffmpeg.decode(CLIPS_FOLDER / f"{name}.mp4", tmp_path / f"{name}.wav", 60.0)
        sounds[name] = audio.read_audio(tmp_path / f"{name}.wav")
    pause = np.zeros(round(pause_s * SAMPLE_RATE), np.float32)
    for first, second, codes in (("english_clear", "french", ["en", "fr"]), ("spanish", "english_clear", ["es", "en"])):
        parts = [sounds[first][: 12 * SAMPLE_RATE], pause, sounds[second][: 7 * SAMPLE_RATE]]
        waveform = np.concatenate(parts)
        [(_, heard)] = recognise_by_language(whisper, [(waveform, speech_regions(waveform))])
        assert list(dict.fromkeys(one.language.code for one in heard)) == codes
