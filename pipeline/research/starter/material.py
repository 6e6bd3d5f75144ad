"""The corpora that the starter is trained, chosen and judged on, as embeddings: clean, degraded and changed copies.

To embed all of them takes half an hour of one core, so what was embedded once can be kept in a folder.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from pipeline.analysis.speech.encoder import SpeechEncoder
from pipeline.research.starter import copies
from pipeline.research.starter.corpus import Corpus, Speech, embed, read_speech
from pipeline.study import files

#: Folders below the one that CLIPTONE_DATA names. The last may be chosen and judged by, not trained on.
EMODB, CREMA, BANGLA = CORPORA = ("emodb4", "crema_d", "banglaser4")
TRAINED_ON = (EMODB, CREMA)
CLEAN, DEGRADED = JUDGED = ("clean", "degraded")


class Material:
    """Embeddings of each corpus by the way its speech was changed, made when they are asked for."""

    def __init__(self, data: Path, encoder: SpeechEncoder, kept: Path | None = None) -> None:
        """Of the corpora below `data`; `kept` is a folder of embeddings that were made before, and are to be kept."""
        self.data, self.encoder, self._kept = data, encoder, kept
        self.speech = cache(self._speech)
        self.corpus = cache(self._corpus)

    def training(self, name: str, count: int) -> list[Corpus]:
        """A corpus clean and in so many changed copies."""
        return [self.corpus(name, CLEAN), *(self.corpus(name, f"copy {number}") for number in range(count))]

    def _speech(self, name: str) -> Speech:
        return read_speech(self.data / name)

    def _corpus(self, name: str, way: str) -> Corpus:
        """A corpus clean, degraded, or as "copy N"."""
        path = self._kept and self._kept / f"{self.encoder.name}/{name}/{way}.npy".replace(" ", "-")
        speech = self.speech(name)
        if path and path.is_file():
            return Corpus(np.load(path), speech.emotions, speech.speakers)
        made = embed(_changed(speech, way), self.encoder)
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part.npy")
            np.save(part, made.embeddings)
            files.put(part, path)
        return made


def _changed(speech: Speech, way: str) -> Speech:
    if way == CLEAN:
        return speech
    return copies.degraded(speech) if way == DEGRADED else copies.training_copy(speech, int(way.removeprefix("copy ")))
