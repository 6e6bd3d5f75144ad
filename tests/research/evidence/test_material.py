"""The material is what it says: two halves, known ratios, and more than forty sounds without a voice in front."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform, read_audio
from pipeline.research.data import data_folder
from pipeline.research.evidence import material, synthetic
from pipeline.research.evidence.material import ACTED, READ, SNRS_DB, Sound


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two corpora, each of as many short utterances as a crowd has voices."""
    import soundfile

    for corpus in (ACTED, READ):
        (tmp_path / corpus).mkdir()
        for number in range(max(material.VOICES_IN_CROWD)):
            rng = np.random.default_rng(number)
            soundfile.write(tmp_path / corpus / f"{number:02}.flac", 0.1 * rng.standard_normal(8_000), SAMPLE_RATE)
    monkeypatch.setattr(material, "UTTERANCES", {ACTED: 4, READ: 4})
    return tmp_path


def level(waveform: Waveform) -> float:
    return 10 * float(np.log10(np.mean(np.square(waveform, dtype=np.float64))))


def test_both_halves_hear_every_kind_at_every_ratio(data: Path) -> None:
    sounds = [sound for sound, _ in material.spoken(data, ACTED)]
    by_half = {half: Counter((s.kind, s.snr_db) for s in sounds if s.half == half) for half in ("choose", "report")}
    assert by_half["choose"] == by_half["report"]
    assert {("music", ratio) for ratio in SNRS_DB} | {("noise", ratio) for ratio in SNRS_DB} <= set(by_half["report"])
    assert {s.utterance for s in sounds if s.half == "choose"}.isdisjoint(
        s.utterance for s in sounds if s.half == "report"
    )
    assert len({sound.file for sound in sounds}) == len(sounds)


def test_a_mix_has_the_ratio_that_it_names(data: Path) -> None:
    found = {(s.kind, s.snr_db): w for s, w in material.spoken(data, ACTED) if s.utterance == "00.flac"}
    rest = round(material.REST_S * SAMPLE_RATE)
    for ratio in SNRS_DB:
        mixed = found["noise", ratio]
        noise = level(mixed[:rest])
        speech = 10 * np.log10(10 ** (level(mixed[rest:-rest]) / 10) - 10 ** (noise / 10))
        assert speech - noise == pytest.approx(ratio, abs=0.7)
    assert not found["clean", None][:rest].any()
    shares = [np.mean(np.abs(found["clipped", gain][rest:-rest]) >= 1.0) for gain in material.CLIPPED_DB]
    assert shares == sorted(shares)
    assert shares[0] < 0.01 < 0.8 < shares[-1]


def test_more_than_forty_sounds_have_no_voice_in_front(data: Path) -> None:
    sounds = list(material.alone(data))
    kinds = Counter(sound.kind for sound, _ in sounds)
    assert set(kinds) == {"music", "noise", "crowd", "silence"}
    assert sum(kinds.values()) >= 40
    assert not any(sound.has_speech for sound, _ in sounds)
    assert len({sound.file for sound, _ in sounds}) == len(sounds)
    assert all(waveform.size == round(material.ALONE_S * SAMPLE_RATE) for _, waveform in sounds)


def test_a_crowd_has_no_voice_above_the_others() -> None:
    voices = [synthetic.white_noise(0.5, seed) for seed in range(10)]
    together = material.crowd(voices, 8, 0)
    assert level(together) == pytest.approx(synthetic.LEVEL_DBFS, abs=0.01)
    assert not np.array_equal(together, material.crowd(voices, 8, 1))
    assert np.array_equal(together, material.crowd(voices, 8, 0))


def test_what_is_written_can_be_read_again(tmp_path: Path) -> None:
    sound = Sound("a.wav", "choose", "", "", "silence", "hiss", None)
    waveform = np.array([0.0, 0.5, 2.0, -2.0], np.float32)
    assert material.write([(sound, waveform)], tmp_path / "new") == [sound]
    assert read_audio(tmp_path / "new" / "a.wav") == pytest.approx([0.0, 0.5, 1.0, -1.0], abs=1e-4)
    (row,) = csv.DictReader((tmp_path / "new" / "material.csv").open(encoding="utf-8"))
    assert (row["file"], row["half"], row["kind"], row["snr_db"]) == ("a.wav", "choose", "silence", "")


def test_missing_folders_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CLIPTONE_DATA", raising=False)
    with pytest.raises(UserError, match="CLIPTONE_DATA"):
        data_folder(material.ACTED, material.READ)
    monkeypatch.setitem(os.environ, "CLIPTONE_DATA", str(tmp_path))
    with pytest.raises(UserError, match="no FLAC file"):
        list(material.spoken(data_folder(material.ACTED, material.READ), ACTED))
