"""The contract of a sound tagger, and the taggers by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pipeline.media import Waveform
from pipeline.sound.ast import Ast
from pipeline.sound.tags import TagScores
from pipeline.sound.yamnet import Yamnet


class SoundTagger(Protocol):
    """A model that scores the sound classes of AudioSet over time."""

    name: str

    def tag(self, waveform: Waveform) -> TagScores:
        """Scores of a waveform of shape `(time,)` at 16 kHz; every sample lies in at least one window."""
        ...


#: Each tagger is built from the folder that holds its model, and has the name of that model.
TAGGERS: dict[str, Callable[[Path], SoundTagger]] = {"yamnet": Yamnet, "ast": Ast}
