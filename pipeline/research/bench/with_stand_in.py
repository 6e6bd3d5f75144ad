"""The command `cliptone` with SpeechBrain's classifier of random weights allowed, to measure its cost.

The catalogue pins the real model's digests; here, and in the workers, which import this module again as the main one,
the digests of the files in `CLIPTONE_STAND_IN` take their place.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from pipeline.analysis.models import cache as model_cache
from pipeline.cli import main
from pipeline.research.bench.random_classifier import NAME
from pipeline.study.files import sha256_of


def allow(folder: Path) -> None:
    """Pin the files of a folder in place of the real model's."""
    model = model_cache.MODELS[NAME]
    files = tuple(dataclasses.replace(file, sha256=sha256_of(folder / NAME / file.name)) for file in model.files)
    model_cache.MODELS[NAME] = dataclasses.replace(model, files=files)


if __name__ in ("__main__", "__mp_main__"):
    allow(Path(os.environ["CLIPTONE_STAND_IN"]))

if __name__ == "__main__":
    main()
