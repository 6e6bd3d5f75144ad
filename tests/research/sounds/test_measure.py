"""The measurement of shared sounds counts what is found and what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.errors import UserError
from pipeline.research.bench import shared_sounds
from pipeline.research.sounds.chromaprint import chromaprint_of, likeness
from pipeline.research.sounds.measure import Count, chromaprint_count, counted
from pipeline.research.sounds.songs import song


def test_sounds_are_found_and_others_are_not() -> None:
    pairs = [(song(seed), song(100 + seed)) for seed in (1, 2)]
    others = [(song(seed), song(100 + seed)) for seed in (3, 4)]
    assert counted("none", pairs, others) == Count(clips=2, found=2, wrong=0)


def test_a_table_of_likeness_is_counted_on_and_off_its_diagonal() -> None:
    assert chromaprint_count(np.array([[0.9, 0.7], [0.2, 0.5]]), 0.6) == Count(clips=2, found=1, wrong=1)


def test_chromaprint_knows_a_recording_again() -> None:
    try:
        one, other = chromaprint_of(song(1)), chromaprint_of(song(2))
    except UserError:
        pytest.skip("the ffmpeg of this machine makes no Chromaprint")
    assert likeness(one, chromaprint_of(song(1)[8_000:])) > 0.8
    assert likeness(one, other) < 0.7
    assert likeness(one, one[:0]) == 0


@pytest.mark.slow
def test_the_benchmark_prints_a_row_a_number_and_the_slope() -> None:
    # a module that starts itself anew is run as one
    made = shared_sounds.made_clips(200, 20.0)
    assert len(made) == 200
    shown = CliRunner().invoke(_app(), ["--here", "--clips", "200"])
    assert shown.exit_code == 0, shown.output
    assert '"sounds"' in shown.output


def _app() -> object:
    import typer

    app = typer.Typer()
    app.command()(shared_sounds.main)
    return app
