"""The curves of a clip: right for known sounds, None where there is nothing, bounded in size."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from pipeline.analysis.sound.praat import PitchRange
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.results.report.curves import COLUMNS, MAX_VALUES, PEAKS, ROWS, curves, peaks, spectrogram_png
from pipeline.results.report.scripts import as_script


def buzz(hertz: float, seconds: float = 1.0) -> Waveform:
    times = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.1 * sum(np.sin(2 * np.pi * hertz * k * times) / k for k in range(1, 8))).astype("f4")


def test_pitch_and_intensity_of_a_known_voice_with_a_pause() -> None:
    sound = np.concatenate([buzz(220), np.zeros(SAMPLE_RATE, "f4"), buzz(110)])
    found = curves(sound, PitchRange())
    step = found["step_s"]
    f0 = found["f0_hz"]
    assert f0[round(0.5 / step)] == pytest.approx(220, abs=2)
    assert f0[round(1.5 / step)] is None
    assert f0[round(2.5 / step)] == pytest.approx(110, abs=2)
    assert found["intensity_db"][round(0.5 / step)] > 60
    assert len(f0) == len(found["intensity_db"]) == pytest.approx(3.0 / step, abs=1)


def test_pitch_is_looked_for_where_the_study_looks() -> None:
    assert set(curves(buzz(100), PitchRange(150, 600))["f0_hz"]) != set(curves(buzz(100), PitchRange())["f0_hz"])


@pytest.mark.parametrize("samples", [1, 100, SAMPLE_RATE])
def test_silence_and_snippets_have_no_values(samples: int) -> None:
    found = curves(np.zeros(samples, "f4"), PitchRange())
    assert set(found["f0_hz"]) == {None}
    assert set(found["intensity_db"]) == {None}
    assert as_script("curves", found)


@pytest.mark.slow
def test_a_long_clip_stays_small() -> None:
    found = curves(buzz(200, 240), PitchRange())
    assert len(found["f0_hz"]) <= MAX_VALUES + 1
    assert len(found["peaks"]) == PEAKS
    assert len(json.dumps(found)) < 250_000


def test_peaks_keep_the_loudest_sample_of_each_part() -> None:
    sound = np.zeros(800, "f4")
    sound[150], sound[799] = -0.5, 0.25
    assert peaks(sound, 8) == [0, -0.5, 0, 0, 0, 0, 0, 0.25]


def test_the_spectrogram_is_dark_where_the_sound_is() -> None:
    times = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = (0.5 * np.sin(2 * np.pi * 2000 * times)).astype("f4")
    image = Image.open(io.BytesIO(spectrogram_png(tone))).convert("L")
    assert image.height == ROWS
    assert image.width <= COLUMNS
    column = np.asarray(image)[:, image.width // 2]
    assert 1 - column.argmin() / ROWS == pytest.approx(2000 / 8000, abs=0.02)
    assert column[: ROWS // 2].min() > 200, "nothing above 4 kHz"


def test_the_picture_is_a_url_without_a_network() -> None:
    url = curves(buzz(200), PitchRange())["spectrogram"]
    head, _, content = url.partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(content).startswith(b"\x89PNG")
