"""Train the starter, print how well it does on speakers it has not heard, and save it: a command.

    python -m pipeline.research.starter.train [DATA_FOLDER] [--check] [--reading FOLDER]

Every figure is for speakers left out of training. Calibration and coverage are measured on speakers that were left
out of fitting the temperature and the threshold too.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pipeline.analysis.heads.head import CARD_FILE, LinearHead, load
from pipeline.analysis.heads.save import save as save_head
from pipeline.analysis.heads.score import logits
from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.catalogue import STARTER_FOLDER
from pipeline.analysis.speech.encoder import SpeechEncoder, WhisperEncoder
from pipeline.errors import UserError
from pipeline.research.data import data_folder
from pipeline.research.starter import card as starter_card
from pipeline.research.starter import copies as training_copies
from pipeline.research.starter import recipe
from pipeline.research.starter.corpus import Corpus, Speech, embed, read_folder, read_speech, stacked
from pipeline.research.starter.leave_speakers_out import StarterCalibration, leave_speakers_out

CORPUS_FOLDER = "emodb4"  # in the folder that CLIPTONE_DATA names


def training_corpora(speech: Speech, encoder: SpeechEncoder, copies: int) -> list[Corpus]:
    """The clean corpus and so many changed copies of it, embedded."""
    changed = (training_copies.training_copy(speech, number) for number in range(copies))
    return [embed(speech, encoder), *(embed(copy, encoder) for copy in changed)]


def judging_corpora(speech: Speech, encoder: SpeechEncoder) -> dict[str, Corpus]:
    """The clean corpus and the copies that no model trains on, embedded."""
    return {way: embed(change(speech), encoder) for way, change in training_copies.JUDGING.items()}


def save(head: LinearHead, calibration: StarterCalibration, card: str, folder: Path) -> None:
    """Write a head with its calibration, as the card says it, and the card."""
    temperature, threshold = (round(float(value), 4) for value in (calibration.temperature, calibration.threshold))
    save_head(replace(head, temperature=temperature, set_threshold=threshold), folder)
    (folder / CARD_FILE).write_text(card, encoding="utf-8")


def main(
    data_folder: Annotated[
        Path | None, typer.Argument(help="folder with labels.csv and its files; default: emodb4 in CLIPTONE_DATA")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="print the figures without saving a model")] = False,
    output: Annotated[Path, typer.Option(help="where to save the model")] = STARTER_FOLDER,
    reading: Annotated[
        Path | None, typer.Option(help="also say how the model calls the unlabelled FLAC files of a folder")
    ] = None,
) -> None:
    """Train the starter on labelled utterances and print its figures for speakers it has not heard."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)  # sums in the same order each time
    encoder, shipped = WhisperEncoder(model_cache.locate("whisper-base")), load(STARTER_FOLDER)
    if encoder.name != shipped.encoder:
        raise UserError(f"the starter reads {shipped.encoder}, but embeddings here are {encoder.name}")
    speech = read_speech(data_folder or default_folder())
    training = training_corpora(speech, encoder, recipe.COPIES)
    judging = judging_corpora(speech, encoder)
    held = leave_speakers_out(training, judging, recipe.COVERAGE)
    text = starter_card.figures_text(held, len(set(speech.speakers.tolist())), recipe.COVERAGE)
    calibration = held.calibration
    text += f"\n\nTemperature {calibration.temperature:.4f}, threshold of the sets {calibration.threshold:.4f}."
    everything = stacked(training)
    head = recipe.train(everything.embeddings, everything.emotions, encoder.name)
    if reading:
        calm = embed(read_folder(reading), encoder)
        said = logits(head, calm.embeddings)
        text += "\n\n" + starter_card.reading_text(reading.name, said, held.labels, calibration)
    typer.echo(text)
    if not check:
        save(head, calibration, starter_card.card_text(speech, head, text), output)
        typer.echo(f"\nSaved to {output}")


def default_folder() -> Path:
    """The corpus below the folder that CLIPTONE_DATA names; `UserError` where it names none."""
    return data_folder(CORPUS_FOLDER) / CORPUS_FOLDER


if __name__ == "__main__":
    try:
        typer.run(main)
    except UserError as mistake:
        typer.echo(mistake, err=True)
        sys.exit(2)
