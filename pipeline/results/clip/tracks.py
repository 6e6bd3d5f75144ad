"""Draw the tracks of a clip along its time axis, one function a track: its sound, its words, and its tone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.analysis.sound import time_series
from pipeline.analysis.sound.praat import PitchRange
from pipeline.analysis.sound.time_series import Contour, Picture
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds
from pipeline.results.wording import SENTENCES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

INK, BLUE, PALE = "#333333", "#0072B2", "#999999"  # blue of Okabe and Ito (2008)
DRAWN_INCH = 8.7  # width of a track, right of its labels
PEAKS = 2_000  # columns of the waveform
RANGE_DB: Decibels = 70.0  # from the loudest to the faintest shade, as Praat draws it by default
LEVELS_DB: Decibels = 60.0  # of intensity, below the loudest
MEL_TICKS_HZ = (250.0, 1_000.0, 2_000.0, 4_000.0)
PITCH_TICKS_HZ = (100, 200, 400)
SMALL = 7.0  # points
INCH_PER_CHARACTER = 0.65 * SMALL / 72
LEAST_ROWS, MOST_ROWS = 3, 6  # of words above each other
FAINT_WORD = 0.35  # opacity of a word of probability 0
LABEL_BOX = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
NOT_MEASURED = "too short to measure"


def draw_waveform(axes: Axes, waveform: Waveform) -> None:
    """The lowest and highest sample of each column."""
    parts = np.array_split(waveform, min(PEAKS, waveform.size))
    starts = np.cumsum([0, *(part.size for part in parts[:-1])]) / SAMPLE_RATE
    low, high = [float(part.min()) for part in parts], [float(part.max()) for part in parts]
    axes.fill_between(starts, low, high, color=INK, linewidth=0.3)
    top = max(0.05, 1.1 * float(np.abs(waveform).max()))
    axes.set(ylabel="amplitude\n(full scale 1)", ylim=(-top, top))


def draw_spectrogram(axes: Axes, waveform: Waveform, start_s: Seconds, end_s: Seconds) -> None:
    """Energy by frequency of the span that is shown."""
    part = time_series.span(waveform, start_s, end_s)
    if not part.size:
        _write_centred(axes, NOT_MEASURED)
        return
    picture = time_series.spectrogram(part)
    top = float(picture.values.max())
    _draw_picture(axes, picture, start_s, "gray_r", (top - RANGE_DB, top))
    axes.set_yticks([0, 128, 256], ["0", "4", "8"])  # rows of 31.25 Hz
    axes.set_ylabel("frequency\n(kHz)")
    _write_note(axes, f"black: loudest; white: {RANGE_DB:g} dB below")


def draw_mel(axes: Axes, waveform: Waveform) -> None:
    """The log-mel spectrogram that Whisper takes as input."""
    picture = time_series.mel_bands(waveform)
    _draw_picture(axes, picture, 0.0, "cividis", None)
    rows = [int(np.abs(picture.rows - hertz).argmin()) for hertz in MEL_TICKS_HZ]
    axes.set_yticks(rows, [f"{hertz / 1000:g}" for hertz in MEL_TICKS_HZ])
    axes.set_ylabel("mel bands\n(kHz)")
    _write_note(axes, "Whisper's 80 log-mel bands: yellow loud, blue faint")


def draw_mfcc(axes: Axes, waveform: Waveform) -> None:
    """The shape of the spectrum in twelve numbers a frame."""
    picture = time_series.mfcc(waveform)
    if picture is None:
        _write_centred(axes, NOT_MEASURED)
        return
    spread = float(np.nanpercentile(np.abs(picture.values), 98))
    _draw_picture(axes, picture, 0.0, "RdBu_r", (-spread, spread))
    axes.set_yticks([0, 5, 11], ["1", "6", "12"])
    axes.set_ylabel("MFCC\n(number)")
    _write_note(axes, f"blue: −{spread:.0f} or less; red: {spread:.0f} or more")


def draw_pitch(axes: Axes, waveform: Waveform, pitch_range: PitchRange) -> None:
    """Fundamental frequency on a logarithmic axis, where the voice has one."""
    contour = time_series.pitch(waveform, pitch_range)
    axes.set_yscale("log")
    axes.set(ylabel="pitch F0\n(Hz)", ylim=(pitch_range.floor_hz, pitch_range.ceiling_hz))
    axes.set_yticks(PITCH_TICKS_HZ, [str(hertz) for hertz in PITCH_TICKS_HZ])
    axes.minorticks_off()
    _draw_contour(axes, contour, "no voiced sound was found")


def draw_intensity(axes: Axes, waveform: Waveform, pitch_range: PitchRange) -> None:
    """Loudness of the signal in dB, within the recording alone."""
    contour = time_series.intensity(waveform, pitch_range)
    axes.set_ylabel("intensity\n(dB)")
    _draw_contour(axes, contour, "there is nothing but silence")
    if contour is not None and np.isfinite(contour.values).any():
        top = float(np.nanmax(contour.values))
        axes.set_ylim(top - LEVELS_DB, top + 3)


def draw_words(axes: Axes, words: pd.DataFrame, start_s: Seconds, end_s: Seconds) -> None:
    """Each word at its start, fainter the lower its probability; words without room are counted.

    `words` has the columns word, start_s, end_s and probability.
    """
    shown = words[(words["end_s"] > start_s) & (words["start_s"] < end_s)]
    inch_per_second = DRAWN_INCH / (end_s - start_s)
    starts = (shown["start_s"].clip(lower=start_s) - start_s) * inch_per_second
    lengths = (shown["word"].str.len() + 1) * INCH_PER_CHARACTER
    rows = place(starts.tolist(), lengths.tolist())
    for row, word in zip(rows, shown.itertuples(), strict=True):
        if row is not None:
            left, sure = max(start_s, float(word.start_s)), float(word.probability)  # type: ignore[arg-type]
            opacity = FAINT_WORD + (1 - FAINT_WORD) * sure
            axes.plot([left, left], [-row - 0.4, -row + 0.4], color=PALE, linewidth=0.6)
            axes.text(left, -row, f" {word.word}", fontsize=SMALL, va="center", alpha=opacity, clip_on=True)
    missing = rows.count(None)
    if not rows:
        _write_centred(axes, "no words were found")
    elif missing:
        _write_note(axes, f"{missing} of {len(rows)} words have no room: show a shorter span")
    lowest = max((row for row in rows if row is not None), default=0)
    axes.set(ylabel="words", yticks=[], ylim=(-max(lowest, LEAST_ROWS - 1) - 0.7, 0.7))


def place(starts: Sequence[float], lengths: Sequence[float], most: int = MOST_ROWS) -> list[int | None]:
    """A row for each of some texts in order of their starts, so that none covers another; None where all are full."""
    ends: list[float] = []
    rows: list[int | None] = []
    for start, length in zip(starts, lengths, strict=True):
        row = next((number for number, end in enumerate(ends) if end <= start), len(ends))
        if row == most:
            rows.append(None)
            continue
        ends[row : row + 1] = [start + length]
        rows.append(row)
    return rows


def draw_tone(
    axes: Axes, spans: pd.DataFrame, model: str, colours: Mapping[str, str], shown: tuple[Seconds, Seconds]
) -> None:
    """Probabilities of each tone as stacked bars; time without a tone is hatched, with its reason.

    `spans` has the columns start_s, end_s, label, probability, probabilities, is_unsure and reason.
    """
    inch_per_second = DRAWN_INCH / (shown[1] - shown[0])
    for span in spans[(spans["end_s"] > shown[0]) & (spans["start_s"] < shown[1])].to_dict("records"):
        left = max(shown[0], span["start_s"])
        width = min(shown[1], span["end_s"]) - left
        if span["reason"] is not None:
            edge = "#cccccc" if span["reason"] == "no_speech" else "#777777"
            axes.bar(left, 1, width, align="edge", color="white", edgecolor=edge, hatch="////", linewidth=0.5)
        else:
            _stack_probabilities(axes, span["probabilities"] or {}, left, width, colours)
        text = next((one for one in _span_texts(span) if len(one) * INCH_PER_CHARACTER < width * inch_per_second), "")
        if text:
            axes.text(left + width / 2, 0.5, text, fontsize=SMALL, ha="center", va="center", bbox=LABEL_BOX)
    axes.set(ylabel=f"tone\n({model})", ylim=(0, 1), yticks=[0, 1])


def _stack_probabilities(
    axes: Axes, probabilities: Mapping[str, float], left: Seconds, width: Seconds, colours: Mapping[str, str]
) -> None:
    """The probabilities of one speech region above each other, in a frame."""
    bottom = 0.0
    for label, probability in sorted(probabilities.items()):
        axes.bar(left, probability, width, bottom, align="edge", color=colours[label])
        bottom += probability
    axes.bar(left, 1, width, align="edge", fill=False, edgecolor="white" if probabilities else PALE, linewidth=1.5)


def _span_texts(span: Mapping[Any, Any]) -> tuple[str, ...]:
    """Possible texts for a span, the longest first."""
    if span["reason"] is not None:
        return SENTENCES.get(str(span["reason"]), str(span["reason"])), str(span["reason"])
    if span["label"] is None:
        return ("scored, without labels",)
    unsure = "?" if span["is_unsure"] else ""
    return f"{span['label']}{unsure} {span['probability']:.2f}", f"{span['label']}{unsure}"


def _draw_picture(
    axes: Axes, picture: Picture, offset_s: Seconds, colours: str, limits: tuple[float, float] | None
) -> None:
    """A picture as an image on the axis of time."""
    step = float(picture.times_s[1] - picture.times_s[0]) if picture.times_s.size > 1 else 1.0
    left = offset_s + float(picture.times_s[0]) - step / 2
    extent = (left, left + step * picture.times_s.size, -0.5, picture.rows.size - 0.5)
    low, high = limits or (None, None)
    axes.imshow(
        picture.values, origin="lower", aspect="auto", interpolation="nearest", extent=extent,
        cmap=colours, vmin=low, vmax=high,
    )  # fmt: skip


def _draw_contour(axes: Axes, contour: Contour | None, without: str) -> None:
    """A contour, or why there is none."""
    if contour is None or not np.isfinite(contour.values).any():
        _write_centred(axes, NOT_MEASURED if contour is None else without)
        return
    axes.plot(contour.times_s, contour.values, color=BLUE, linewidth=1.4)
    axes.grid(axis="y", alpha=0.3)


def _write_centred(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, fontsize=SMALL + 1, ha="center", va="center")


def _write_note(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="right", fontsize=SMALL, color="#555555", pad=2)
