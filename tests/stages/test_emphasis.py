"""Stage `emphasis`: the louder, higher, longer word stands out, and what is not known is None with its reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import StageError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Clip, Source, SpeechRegionRow, WordEmphasisRow, WordRow
from pipeline.research.evidence.synthetic import white_noise
from pipeline.stage import Setting
from pipeline.stages.emphasis import Emphasis, EmphasisOptions
from tests.conftest import write_wav

Said = Sequence[tuple[str, Waveform, int]]  # word, its sound, its segment
MakeClip = Callable[[Said], Clip]


def voice(hertz: float = 150.0, seconds: float = 0.3, level: float = 0.05) -> Waveform:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    fade = np.minimum(1.0, np.minimum(time, seconds - time) / 0.02)
    return (level * fade * sum(np.sin(2 * np.pi * n * hertz * time) / n for n in range(1, 12))).astype(np.float32)


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    def make(said: Said) -> Clip:
        gap = np.zeros(round(0.05 * SAMPLE_RATE), np.float32)
        words, pieces, start = [], [gap], gap.size
        for number, (word, sound, segment) in enumerate(said):
            end = start + sound.size
            words.append(WordRow("c", number, segment, word, start / SAMPLE_RATE, end / SAMPLE_RATE, 0.9))
            pieces += [sound, gap]
            start = end + gap.size
        path = write_wav(tmp_path / "a.wav", np.concatenate(pieces))
        return Clip("c", Source("file", "c", ""), None, path, stored={"words": words})

    return make


def measured(clip: Clip) -> list[WordEmphasisRow]:
    (result,) = Emphasis(EmphasisOptions(), Setting())([clip])
    assert not isinstance(result, StageError)
    rows = [row for row in result if isinstance(row, WordEmphasisRow)]
    assert len(rows) == len(result)
    for row in rows:
        for value in dataclasses.astuple(row):
            assert not isinstance(value, np.generic)
            assert not isinstance(value, float) or np.isfinite(value)
        assert (row.f0_peak_semitones is None) == (row.reason is not None)
    return rows


PLAIN = ("gato", voice(), 0)


@pytest.mark.parametrize(
    ("sound", "measure"),
    [
        (voice(level=0.2), "intensity_peak_db"),
        (voice(hertz=200.0), "f0_peak_semitones"),
        (voice(seconds=0.6), "duration_z"),
    ],
    ids=["louder", "higher", "longer"],
)
def test_the_word_that_differs_stands_out(make_clip: MakeClip, sound: Waveform, measure: str) -> None:
    rows = measured(make_clip([PLAIN, PLAIN, ("gato", sound, 0), PLAIN, PLAIN, PLAIN]))
    assert [row.is_strongest for row in rows] == [False, False, True, False, False, False]
    values = [getattr(row, measure) for row in rows]
    assert max(values) == values[2]
    assert rows[2].emphasis == max(row.emphasis or 0.0 for row in rows)


def test_decibels_and_semitones_are_relative_to_the_words_of_the_clip(make_clip: MakeClip) -> None:
    said = [PLAIN] * 5 + [("gato", voice(level=0.1), 0), ("gato", voice(hertz=150 * 2 ** (4 / 12)), 0)]
    rows = measured(make_clip(said))
    assert (rows[5].intensity_peak_db or 0) - (rows[0].intensity_peak_db or 0) == pytest.approx(6.02, abs=0.2)
    assert rows[0].f0_peak_semitones == pytest.approx(0.0, abs=0.2)
    assert rows[6].f0_peak_semitones == pytest.approx(4.0, abs=0.3)


def test_a_long_word_of_many_letters_is_not_emphasised_for_that(make_clip: MakeClip) -> None:
    words = ["a", "of", "cat", "door", "house", "longer", "morning", "elephant"]
    rows = measured(make_clip([(word, voice(seconds=0.1 * len(word)), 0) for word in words]))
    assert max(abs(row.duration_z or 0) for row in rows) < 3
    drawn = measured(
        make_clip([(word, voice(seconds=(0.3 if word == "of" else 0.1) * len(word)), 0) for word in words])
    )
    assert drawn[1].duration_z == max(row.duration_z or 0 for row in drawn)


def test_each_segment_has_its_own_strongest_word(make_clip: MakeClip) -> None:
    loud = voice(level=0.2)
    said = [PLAIN, ("gato", loud, 0), PLAIN, ("gato", voice(level=0.1), 1), ("gato", voice(), 1), ("gato", loud, 2)]
    rows = measured(make_clip(said))
    assert [row.is_strongest for row in rows] == [False, True, False, True, False, None], "one word has no rival"


def test_a_hiss_and_silence_have_no_pitch(make_clip: MakeClip) -> None:
    hiss, silence = white_noise(0.3, 0).astype(np.float32), np.zeros(4_800, np.float32)
    rows = measured(make_clip([PLAIN] * 5 + [("psst", hiss, 0), ("hm", silence, 0)]))
    assert [row.reason for row in rows[5:]] == ["unvoiced", "too_quiet"]
    assert rows[5].emphasis is not None, "loudness and length are known"
    assert (rows[6].intensity_peak_db, rows[6].emphasis, rows[6].is_strongest) == (None, None, None)


def test_a_word_without_time_or_letters_has_no_place(make_clip: MakeClip) -> None:
    clip = make_clip([PLAIN] * 6)
    words = list(clip.rows(WordRow))
    words[2] = dataclasses.replace(words[2], end_s=words[2].start_s)
    words[3] = dataclasses.replace(words[3], word="…")
    rows = measured(dataclasses.replace(clip, stored={"words": words}))
    assert (rows[2].reason, rows[2].emphasis, rows[2].duration_z) == ("too_short", None, None)
    assert (rows[3].reason, rows[3].duration_z, rows[3].emphasis) == (None, None, None)


def test_few_words_give_nothing_to_stand_out_from(make_clip: MakeClip) -> None:
    rows = measured(make_clip([PLAIN, ("gato", voice(level=0.2), 0)]))
    assert [(row.emphasis, row.duration_z, row.is_strongest) for row in rows] == [(None, None, None)] * 2
    assert rows[1].intensity_peak_db is not None


def test_a_clip_too_short_for_praat_and_one_without_words(make_clip: MakeClip, tmp_path: Path) -> None:
    short = Clip(
        "c", Source("file", "c", ""), None, write_wav(tmp_path / "s.wav", np.ones(800) * 0.1),
        stored={"words": [WordRow("c", 0, 0, "a", 0.0, 0.05, 0.9)]},
    )  # fmt: skip
    (row,) = measured(short)
    assert (row.reason, row.intensity_peak_db, row.emphasis) == ("too_short", None, None)
    assert measured(make_clip([])) == []


def test_the_same_clip_gives_the_same_rows(make_clip: MakeClip) -> None:
    clip = make_clip([PLAIN] * 6)
    assert measured(clip) == measured(clip)


def test_where_it_is_not_measured_no_word_has_a_row_and_no_audio_is_needed(make_clip: MakeClip) -> None:
    none = EmphasisOptions(measure=False)
    clip = dataclasses.replace(make_clip([PLAIN]), audio_path=Path("gone.wav"))
    assert Emphasis(none, Setting())([clip]) == [[]]
    assert (Emphasis.reads_audio(none), Emphasis.reads_audio(EmphasisOptions())) == (False, True)


def test_words_under_music_have_no_pitch_and_the_others_keep_theirs(make_clip: MakeClip) -> None:
    clip = make_clip([*[PLAIN] * 4, *[("gato", voice(hertz=300.0), 0)] * 4])
    words = clip.rows(WordRow)
    middle = (words[3].end_s + words[4].start_s) / 2
    plain = {"level_dbfs": -20.0, "speech_score": 0.1, "music_score": 0.0, "snr_db": 30.0}
    clear = SpeechRegionRow("c", 0, 0.0, middle, **plain)
    covered = SpeechRegionRow("c", 1, middle, 10.0, **(plain | {"music_score": 0.9}))
    placed = [dataclasses.replace(word, region=int(word.word_index >= 4)) for word in words]
    clip = dataclasses.replace(clip, stored={"words": placed, "speech_regions": [clear, covered]})
    rows = measured(clip)
    assert [row.reason for row in rows] == [None] * 4 + ["music_over_voice"] * 4
    assert [row.f0_peak_semitones for row in rows[:4]] == pytest.approx([0.0] * 4, abs=0.2)
    assert all(row.emphasis is not None for row in rows), "loudness and length are known"
    (result,) = Emphasis(EmphasisOptions(doubtful_pitch=True), Setting())([clip])
    assert not isinstance(result, StageError)
    assert {row.reason for row in result if isinstance(row, WordEmphasisRow)} == {None}
