"""Heads as earlier versions wrote them, `head.json` and `head.npz`: each is rewritten once in today's format.

In the old format the layer included standardisation, so a converted head has means of 0 and variances of 1, and gives
the same scores to the last digit. It keeps its identity, so that nothing is scored again.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np

from pipeline.analysis.heads.head import LinearHead
from pipeline.analysis.heads.save import save
from pipeline.analysis.tone.hyperparams import HYPERPARAMS_FILE
from pipeline.errors import ModelCorrupt
from pipeline.study.files import sha256_of

SETTINGS_FILE, WEIGHTS_FILE = "head.json", "head.npz"
FORMAT = 1


def convert(folder: Path) -> None:
    """Rewrite the head of a folder if it is of the old format; `ModelCorrupt` where that cannot be done."""
    if not (folder / SETTINGS_FILE).is_file():
        return
    try:
        if not (folder / HYPERPARAMS_FILE).is_file():  # else it was trained again, or a conversion was cut short
            identity = sha256_of(folder / SETTINGS_FILE)
            save(_read_old_head(folder), folder, identity)
        for name in (WEIGHTS_FILE, SETTINGS_FILE):
            (folder / name).unlink(missing_ok=True)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ModelCorrupt(f"the head in {folder} cannot be used ({error}): train it again") from error


def _read_old_head(folder: Path) -> LinearHead:
    settings = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    if settings["format"] != FORMAT or settings["weights_sha256"] != sha256_of(folder / WEIGHTS_FILE):
        raise ValueError("it was altered, or written by another version")
    with np.load(folder / WEIGHTS_FILE, allow_pickle=False) as stored:
        weights, bias = stored["weights"], stored["bias"]
    labels = tuple(settings["labels"])
    if weights.ndim != 2 or weights.shape[0] != len(labels) or bias.shape != (len(labels),):
        raise ValueError("its weights do not fit its labels")
    dims = weights.shape[1]
    return LinearHead(
        labels=labels,
        encoder=str(settings["encoder"]),
        mean=np.zeros(dims),
        variance=np.ones(dims),
        weights=weights,
        bias=bias,
        temperature=float(settings["temperature"]),
        labels_sha256=str(settings["labels_sha256"]),
    )
