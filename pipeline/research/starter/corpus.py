"""The speech that the starter is trained on: labelled utterances, and their embeddings as the stages make them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound.voice_activity import speech_regions
from pipeline.analysis.speech.encoder import SpeechEncoder
from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform

LABELS_FILE = "labels.csv"  # columns file, speaker, sentence, and emotion, or acted and votes_…
COLUMNS = frozenset({"file", "speaker"})
TRUTHS = ("emotion", "acted")  # columns that say which tone an utterance was spoken in
VOTES = "votes_"  # before the name of a tone: how many listeners heard it
OTHER = "other"  # what is none of the four tones that every corpus has
#: Tones of the corpora that the model does not tell apart.
AS_OTHER = {"afraid": OTHER, "disgusted": OTHER}


@dataclass(frozen=True, slots=True)
class Speech:
    """Labelled utterances as sound, in the order of their list."""

    waveforms: tuple[Waveform, ...]  # each (time,), mono 16 kHz
    emotions: NDArray[np.str_]  # (utterances,)
    speakers: NDArray[np.str_]  # (utterances,)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Labelled utterances as embeddings, in the order of their list."""

    embeddings: NDArray[np.float32]  # (utterances, dims)
    emotions: NDArray[np.str_]  # (utterances,)
    speakers: NDArray[np.str_]  # (utterances,)

    def only(self, chosen: NDArray[np.bool_]) -> Corpus:
        """The utterances where `chosen`, shape `(utterances,)`, is true."""
        return Corpus(self.embeddings[chosen], self.emotions[chosen], self.speakers[chosen])


def read_speech(folder: Path) -> Speech:
    """The utterances of a folder with `labels.csv`; `UserError` when the list or a file cannot be used."""
    path = folder / LABELS_FILE
    if not path.is_file():
        raise UserError(f"there is no {LABELS_FILE} in {folder}: name the folder that holds the labelled utterances")
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    truth = next((name for name in TRUTHS if lines and name in lines[0]), None)
    if truth is None or not set(lines[0]) >= COLUMNS:
        needed = f"{', '.join(sorted(COLUMNS))} and {' or '.join(TRUTHS)}"
        raise UserError(f"{path} needs the columns {needed} and at least one line")
    return Speech(
        waveforms=tuple(_trimmed(folder / line["file"]) for line in lines),
        emotions=np.array([AS_OTHER.get(line[truth], line[truth]) for line in lines]),
        speakers=np.array([line["speaker"] for line in lines]),
    )


def read_heard(folder: Path, labels: Sequence[str]) -> NDArray[np.float64] | None:
    """Share of listeners who heard each label, `(utterances, labels)`; None for a corpus without votes."""
    with (folder / LABELS_FILE).open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    voted = [name for name in lines[0] if name.startswith(VOTES)]
    if not voted:
        return None
    votes = np.zeros((len(lines), len(labels)))
    for name in voted:
        tone = name.removeprefix(VOTES)
        votes[:, labels.index(AS_OTHER.get(tone, tone))] += [float(line[name]) for line in lines]
    shares: NDArray[np.float64] = votes / votes.sum(axis=1, keepdims=True)
    return shares


def read_folder(folder: Path) -> Speech:
    """Every FLAC file of a folder as an utterance without a label; `UserError` when there is none."""
    paths = sorted(folder.glob("*.flac"))
    if not paths:
        raise UserError(f"there are no FLAC files in {folder}")
    unknown = np.full(len(paths), "")
    return Speech(tuple(_trimmed(path) for path in paths), unknown, unknown)


def embed(speech: Speech, encoder: SpeechEncoder) -> Corpus:
    """Each utterance as the vector that the stage embed would store of it."""
    embeddings = np.stack([encoder.embed(waveform) for waveform in speech.waveforms])
    return Corpus(embeddings, speech.emotions, speech.speakers)


def stacked(parts: list[Corpus]) -> Corpus:
    """All utterances of several corpora, one corpus after the other."""
    return Corpus(
        np.concatenate([part.embeddings for part in parts]),
        np.concatenate([part.emotions for part in parts]),
        np.concatenate([part.speakers for part in parts]),
    )


def _trimmed(path: Path) -> Waveform:
    """An utterance `(time,)` without the silence around it, found as the stage evidence finds speech."""
    import soundfile

    samples, sample_rate = soundfile.read(path, dtype="float32")
    if sample_rate != SAMPLE_RATE or samples.ndim != 1:
        raise UserError(f"{path} is not mono {SAMPLE_RATE} Hz: convert it first")
    waveform: Waveform = samples
    regions = speech_regions(waveform)
    if not regions:  # a voice that the detector misses is still a labelled utterance
        return waveform
    return waveform[round(regions[0][0] * SAMPLE_RATE) : round(regions[-1][1] * SAMPLE_RATE)]
