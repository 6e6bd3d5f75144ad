"""What must be known of the starter before its scores are used: its figures, and its model card in Markdown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.tone import evaluation
from pipeline.tone.starter_corpus import Corpus

CARD = """\
# Starter tone model

Perceived tone of a speech region ({labels}) from its stored embedding: mean and standard deviation
over time of the third and fourth blocks of Whisper base's encoder (2,048 numbers), standardised, one linear layer,
softmax with a temperature. {weights:,} weights. It says how a voice sounds to this model, **not what a person feels**.

## Training data

Emo-DB (Burkhardt, Paeschke, Rolfes, Sendlmeier and Weiss 2005, *A Database of German Emotional Speech*, Interspeech),
CC0-1.0, four of its seven classes: {utterances} utterances of ten fixed sentences, acted by {speakers} Germans
in a studio ({counts}).

Logistic regression with L2 (C = 0.01) and balanced classes, trained with SpeechBrain by
`python -m pipeline.tone.train_starter`, seeded, on one thread; `--check` prints the figures below again.

## Figures

Each speaker was scored by a model that had heard only the others. The temperature saved with the weights
({temperature:.4f}) was fitted on these held-out scores; "after" below is stricter: each speaker's temperature
was fitted on the other speakers alone.

{figures}

## Cautions

- **Acted German studio speech of {speakers} people.** The figures above hold for such speech. On strangers (another
  language, spontaneous speech, other microphones, music or noise behind the voice) it is clearly worse, and its
  probabilities are then too confident: calibration, too, was measured on acted German studio speech only. How much
  worse must be measured on clips of your own study with labels of your own, before conclusions rest on it.
- The same ten sentences occur with every tone, so words could not help it here; who speaks which way in the wild can.
- It knows four labels and must choose one: a calm, bored, afraid or ironic voice is given one of the four.
- Fit for comparing groups of many clips with its error in mind. **Not fit for statements about individuals**, and
  not to be used to judge, select or monitor people.
- Voices and languages unlike the training data (children, elderly people, tonal languages, speech disorders) are
  untested.

## Licence

Weights: Apache-2.0. Training data: CC0-1.0. The encoder (Whisper base, MIT) is not part of these files.
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """How the starter does on speakers it has not heard."""

    labels: tuple[str, ...]
    counts: NDArray[np.int64]  # confusion, (labels, labels)
    accuracy: float  # 0–1
    error_before: float  # expected calibration error at temperature 1, 0–1
    error_after: float  # and with temperatures that the scored speaker had no part in, 0–1
    speakers: int
    weights: int  # numbers in the linear layer


def measure(
    logits: NDArray[np.float64], truth: NDArray[np.int64], temperature: NDArray[np.float64], corpus: Corpus
) -> Figures:
    """Figures from logits `(utterances, labels)` of unheard speakers and the temperature of each, `(utterances, 1)`."""
    labels = tuple(np.unique(corpus.emotions).tolist())
    said = logits.argmax(axis=1)
    return Figures(
        labels=labels,
        counts=evaluation.confusion(truth, said, len(labels)),
        accuracy=float((said == truth).mean()),
        error_before=evaluation.expected_calibration_error(evaluation.probabilities(logits), truth),
        error_after=evaluation.expected_calibration_error(evaluation.probabilities(logits, temperature), truth),
        speakers=len(set(corpus.speakers.tolist())),
        weights=(corpus.embeddings.shape[1] + 1) * len(labels),
    )


def figures_text(figures: Figures) -> str:
    """The figures as Markdown, which also reads well in a terminal."""
    recalls = evaluation.recalls(figures.counts)
    heading = " | ".join(f"said {label}" for label in figures.labels)
    table = [f"| truly | recall | {heading} |", "|---|---|" + "---|" * len(figures.labels)]
    for label, recall, row in zip(figures.labels, recalls, figures.counts, strict=True):
        table.append(f"| {label} | {recall:.2f} | {' | '.join(str(count) for count in row)} |")
    return "\n".join(
        [
            f"- unweighted average recall (UAR): {evaluation.unweighted_average_recall(figures.counts):.3f}, where "
            f"guessing gives {1 / len(figures.labels):.2f}; accuracy {figures.accuracy:.3f}",
            f"- expected calibration error ({evaluation.CALIBRATION_BINS} bins): {figures.error_before:.3f} before "
            f"temperature scaling, {figures.error_after:.3f} after",
            f"- leave one speaker out: {figures.speakers} speakers, {figures.counts.sum()} utterances",
            "",
            *table,
        ]
    )


def card_text(figures: Figures, temperature: float) -> str:
    """The model card, in Markdown."""
    totals = figures.counts.sum(axis=1)
    return CARD.format(
        labels=", ".join(figures.labels),
        weights=figures.weights,
        utterances=figures.counts.sum(),
        speakers=figures.speakers,
        counts=", ".join(f"{label} {total}" for label, total in zip(figures.labels, totals, strict=True)),
        temperature=temperature,
        figures=figures_text(figures),
    )
