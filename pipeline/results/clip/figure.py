"""The figure of a clip: chosen tracks above each other on one axis of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.analysis.sound.praat import PitchRange
from pipeline.errors import UserError
from pipeline.media.audio import Waveform
from pipeline.records import Seconds
from pipeline.results.clip import tracks as clip_tracks
from pipeline.results.colours import label_colours
from pipeline.results.wording import SENTENCES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Tracks in their order from above, and their heights in inches.
SOUND = {"waveform": 0.9, "spectrogram": 1.4, "mel": 1.3, "mfcc": 1.0, "pitch": 1.1, "intensity": 0.9}
SPEECH = {"words": 1.1, "tone": 0.8}
HEIGHTS = {**SOUND, **SPEECH}
TRACKS = tuple(HEIGHTS)
WIDTH_INCH = 10.0
LEGEND_INCH = 0.9  # with title and axis of time


@dataclass(frozen=True, eq=False)
class Scene:
    """What a figure of one clip is drawn from."""

    title: str
    duration_s: Seconds
    waveform: Waveform | None  # None where it is not kept
    pitch_range: PitchRange
    words: pd.DataFrame
    tones: Mapping[str, pd.DataFrame]  # by model: spans with a tone, and spans with the reason why there is none


def draw(scene: Scene, tracks: Sequence[str], start_s: Seconds, end_s: Seconds) -> Figure:
    """The tracks from one time to another; in a notebook, the last line of a cell shows it.

    Raises `UserError` for an unknown track, or a span outside the clip.
    """
    unknown = [name for name in tracks if name not in TRACKS]
    if unknown:
        raise UserError(f"there is no track {unknown[0]!r}; there are {', '.join(TRACKS)}")
    if not 0 <= start_s < end_s <= scene.duration_s:
        raise UserError(f"{scene.title} lasts {scene.duration_s:.2f} s: {start_s:g} s to {end_s:g} s is no span of it")
    import matplotlib.pyplot as plt

    rows = [(name, model) for name in tracks for model in (scene.tones if name == "tone" else ("",))]
    heights = [HEIGHTS[name] for name, _ in rows]
    figure, grid = plt.subplots(
        len(rows), 1, sharex=True, squeeze=False, height_ratios=heights, layout="constrained",
        figsize=(WIDTH_INCH, sum(heights) + LEGEND_INCH),
    )  # fmt: skip
    for axes, (name, model) in zip(grid[:, 0], rows, strict=True):
        axes.spines[["top", "right"]].set_visible(False)
        _draw_track(axes, scene, name, model, (start_s, end_s))
        axes.set_xlim(start_s, end_s)
    grid[-1, 0].set_xlabel("time in the clip (s)")
    figure.suptitle(scene.title, fontsize=10)
    figure.align_ylabels(grid[:, 0])
    if "tone" in tracks:
        _draw_legend(figure, scene.tones)
    plt.close(figure)  # a notebook shows what a cell returns; left open, it would be shown twice
    return figure


def _draw_track(axes: Axes, scene: Scene, name: str, model: str, shown: tuple[Seconds, Seconds]) -> None:
    if name == "words":
        clip_tracks.draw_words(axes, scene.words, *shown)
    elif name == "tone":
        clip_tracks.draw_tone(axes, scene.tones[model], model, _tone_colours(scene.tones), shown)
    elif scene.waveform is not None and scene.waveform.size:
        _draw_sound(axes, scene.waveform, name, scene.pitch_range, shown)


def _draw_sound(
    axes: Axes, waveform: Waveform, name: str, pitch_range: PitchRange, shown: tuple[Seconds, Seconds]
) -> None:
    if name == "waveform":
        clip_tracks.draw_waveform(axes, waveform)
    elif name == "spectrogram":
        clip_tracks.draw_spectrogram(axes, waveform, *shown)
    elif name == "mel":
        clip_tracks.draw_mel(axes, waveform)
    elif name == "mfcc":
        clip_tracks.draw_mfcc(axes, waveform)
    elif name == "pitch":
        clip_tracks.draw_pitch(axes, waveform, pitch_range)
    else:
        clip_tracks.draw_intensity(axes, waveform, pitch_range)


def _tone_colours(tones: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """One colour a label over all models, as in the report."""
    return label_colours(
        label for spans in tones.values() for shares in spans["probabilities"] if shares for label in shares
    )


def _draw_legend(figure: Figure, tones: Mapping[str, pd.DataFrame]) -> None:
    """Colours of the tones, and what hatched time means."""
    from matplotlib.patches import Patch

    parts = [Patch(color=colour, label=label) for label, colour in _tone_colours(tones).items()]
    reasons = sorted({str(one) for spans in tones.values() for one in spans["reason"] if one is not None})
    if reasons:
        means = "; ".join(SENTENCES.get(reason, reason) for reason in reasons)
        parts.append(Patch(facecolor="white", edgecolor="#777777", hatch="////", label=f"no tone: {means}"))
    figure.legend(handles=parts, loc="outside lower center", ncols=len(parts), fontsize=8, frameon=False)
