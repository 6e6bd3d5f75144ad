"""Signal-to-noise ratio of a stretch of speech from the distribution of its amplitudes alone: WADA."""

from __future__ import annotations

import numpy as np

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds

SHORTEST_S: Seconds = 0.3  # less gives no steady distribution
OFFSET_SHARE = 0.02  # of the mean amplitude: a smaller offset is chance
STEP = 1 / 32_768  # of a 16-bit sample
#: ln(mean |x|) - mean(ln |x|) of Gamma-distributed speech (shape 0.4) in Gaussian noise, drawn once from two million
#: samples at each ratio; noise alone has 0.409.
STATISTIC = (0.412, 0.424, 0.462, 0.544, 0.668, 0.813, 0.957, 1.086, 1.195, 1.286, 1.359)
SNRS_DB: tuple[Decibels, ...] = (-10, -5, 0, 5, 10, 15, 20, 25, 30, 35, 40)


def wada_snr_db(waveform: Waveform) -> Decibels | None:
    """Signal to noise of speech of shape `(time,)`, cut at -10 and 40 dB.

    Waveform Amplitude Distribution Analysis (Kim and Stern 2008): amplitudes of speech are Gamma-distributed with a
    shape of 0.4, those of noise are Gaussian, and so nearly are those of a crowd or a chord. It needs no stretch
    without speech; it misses noise in bursts, such as drums. Exact zeros say nothing of noise and do not count. An
    offset (DC) is inaudible, and amplitudes count from it. None where less than 0.3 s is left.
    """
    heard = waveform[waveform != 0].astype(np.float64)
    offset = heard.mean() if heard.size else 0.0
    amplitudes = np.abs(heard)
    if heard.size and abs(offset) > OFFSET_SHARE * amplitudes.mean():
        amplitudes = np.abs(heard - offset)
        amplitudes = amplitudes[amplitudes > STEP / 4]  # those that rounding has put at the offset itself
    if amplitudes.size < round(SHORTEST_S * SAMPLE_RATE):
        return None
    statistic = np.log(amplitudes.mean()) - np.log(amplitudes).mean()
    return float(np.interp(statistic, STATISTIC, SNRS_DB))
