"""Train the starter, print how well it does on speakers it has not heard, and save it: a command.

    python -m pipeline.tone.train_starter [DATA_FOLDER] [--check]

Every figure is for speakers left out of training. The calibration error after scaling is measured on speakers that
were left out of fitting the temperature too.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from pipeline import models
from pipeline.errors import UserError
from pipeline.speech.encoder import WhisperEncoder
from pipeline.tone import evaluation, starter_card, starter_recipe
from pipeline.tone.hyperparams import HYPERPARAMS_FILE, read_hyperparams
from pipeline.tone.starter_corpus import Corpus, read_corpus

STARTER_FOLDER = Path(__file__).parent / "starter"
CORPUS_FOLDER = "emodb4"  # in the folder that CLIPTONE_DATA names
LEAST_SPEAKERS = 3  # one to test on, one to fit the temperature on, one to train on


@dataclass(frozen=True, slots=True)
class Held:
    """Logits for speakers that the model had not heard."""

    logits: NDArray[np.float64]  # (utterances, labels)
    truth: NDArray[np.int64]  # (utterances,)
    own_temperature: NDArray[np.float64]  # (utterances, 1), fitted without the utterance's speaker


def leave_speakers_out(corpus: Corpus, folder: Path) -> Held:
    """Score each speaker by a model of the others, with a temperature that the speaker had no part in.

    A speaker's temperature is fitted on the other speakers, each scored by a model that had heard neither of the two.
    Raises `UserError` for fewer than three speakers.
    """
    speakers = sorted(set(corpus.speakers.tolist()))
    if len(speakers) < LEAST_SPEAKERS:
        raise UserError(f"leaving speakers out needs at least {LEAST_SPEAKERS} speakers, not {len(speakers)}")
    labels, truth = np.unique(corpus.emotions, return_inverse=True)
    logits = np.empty((truth.size, labels.size))
    inner = {speaker: np.full(logits.shape, np.nan) for speaker in speakers}  # NaN: the speaker's own, never read
    for speaker in speakers:
        mine = corpus.speakers == speaker
        logits[mine] = _logits(corpus.only(~mine), corpus.embeddings[mine], folder)
    for one, other in combinations(speakers, 2):
        first, second = corpus.speakers == one, corpus.speakers == other
        both = first | second
        scores = np.empty_like(logits)
        scores[both] = _logits(corpus.only(~both), corpus.embeddings[both], folder)
        inner[one][second], inner[other][first] = scores[second], scores[first]
    temperature = np.empty((truth.size, 1))
    for speaker in speakers:
        others = corpus.speakers != speaker
        temperature[~others] = evaluation.fit_temperature(inner[speaker][others], truth[others])
    return Held(logits, truth, temperature)


def save(trained: dict[str, Any], temperature: float, card: str, folder: Path) -> None:
    """Write a model in SpeechBrain's format: settings with the temperature, weights, labels, and its card."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    settings = (STARTER_FOLDER / HYPERPARAMS_FILE).read_text(encoding="utf-8")
    settings = re.sub(r"^temperature: .*$", f"temperature: {temperature:.4f}", settings, flags=re.MULTILINE)
    (folder / HYPERPARAMS_FILE).write_text(settings, encoding="utf-8")
    torch.save(trained["model"].state_dict(), folder / "classifier.ckpt")
    trained["label_encoder"].save(folder / "label_encoder.txt")
    (folder / "card.md").write_text(card, encoding="utf-8")


def main(
    data_folder: Annotated[
        Path | None, typer.Argument(help="folder with labels.csv and its files; default: emodb4 in CLIPTONE_DATA")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="print the figures without saving a model")] = False,
    output: Annotated[Path, typer.Option(help="where to save the model")] = STARTER_FOLDER,
) -> None:
    """Train the starter on labelled utterances and print its figures for speakers it has not heard."""
    import torch

    torch.set_num_threads(1)  # sums in the same order each time
    encoder = WhisperEncoder(models.locate("whisper-base"))
    wanted = read_hyperparams(STARTER_FOLDER)["speech_encoder"]
    if encoder.name != wanted:
        raise UserError(f"the starter reads {wanted}, but embeddings here are {encoder.name}")
    corpus = read_corpus(data_folder or _default_folder(), encoder)
    held = leave_speakers_out(corpus, STARTER_FOLDER)
    temperature = evaluation.fit_temperature(held.logits, held.truth)
    figures = starter_card.measure(held.logits, held.truth, held.own_temperature, corpus)
    typer.echo(starter_card.figures_text(figures))
    typer.echo(f"\nTemperature of the saved model: {temperature:.4f}")
    if not check:
        trained = starter_recipe.train(corpus.embeddings, corpus.emotions, STARTER_FOLDER)
        save(trained, temperature, starter_card.card_text(figures, temperature), output)
        typer.echo(f"Saved to {output}")


def _logits(training: Corpus, embeddings: NDArray[np.float32], folder: Path) -> NDArray[np.float64]:
    return starter_recipe.logits(starter_recipe.train(training.embeddings, training.emotions, folder), embeddings)


def _default_folder() -> Path:
    data = os.environ.get("CLIPTONE_DATA")
    if not data:
        raise UserError("name the folder of the labelled utterances, or set CLIPTONE_DATA to the folder above emodb4")
    return Path(data) / CORPUS_FOLDER


if __name__ == "__main__":
    try:
        typer.run(main)
    except UserError as mistake:
        typer.echo(mistake, err=True)
        sys.exit(2)
