"""The contract of a sound tagger, and the taggers by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pipeline.analysis.sound.ast_tagger import Ast
from pipeline.analysis.sound.tags import TagScores
from pipeline.analysis.sound.yamnet_tagger import Yamnet
from pipeline.media.audio import Waveform


class SoundTagger(Protocol):
    """A model that scores the sound classes of AudioSet over time."""

    name: str

    def tag(self, waveform: Waveform) -> TagScores:
        """Scores of a waveform of shape `(time,)` at 16 kHz; every sample lies in at least one window."""
        ...


#: Each tagger is built from the folder that holds its model, and has the name of that model.
TAGGERS: dict[str, Callable[[Path], SoundTagger]] = {"yamnet": Yamnet, "ast": Ast}
