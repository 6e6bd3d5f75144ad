"""What is found of shared sounds, and what is missed: `python -m pipeline.research.sounds.measure`.

The sounds are made songs of 20 s and, where the environment variable CLIPTONE_DATA names a folder with
`librispeech_other40/`, stretches of read speech; utterances of its `crema_d/` are the voices that are laid over them.
One half chooses the least share of landmarks, the other half is reported. Each sound is in two clips as it is (half a
second apart) and in a third after a change; the sounds of the choosing half are there too, once each, and belong to no
sound. Found: the third clip is in the sound of the first two. Wrong: a clip is in a sound that it does not hold. Beside
it Chromaprint, from each changed clip to each original, with the likeness that tells the choosing half apart best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import soundfile
import typer
from numpy.typing import NDArray

from pipeline.analysis.sound.fingerprint.candidates import candidates_among
from pipeline.analysis.sound.fingerprint.constellations import Landscape
from pipeline.analysis.sound.fingerprint.landmarks import landmarks_of
from pipeline.analysis.sound.fingerprint.match import LEAST_SHARE, match_at
from pipeline.analysis.sound.fingerprint.sounds import sounds_of
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.research.data import named_folder
from pipeline.research.sounds.changes import CHANGES
from pipeline.research.sounds.chromaprint import chromaprint_of, likeness
from pipeline.research.sounds.songs import song

SONGS, SPEECHES = 20, 10
SECONDS = 20.0
SPEECH, VOICES = "librispeech_other40", "crema_d"
UTTERANCES = 8  # of one voice: 20 s
SHARES = (0.14, 0.18, 0.22, 0.26, 0.3, 0.34)
LIKENESSES = np.arange(0.55, 0.96, 0.01)
LATER = SAMPLE_RATE // 2
HEAD = """
| change | recall | precision | Chromaprint: recall | precision |
|---|---|---|---|---|"""

Pair = tuple[Waveform, Waveform]  # a sound, and a voice to lay over it


@dataclass(frozen=True, slots=True)
class Count:
    """What became of the changed clips of one kind."""

    clips: int
    found: int
    wrong: int

    @property
    def cells(self) -> str:
        """Recall and precision, as the table shows them."""
        told = self.found + self.wrong
        return f"{self.found / self.clips:.2f} | {self.found / told:.2f}" if told else "0.00 | –"


def utterances(corpus: str) -> list[Path]:
    """The utterances of a corpus; none where it is not there."""
    folder = named_folder()
    return sorted((folder / corpus).glob("*.flac")) if folder else []


def joined(paths: Sequence[Path]) -> Waveform:
    """Utterances in a row."""
    silence = np.zeros(0, dtype=np.float32)
    return np.concatenate([silence, *(soundfile.read(path, dtype="float32")[0] for path in paths)])


def material(songs: int, speeches: int) -> list[Pair]:
    """The sounds, made songs before read speech, each with a voice to lay over it, a song where no corpus is there."""
    size = round(SECONDS * SAMPLE_RATE)
    read = joined(utterances(SPEECH)) if speeches else np.zeros(0, dtype=np.float32)
    sounds = [song(seed, SECONDS) for seed in range(songs)]
    sounds += [read[start : start + size] for start in range(0, read.size - size, size)][:speeches]
    acted = utterances(VOICES)
    parts = [acted[start : start + UTTERANCES] for start in range(0, len(acted) - UTTERANCES, UTTERANCES)]
    return [
        (one, joined(parts[number]) if number < len(parts) else song(10_000 + number, SECONDS))
        for number, one in enumerate(sounds)
    ]


def counted(change: str, sounds: Sequence[Pair], others: Sequence[Pair]) -> Count:
    """What is found of these sounds after one change."""
    clips = {f"other {number}": landmarks_of(one) for number, (one, _) in enumerate(others)}
    for number, (one, voice) in enumerate(sounds):
        clips[f"{number} first"] = landmarks_of(one)
        clips[f"{number} second"] = landmarks_of(one[LATER:])
        clips[f"{number} changed"] = landmarks_of(CHANGES[change](one, voice))
    rows = sounds_of(clips)
    holds = {row.sound_id: row.clip_id.split()[0] for row in rows if row.clip_id.endswith("first")}
    changed = {row.clip_id.split()[0]: row for row in rows if row.clip_id.endswith("changed")}
    found = sum(holds.get(row.sound_id) == number for number, row in changed.items())
    return Count(len(sounds), found, sum(holds.get(row.sound_id) != row.clip_id.split()[0] for row in rows))


def chosen_share(sounds: Sequence[Pair]) -> float:
    """The least share that finds most pairs of the same sound, less the wrong ones; of equals the lowest."""
    worth = dict.fromkeys(SHARES, 0)
    for change in ("a voice, as loud", "a voice, 5 dB louder", "cut to 5 s, a voice as loud, aac", "tempo +2 %"):
        clips = [landmarks_of(one) for one, _ in sounds]
        clips += [landmarks_of(CHANGES[change](one, voice)) for one, voice in sounds]
        for one in candidates_among(Landscape.of(clips)):
            for share in SHARES:
                if match_at(clips[one.earlier], clips[one.later], one.offset, share) is not None:
                    worth[share] += 1 if one.later == one.earlier + len(sounds) else -1
    return max(SHARES, key=lambda share: (worth[share], -share))


def likenesses(change: str, sounds: Sequence[Pair]) -> NDArray[np.float64]:
    """Chromaprint's likeness of each changed clip (rows) to each original (columns)."""
    prints = [chromaprint_of(one) for one, _ in sounds]
    changed = [chromaprint_of(CHANGES[change](one, voice)) for one, voice in sounds]
    return np.array([[likeness(one, other) for other in prints] for one in changed])


def chromaprint_count(like: NDArray[np.float64], least: float) -> Count:
    """What Chromaprint tells apart with a least likeness."""
    same = np.eye(len(like), dtype=bool)
    return Count(len(like), int((like[same] >= least).sum()), int((like[~same] >= least).sum()))


def main(
    songs: Annotated[int, typer.Option(help="made songs")] = SONGS,
    speeches: Annotated[int, typer.Option(help="stretches of read speech")] = SPEECHES,
    chromaprint: Annotated[bool, typer.Option(help="compare with Chromaprint")] = True,
) -> None:
    """Choose on one half and print the other."""
    whole = material(songs, speeches)
    chooses, reports = whole[::2], whole[1::2]
    typer.echo(f"least share of landmarks: {chosen_share(chooses)} on the choosing half, default {LEAST_SHARE}")
    least = 1.0
    if chromaprint:
        tables = [likenesses(change, chooses) for change in CHANGES]
        counts = {level: [chromaprint_count(like, level) for like in tables] for level in LIKENESSES}
        least = max(counts, key=lambda level: sum(one.found - one.wrong for one in counts[level]))
        typer.echo(f"least likeness of Chromaprint: {least:.2f} on the choosing half")
    typer.echo(f"\n{len(reports)} sounds of the reporting half\n{HEAD}")
    for change in CHANGES:
        cells = counted(change, reports, chooses).cells
        compared = chromaprint_count(likenesses(change, reports), least).cells if chromaprint else "– | –"
        typer.echo(f"| {change} | {cells} | {compared} |")


if __name__ == "__main__":
    typer.run(main)
