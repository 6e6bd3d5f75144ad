"""A study of many short clips with a tone and kept audio, for samples that people listen to."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.study.config import Study
from tests.conftest import write_wav
from tests.support.evaluation_study import clip, make_study

TONES = ("angry", "happy", "neutral", "sad")


def validation_study(folder: Path, clips: int = 12, *, audible: bool = True) -> Study:
    """Clips of two regions each, of two platforms and four authors; the tones take turns."""
    rows = []
    for number in range(clips):
        said = TONES[number % len(TONES)]
        shares = {tone: 0.7 if tone == said else 0.1 for tone in TONES}
        platform = "tiktok" if number % 3 else "youtube"
        rows.append(
            clip(f"{platform}:{number}", [((0.0,), shares)] * 2, author=f"author {number % 4}", platform=platform)
        )
    study = make_study(folder, *rows)
    if audible:
        times = np.arange(4 * 16_000) / 16_000
        for number in range(clips):
            platform = "tiktok" if number % 3 else "youtube"
            path = study.folder.audio_path(f"{platform}:{number}")
            write_wav(path, (0.3 * np.sin(2 * np.pi * (200 + 20 * number) * times)).astype(np.float32))
    return study
