"""Train the starter, print how well it does on corpora that it has not heard, and save it: a command.

    python -m pipeline.research.starter.train [--check] [--block N] [--kept FOLDER]

The first table is of corpora left out of training, temperature and threshold; every choice is made by it. It needs the
folder that CLIPTONE_DATA names, and the better part of an hour, most of it for embeddings, which `--kept` keeps.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from pipeline.analysis.heads.head import CARD_FILE, LinearHead
from pipeline.analysis.heads.save import save as save_head
from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.catalogue import STARTER_FOLDER
from pipeline.analysis.speech.encoder import TONE_BLOCK, WhisperEncoder
from pipeline.errors import UserError
from pipeline.research.data import data_folder
from pipeline.research.starter import card as starter_card
from pipeline.research.starter import recipe
from pipeline.research.starter.leave_corpora_out import (
    Calibration,
    calibration_of,
    speakers_left_out,
    train,
    trained_on_the_others,
)
from pipeline.research.starter.material import CORPORA, TRAINED_ON, Material


def save(head: LinearHead, calibration: Calibration, card: str, folder: Path) -> None:
    """Write a head with its calibration, as the card says it, and the card."""
    temperature, threshold = (round(value, 4) for value in (calibration.temperature, calibration.threshold))
    save_head(replace(head, temperature=temperature, set_threshold=threshold), folder)
    (folder / CARD_FILE).write_text(card, encoding="utf-8")


def main(
    check: Annotated[bool, typer.Option("--check", help="print the figures without saving a model")] = False,
    output: Annotated[Path, typer.Option(help="where to save the model")] = STARTER_FOLDER,
    block: Annotated[int, typer.Option(help="of the encoder, to compare; the product reads the default")] = TONE_BLOCK,
    kept: Annotated[Path | None, typer.Option(help="folder to keep embeddings in, for the next time")] = None,
) -> None:
    """Train the starter on acted speech and print its figures for corpora that it has not heard."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)  # sums in the same order each time
    material = Material(data_folder(*CORPORA), WhisperEncoder(model_cache.locate("whisper-base"), block), kept)
    strangers = {
        name: (head, calibration) for name, head, calibration in trained_on_the_others(material, recipe.COVERAGE)
    }
    tables = [starter_card.strangers_text(material, strangers, recipe.COVERAGE)]
    typer.echo(tables[0])
    tables.append(starter_card.mixtures_text(material, strangers))
    typer.echo(f"\n{tables[1]}")
    calibration = calibration_of(material, CORPORA, recipe.COVERAGE)
    tables.append(starter_card.speakers_text(speakers_left_out(material, TRAINED_ON), calibration))
    typer.echo(f"\n{tables[2]}\n\n{calibration}")
    if not check:
        head = train(material, TRAINED_ON)
        card = starter_card.card_text(material, head, calibration, (tables[0], tables[1], tables[2]))
        save(head, calibration, card, output)
        typer.echo(f"\nSaved to {output}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except UserError as mistake:
        typer.echo(mistake, err=True)
        sys.exit(2)
