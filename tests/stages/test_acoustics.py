"""Stage `acoustics`: one row a region, measured or NULL with a reason, never NaN."""

from __future__ import annotations

import dataclasses
import importlib.util
import wave
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.analysis.sound import egemaps
from pipeline.errors import StageError, UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import AcousticsRow, Clip, OpenSmileRow, Source, SpectralRow, SpeechRegionRow
from pipeline.research.evidence.synthetic import white_noise
from pipeline.stage import Setting, plan_stage
from pipeline.stages.acoustics import Acoustics, AcousticsOptions

Regions = list[tuple[float, float]]
MakeClip = Callable[[Waveform, Regions], Clip]
KEYS = ("clip_id", "region", "reason")
VALUES = tuple(field.name for field in dataclasses.fields(AcousticsRow) if field.name not in KEYS)
SPECTRAL = tuple(field.name for field in dataclasses.fields(SpectralRow) if field.name not in KEYS)
VOICE = (
    "f0_median_hz", "f0_p10_hz", "f0_p90_hz", "f0_sd_semitones", "f0_range_semitones", "jitter_local", "shimmer_local",
    "hnr_db", "syllable_rate_hz", "articulation_rate_hz", "f0_p20_hz", "f0_p80_hz", "f0_rising_semitones_per_s",
    "f0_falling_semitones_per_s", "hf500_db", "voiced_mean_s",
)  # fmt: skip


@pytest.fixture
def make_clip(tmp_path: Path) -> MakeClip:
    def make(waveform: Waveform, regions: Regions) -> Clip:
        path = tmp_path / "audio.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes((np.clip(waveform, -1, 1) * 32767).astype("<i2").tobytes())
        rows = [SpeechRegionRow("file:a.mp4", n, a, b, None, None, None) for n, (a, b) in enumerate(regions)]
        return Clip("file:a.mp4", Source("file", "/a.mp4", ""), None, path, stored={SpeechRegionRow.table: rows})

    return make


@pytest.fixture(scope="module")
def stage() -> Acoustics:
    return Acoustics(AcousticsOptions(), Setting())


def measured(stage: Acoustics, clip: Clip) -> list[AcousticsRow]:
    return [row for row in both(stage, clip) if isinstance(row, AcousticsRow)]


def spectral(stage: Acoustics, clip: Clip) -> list[SpectralRow]:
    return [row for row in both(stage, clip) if isinstance(row, SpectralRow)]


def both(stage: Acoustics, clip: Clip) -> list[AcousticsRow | SpectralRow]:
    (result,) = stage([clip])
    assert not isinstance(result, StageError)
    rows = [row for row in result if isinstance(row, AcousticsRow | SpectralRow)]
    assert len(rows) == len(result)
    for row in rows:
        for name in VALUES if isinstance(row, AcousticsRow) else SPECTRAL:
            value = getattr(row, name)
            for number in value if isinstance(value, tuple) else (value,):
                assert number is None or np.isfinite(number), name
                assert not isinstance(number, np.generic), f"{name} holds Python's own numbers"
    return rows


def voice(hertz: float, seconds: float) -> Waveform:
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.2 * sum(np.sin(2 * np.pi * n * hertz * time) / n for n in range(1, 12))).astype(np.float32)


def test_each_region_is_measured_by_itself(stage: Acoustics, make_clip: MakeClip) -> None:
    clip = make_clip(np.concatenate([voice(120.0, 2.0), voice(220.0, 2.0)]), [(0.0, 2.0), (2.0, 4.0)])
    low, high = measured(stage, clip)
    assert (low.region, high.region) == (0, 1)
    assert low.f0_median_hz == pytest.approx(120.0, abs=1.0)
    assert high.f0_median_hz == pytest.approx(220.0, abs=1.0)
    assert (low.reason, high.reason) == (None, None)
    assert low.voiced_share == pytest.approx(1.0, abs=0.05)
    assert (low.pause_count, low.pause_share) == (0, 0.0)


