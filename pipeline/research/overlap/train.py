"""Train the detector of several voices, print its figures for speakers left out of training, and save it.

    python -m pipeline.research.overlap.train [--check]

It learns from the acted speech of the folder that CLIPTONE_DATA names, and is judged on speakers of it that were left
out, then on read speech of another corpus and language, which has no part in training or in the threshold.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from pipeline.analysis.heads.head import CARD_FILE
from pipeline.analysis.heads.overlap import ONE, SEVERAL
from pipeline.analysis.heads.save import save
from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.catalogue import OVERLAP_FOLDER
from pipeline.analysis.speech.encoder import WhisperEncoder
from pipeline.analysis.tone.evidence_gate import Gate
from pipeline.errors import UserError
from pipeline.research.data import data_folder
from pipeline.research.evidence.material import ACTED, READ
from pipeline.research.overlap import material, recipe, trial
from pipeline.research.starter.corpus import LABELS_FILE, Speech, embed, read_speech, stacked

COPIES = 4  # one a codec of the starter's training

CARD = """\
# Detector of several voices at once

Probability that several voices speak at once in a speech region, from its stored embedding: one linear layer, softmax
with a temperature. It takes one voice and several to be equally frequent beforehand. The stage emotion gives no tone
above `max_overlap_probability`: two voices have no one tone.

## Training data

Emo-DB (Burkhardt et al. 2005, CC0-1.0): {utterances} acted German utterances of {speakers} speakers, each {copies}
times as one voice (alone, followed by itself or by somebody else) and {copies} times with another speaker over at
least 60 % of it, 0 to 6 dB quieter; both kinds with other formants, pitch and tempo, through the same
microphones, rooms, echoes, generated music, noise and codecs (opus, mp3, AMR at 8 kHz).

Linear discriminant analysis, its covariance shrunk by {shrinkage} towards the diagonal, by
`python -m pipeline.research.overlap.train`, seeded, on one thread; `--check` prints the figures below again.

## Figures

{figures}

## Cautions

- Both corpora are studio or book recordings, and the voices at once were added up by a computer. How it does on people
  who really talk over each other was not measured.
- A voice far below the other (more than about 6 dB), or over less than half of a region, may be missed.
- Crowds, laughter and singing behind a voice are not in the training data.
- In strong echo ("stairwell") and under music half or more of the voices at once are missed. No single voice of the
  other corpus was lost, but with so few pieces up to one in twenty might be.

## Licence

Weights: Apache-2.0. Training data: CC0-1.0. The encoder (Whisper base, MIT) is not part of these files.
"""


def main(
    check: Annotated[bool, typer.Option("--check", help="print the figures without saving the detector")] = False,
    output: Annotated[Path, typer.Option(help="where to save the detector")] = OVERLAP_FOLDER,
) -> None:
    """Train the detector on voices laid over each other and print its figures."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)  # sums in the same order each time
    data = data_folder(ACTED, READ)
    encoder = WhisperEncoder(model_cache.locate("whisper-base"))
    acted, read = read_speech(data / ACTED), material.read_pieces(data / READ)
    groups = trial.groups_of(acted.speakers)
    training = stacked([embed(copy, encoder) for copy in _training_copies(acted, groups)])
    known = {way: embed(speech, encoder) for way, speech in material.judging(acted, groups)}
    strangers = dict.fromkeys(read.speakers.tolist(), 0)
    unknown = {way: embed(speech, encoder) for way, speech in material.judging(read, strangers)}
    calibration = trial.calibrate(training, groups)
    digest = hashlib.sha256((data / ACTED / LABELS_FILE).read_bytes()).hexdigest()
    head = trial.fit(training, encoder.name, digest, calibration.temperature)
    figures = figures_text(
        trial.judge(training, known, groups),
        trial.taken_for_several(head, unknown, calibration.threshold),
        len(read.waveforms),
        calibration,
    )
    typer.echo(figures)
    if not check:
        save(head, output)
        (output / CARD_FILE).write_text(card_text(acted, figures), encoding="utf-8")
        typer.echo(f"\nSaved to {output}")


def figures_text(
    known: Mapping[str, NDArray[np.bool_]],
    unknown: Mapping[str, NDArray[np.bool_]],
    pieces: int,
    calibration: trial.OverlapCalibration,
) -> str:
    """The figures as Markdown, which also reads well in a terminal."""
    lines = [
        "Share that is taken for several voices at once: of one voice, what is lost; of several, what is caught.",
        f"{ACTED}: {trial.GROUP_SPEAKERS} speakers at a time by a detector and a threshold of the others. {READ}: "
        f"{pieces} pieces of up",
        f"to {material.JUDGED_PIECE_S:g} s, by this detector; it had no part in training.",
        "",
        f"| | {ACTED}, held out | {READ} |",
        "|---|---|---|",
        *(f"| {way} | {np.mean(known[way]):.3f} | {np.mean(unknown[way]):.3f} |" for way in sorted(known, key=_order)),
        "",
        f"Temperature {calibration.temperature:.4f}. Threshold that loses {trial.LOST:.0%} of single voices of "
        f"training, changed ones among",
        f"them: {calibration.threshold:.4f}; default of the gate: {Gate.max_overlap_probability:g}.",
    ]
    return "\n".join(lines)


def card_text(speech: Speech, figures: str) -> str:
    """The model card, in Markdown."""
    return CARD.format(
        utterances=speech.emotions.size,
        speakers=len(set(speech.speakers.tolist())),
        copies=COPIES,
        shrinkage=recipe.SHRINKAGE,
        figures=figures,
    )


def _training_copies(speech: Speech, groups: trial.Groups) -> Iterator[Speech]:
    """The clean utterances as single voices, and changed copies of single voices and of two at once."""
    yield dataclasses.replace(speech, emotions=np.full(len(speech.waveforms), ONE))
    for number in range(COPIES):
        yield material.training_copy(speech, number, groups)


def _order(way: str) -> tuple[bool, str]:
    return way.startswith(SEVERAL), way


if __name__ == "__main__":
    try:
        typer.run(main)
    except UserError as mistake:
        typer.echo(mistake, err=True)
        sys.exit(2)
