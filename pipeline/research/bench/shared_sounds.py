"""What finding shared sounds costs.

`python -m pipeline.research.bench.shared_sounds` looks for the sounds that made clips share, 10,000 and 100,000 of them
by default, each number in a process of its own, and prints time, peak of memory, and how time grows. A clip has 20
landmarks a second, as dense music has; two of five clips hold a sound of others, a few sounds very often (Zipf), with
three tenths of its landmarks lost. The slope is that of log(time) over log(clips): 1 grows as the clips do.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import time
from typing import Annotated

import numpy as np
import typer

from pipeline.analysis.sound.fingerprint.landmarks import BIN_BITS, BINS, FRAMES_PER_S, PEAKS_PER_S, PeakArray
from pipeline.analysis.sound.fingerprint.sounds import sounds_of
from pipeline.records import Seconds

SIZES = (10_000, 100_000)
SHARING = 0.4  # of the clips
KEPT = 0.7  # of a shared sound's landmarks, in each of its clips
CLIPS_PER_SOUND = 50  # so many clips of the study for each sound that can be shared
GIBIBYTE = 1 << 30
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in `ru_maxrss`


def made_clips(clips: int, seconds: Seconds, seed: int = 1) -> dict[str, PeakArray]:
    """The landmarks of so many clips; the same seed makes the same."""
    rng = np.random.default_rng(seed)
    made = {}
    for number in range(clips):
        if rng.random() < SHARING:
            sound = min(int(rng.zipf(1.3)) - 1, clips // CLIPS_PER_SOUND)
            landmarks = _landmarks(np.random.default_rng([seed, sound]), seconds)
            landmarks = landmarks[rng.random(landmarks.size) < KEPT] + (int(rng.integers(0, 40)) << BIN_BITS)
        else:
            landmarks = _landmarks(rng, seconds)
        made[f"clip {number:07}"] = landmarks
    return made


def _landmarks(rng: np.random.Generator, seconds: Seconds) -> PeakArray:
    count = round(seconds * PEAKS_PER_S)
    frames = rng.integers(0, round(seconds * FRAMES_PER_S), count)
    return np.unique((frames << BIN_BITS) | rng.integers(0, BINS, count))


def main(
    clips: Annotated[list[int] | None, typer.Option(help="numbers of clips")] = None,
    seconds: Annotated[float, typer.Option(help="length of each clip")] = 20.0,
    here: Annotated[bool, typer.Option(help="measure one number in this process, and print JSON")] = False,
) -> None:
    """Print the table."""
    sizes = clips or list(SIZES)
    if here:
        typer.echo(json.dumps(_measured(sizes[0], seconds)))
        return
    typer.echo(f"{'clips':>9}{'sounds':>9}{'in them':>9}{'s':>9}{'GiB':>7}")
    times = []
    for size in sizes:
        command = [sys.executable, "-m", __spec__.name, "--here", "--clips", str(size), "--seconds", str(seconds)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
        found = json.loads(done.stdout)
        times.append(found["s"])
        typer.echo(f"{size:>9,}{found['sounds']:>9,}{found['rows']:>9,}{found['s']:>9.1f}{found['gib']:>7.2f}")
    if len(sizes) > 1:
        slope = math.log(times[-1] / times[0]) / math.log(sizes[-1] / sizes[0])
        typer.echo(f"slope {slope:.2f}")


def _measured(clips: int, seconds: Seconds) -> dict[str, float]:
    made = made_clips(clips, seconds)
    began = time.perf_counter()
    rows = sounds_of(made)
    spent = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / GIBIBYTE
    return {"s": spent, "gib": peak, "rows": len(rows), "sounds": len({row.sound_id for row in rows})}


if __name__ == "__main__":
    typer.run(main)