def test_rates_are_per_second_with_and_without_pauses(stage: Acoustics, make_clip: MakeClip) -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    syllables = voice(150.0, 2.0) * (0.02 + np.sin(np.pi * 4 * time) ** 2).astype(np.float32)  # eight
    pause = np.zeros(SAMPLE_RATE, np.float32)
    edge = pause[: SAMPLE_RATE // 10]
    clip = make_clip(np.concatenate([edge, syllables, pause, syllables, edge]), [(0.0, 5.2)])
    (row,) = measured(stage, clip)
    assert row.pause_count == 1
    assert row.pause_share == pytest.approx(1.0 / 5.2, abs=0.04)
    assert row.syllable_rate_hz == pytest.approx(16 / 5.2, abs=0.01)
    assert row.articulation_rate_hz == pytest.approx(16 / 4.2, abs=0.25)


def test_pauses_have_their_mean_and_longest(stage: Acoustics, make_clip: MakeClip) -> None:
    parts = [voice(150.0, 0.8), np.zeros(round(0.5 * SAMPLE_RATE), np.float32)]
    longer = np.zeros(SAMPLE_RATE, np.float32)
    (row,) = measured(stage, make_clip(np.concatenate([*parts, parts[0], longer, parts[0]]), [(0.0, 3.9)]))
    assert row.pause_count == 2
    assert row.pause_max_s == pytest.approx(1.0, abs=0.1)
    assert row.pause_mean_s == pytest.approx(0.75, abs=0.1)
    (steady,) = measured(stage, make_clip(voice(150.0, 1.0), [(0.0, 1.0)]))
    assert (steady.pause_count, steady.pause_mean_s, steady.pause_max_s) == (0, None, None), "no pause has no length"


def test_each_region_has_its_spectrum(stage: Acoustics, make_clip: MakeClip) -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    dull = (0.3 * sum(np.sin(2 * np.pi * n * 150 * time) / n**3 for n in range(1, 12))).astype(np.float32)
    clip = make_clip(
        np.concatenate([dull, voice(150.0, 2.0), white_noise(2.0, 0)]), [(0, 2), (2, 4), (4, 6), (6, 6.05)]
    )
    low, high, hiss, short = spectral(stage, clip)
    assert [row.region for row in (low, high, hiss, short)] == [0, 1, 2, 3]
    assert low.alpha_ratio_db is not None
    assert high.alpha_ratio_db is not None
    assert high.alpha_ratio_db > low.alpha_ratio_db + 6
    assert (hiss.reason, short.reason) == ("unvoiced", "too_short")
    assert all(getattr(row, name) is None for row in (hiss, short) for name in SPECTRAL)
    assert all(getattr(high, name) is not None for name in SPECTRAL)


def test_formants_and_mfcc_can_be_left_out_and_all_else_stays(stage: Acoustics, make_clip: MakeClip) -> None:
    clip = make_clip(voice(120.0, 2.0), [(0.0, 2.0)])
    less = Acoustics(AcousticsOptions(formants=False, mfcc=False), Setting())
    left_out = {"mfcc_mean", "mfcc_sd", *(f"f{n}{of}_hz" for n in (1, 2, 3) for of in ("", "_bandwidth"))}
    for full, short in zip(both(stage, clip), both(less, clip), strict=True):
        for name in VALUES if isinstance(full, AcousticsRow) else SPECTRAL:
            assert getattr(short, name) == (None if name in left_out else getattr(full, name)), name
            assert name not in left_out or getattr(full, name) is not None


def test_a_clip_without_speech_has_no_row(stage: Acoustics, make_clip: MakeClip) -> None:
    assert both(stage, make_clip(white_noise(2.0, 0), [])) == []


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.12])
def test_a_region_too_short_for_praat_is_null_with_its_reason(
    stage: Acoustics, make_clip: MakeClip, seconds: float
) -> None:
    (row,) = measured(stage, make_clip(voice(200.0, 1.0), [(0.5, 0.5 + seconds)]))
    assert row.reason == "too_short"
    assert all(getattr(row, name) is None for name in VALUES)


def test_a_region_of_a_third_of_a_second_is_measured(stage: Acoustics, make_clip: MakeClip) -> None:
    (row,) = measured(stage, make_clip(voice(200.0, 0.3), [(0.0, 0.3)]))
    assert row.reason is None
    assert row.f0_median_hz == pytest.approx(200.0, abs=1.0)


def test_a_whisper_has_no_pitch_but_a_level_and_a_timbre(stage: Acoustics, make_clip: MakeClip) -> None:
    (row,) = measured(stage, make_clip(white_noise(2.0, 0), [(0.0, 2.0)]))
    assert row.reason == "unvoiced"
    assert all(getattr(row, name) is None for name in VOICE)
    assert row.voiced_share == 0.0
    assert row.intensity_mean_db is not None
    assert row.mfcc_mean is not None
    assert row.mfcc_sd is not None
    assert len(row.mfcc_mean) == len(row.mfcc_sd) == 12


def test_digital_silence_has_no_value_at_all(stage: Acoustics, make_clip: MakeClip) -> None:
    (row,) = measured(stage, make_clip(np.zeros(2 * SAMPLE_RATE, np.float32), [(0.0, 2.0)]))
    assert row.reason == "unvoiced"
    assert all(getattr(row, name) is None for name in VALUES)


