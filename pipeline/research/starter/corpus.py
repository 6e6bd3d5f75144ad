"""The speech that the starter is trained on: labelled utterances, and their embeddings as the stages make them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.sound.voice_activity import speech_regions
from pipeline.analysis.speech.encoder import SpeechEncoder
from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform

LABELS_FILE = "labels.csv"  # columns file, speaker, sentence, emotion
COLUMNS = frozenset({"file", "speaker", "emotion"})


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
    if not lines or not set(lines[0]) >= COLUMNS:
        raise UserError(f"{path} needs the columns {', '.join(sorted(COLUMNS))} and at least one line")
    return Speech(
        waveforms=tuple(_trimmed(folder / line["file"]) for line in lines),
        emotions=np.array([line["emotion"] for line in lines]),
        speakers=np.array([line["speaker"] for line in lines]),
    )


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
