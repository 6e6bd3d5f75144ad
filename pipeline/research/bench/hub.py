"""What batches and cheaper arithmetic would bring a hub model: `python -m pipeline.research.bench.hub`.

Speech regions of one length go through SpeechBrain's wav2vec 2.0 on one thread, one by one and several at once, and one
by one with int8 weights (PyTorch's dynamic quantisation) and in bfloat16. Printed are seconds a region and how far the
vector that tone is read from moves, as a share of its own length. Weights are the real ones where they are on this
machine, else random: then only the times mean something.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from pipeline.analysis.models import cache as model_cache
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Seconds
from pipeline.research.bench.corpus import demo_speech, voice
from pipeline.research.bench.random_classifier import NAME, folder_of

LENGTHS_S: tuple[Seconds, ...] = (2.0, 5.0, 12.0)
REGIONS = 8
ROUNDS = 3


def regions(waveform: Waveform, seconds: Seconds) -> Any:
    """Stretches of one speech `(regions, time)`, from the start again where it is over."""
    import torch

    size = round(seconds * SAMPLE_RATE)
    wanted = np.resize(waveform, REGIONS * size).reshape(REGIONS, size)
    return torch.from_numpy(np.ascontiguousarray(wanted))


def ways(classifier: Any) -> dict[str, Callable[[Any], Any]]:
    """By name, from waveforms `(regions, time)` to vectors `(regions, dims)`."""
    import torch

    def one_by_one(encode: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda batch: torch.cat([encode(batch[number : number + 1]) for number in range(len(batch))])

    def in_bfloat16(batch: Any) -> Any:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return classifier.encode_batch(batch).float()

    quantize: Callable[..., Any] = torch.ao.quantization.quantize_dynamic
    int8 = quantize(classifier.mods.encoder, {torch.nn.Linear}, dtype=torch.qint8)
    return {
        "one by one": one_by_one(classifier.encode_batch),
        f"{REGIONS} at once": classifier.encode_batch,
        "int8, one by one": one_by_one(int8),
        "bfloat16, one by one": one_by_one(in_bfloat16),
    }


def main(
    folder: Annotated[Path, typer.Option(help="where a model of random weights may lie")] = Path(
        "outputs/bench/models"
    ),
) -> None:
    """Print a table."""
    import torch

    from pipeline.analysis.tone.classifier import load_wav2vec2

    classifier = load_wav2vec2(folder_of(folder))
    waveform = voice(demo_speech()["en"][0].path)
    weights = "real" if model_cache.find(NAME) else "random"
    typer.echo(
        f"SpeechBrain's wav2vec 2.0 with {weights} weights, one thread, {REGIONS} regions, median of {ROUNDS} rounds"
    )
    typer.echo(f"{'region':>8}  {'way':22}{'s a region':>12}{'times':>8}{'moved by':>10}")
    with torch.inference_mode():
        for seconds in LENGTHS_S:
            _print_speed(seconds, regions(waveform, seconds), ways(classifier))


def _print_speed(seconds: Seconds, batch: Any, found: dict[str, Callable[[Any], Any]]) -> None:
    vectors = {name: way(batch) for name, way in found.items()}
    times: dict[str, list[Seconds]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, way in found.items():
            began = time.perf_counter()
            way(batch)
            times[name].append((time.perf_counter() - began) / REGIONS)
    first, *_ = found
    exact, slow = vectors[first], statistics.median(times[first])
    for name in found:
        median = statistics.median(times[name])
        moved = float((vectors[name] - exact).norm() / exact.norm())
        typer.echo(f"{seconds:6.0f} s  {name:22}{median:12.3f}{slow / median:8.2f}{moved:10.4f}")


if __name__ == "__main__":
    typer.run(main)