def test_the_same_clip_gives_the_same_rows(stage: Acoustics, make_clip: MakeClip) -> None:
    clip = make_clip(voice(140.0, 3.0) + 0.1 * white_noise(3.0, 0), [(0.0, 1.5), (1.5, 3.0)])
    assert stage([clip]) == stage([clip])


def test_a_narrower_range_hides_a_high_voice(make_clip: MakeClip) -> None:
    clip = make_clip(voice(500.0, 1.0), [(0.0, 1.0)])
    (wide,) = measured(Acoustics(AcousticsOptions(), Setting()), clip)
    (narrow,) = measured(Acoustics(AcousticsOptions(pitch_ceiling_hz=300.0), Setting()), clip)
    assert wide.f0_median_hz == pytest.approx(500.0, abs=1.5)
    assert narrow.f0_median_hz is None or narrow.f0_median_hz <= 300.0


def test_a_ceiling_below_an_octave_is_refused() -> None:
    with pytest.raises(ValidationError, match="octave"):
        AcousticsOptions(pitch_floor_hz=150.0, pitch_ceiling_hz=250.0)


@pytest.mark.skipif(importlib.util.find_spec("opensmile") is None, reason="openSMILE is not installed")
def test_opensmile_gives_a_row_a_region_with_features_or_a_reason(make_clip: MakeClip) -> None:
    sound = np.concatenate([voice(120.0, 1.0), voice(240.0, 1.0), np.zeros(SAMPLE_RATE, np.float32)])
    clip = make_clip(sound, [(0.0, 1.0), (1.0, 2.0), (1.98, 2.0), (2.0, 3.0), (3.0, 3.5)])
    (result,) = Acoustics(AcousticsOptions(opensmile="eGeMAPSv02"), Setting())([clip])
    assert not isinstance(result, StageError)
    rows = [row for row in result if isinstance(row, OpenSmileRow)]
    assert len(result) == 3 * len(rows), "Praat's two tables are as they were"
    assert [(row.region, row.feature_set, row.reason) for row in rows] == [
        (0, "eGeMAPSv02", None),
        (1, "eGeMAPSv02", None),
        (2, "eGeMAPSv02", "too_short"),
        (3, "eGeMAPSv02", "too_quiet"),
        (4, "eGeMAPSv02", "too_short"),  # the audio ends before it
    ]
    assert [row.features is None for row in rows] == [False, False, True, True, True]
    low, high = (row.features["F0semitoneFrom27.5Hz_sma3nz_amean"] for row in rows[:2] if row.features)
    assert high - low == pytest.approx(12.0, abs=0.2)


def test_without_opensmile_the_run_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(egemaps, "version", gone)
    wanted = AcousticsOptions(opensmile="eGeMAPSv02")
    with pytest.raises(UserError, match="needs openSMILE, which is not installed"):
        plan_stage(Acoustics, wanted, Setting(), {}, {"audio": "", "evidence": ""})
    assert set(Acoustics.libraries(AcousticsOptions(), Setting())) == {"praat-parselmouth"}, "nobody else needs it"


def test_the_version_of_opensmile_counts_where_it_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egemaps, "version", lambda name: "2.6.0")
    assert Acoustics.libraries(AcousticsOptions(opensmile="eGeMAPSv02"), Setting())["opensmile"] == "2.6.0"
    description = AcousticsOptions.model_fields["opensmile"].description or ""
    assert "forbids commercial use" in description


def test_a_voice_under_music_or_noise_has_its_level_and_no_pitch(make_clip: MakeClip) -> None:
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    hum = (0.1 * sum(np.sin(2 * np.pi * n * 140 * time) / n for n in range(1, 9))).astype(np.float32)
    clip = make_clip(hum, [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)])
    clear, sung, noisy = clip.rows(SpeechRegionRow)
    covered = [
        clear,
        dataclasses.replace(sung, music_score=0.9, speech_score=0.1, snr_db=30.0),
        dataclasses.replace(noisy, snr_db=-3.0),
    ]
    clip = dataclasses.replace(clip, stored={SpeechRegionRow.table: covered})
    stage = Acoustics(AcousticsOptions(), Setting())
    assert [row.reason for row in measured(stage, clip)] == [None, "music_over_voice", "low_snr"]
    assert [row.reason for row in spectral(stage, clip)] == [None, "music_over_voice", "low_snr"]
    for row in measured(stage, clip)[1:]:
        assert {getattr(row, name) for name in VOICE} == {None}
        assert row.intensity_mean_db is not None
        assert row.mfcc_mean is not None
    all_the_same = Acoustics(AcousticsOptions(doubtful_pitch=True), Setting())
    assert [row.reason for row in measured(all_the_same, clip)] == [None, None, None]
