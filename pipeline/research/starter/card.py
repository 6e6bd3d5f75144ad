"""The figures of the starter, and its model card in Markdown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import LinearHead
from pipeline.analysis.tone import calibration as tone_calibration
from pipeline.research.starter import conformal, recipe
from pipeline.research.starter.corpus import Speech
from pipeline.research.starter.leave_speakers_out import CALIBRATION, Held, StarterCalibration

CARD = """\
# Starter tone model

Perceived tone of a speech region ({labels}) from its stored embedding: the third block of Whisper base's encoder in
int8, each frame normed, averaged over all frames and over the louder ones ({dims:,} numbers), standardised, one linear
layer, softmax with a temperature. {weights:,} weights. It says how a voice sounds to this model,
**not what a person feels**.

Beside the probabilities it gives a set of labels that holds the true one in {coverage:.0%} of speech like that of the
calibration. A set with several labels, or with none, means **unsure**.

## Training data

Emo-DB (Burkhardt, Paeschke, Rolfes, Sendlmeier and Weiss 2005, *A Database of German Emotional Speech*, Interspeech),
CC0-1.0, four of its seven classes: {utterances} utterances of ten fixed sentences, acted by {speakers} Germans
in a studio ({counts}); and {copies} changed copies of each: cut or joined, with other formants, pitch and tempo,
through other microphones and rooms, over generated music, noise or babble, through opus, mp3 and AMR at 8 kHz.

Linear discriminant analysis, its covariance shrunk by {shrinkage} towards the diagonal, by
`python -m pipeline.research.starter.train`, seeded, on one thread; `--check` prints the figures below again.

## Figures

Each speaker was scored by a model that had heard only the others. "Street", "stairwell" and the kinds of music, the
codec (aac) and the change of speed of the judging copies occur in no training copy. Calibration error and sets are
those of a temperature and a threshold in which the scored speaker had no part; both are fitted on {calibration}
together, so the stated coverage is that of the last line alone. Speech in the clear is covered more often, speech over
music or in the street and other voices less, and speech in strong echo far less.

{figures}

## Cautions

- **Acted German studio speech of {speakers} people.** The figures above hold for such speech and for copies of it. On
  strangers (another language, spontaneous speech) it is clearly worse, and its probabilities are then too confident
  and its sets too small: the stated coverage, too, was measured on acted German speech only. How much worse must be
  measured on clips of your own study with labels of your own, before conclusions rest on it.
- The block, what is pooled and the shrinkage were chosen by scores of these same ten speakers, held out in turn, on all
  these ways to judge: the figures are somewhat too good for that reason too, the lines not calibrated on as well.
- The same ten sentences occur with every tone, so words could not help it here; who speaks which way in the wild can.
- It knows four labels: a calm, bored, afraid or ironic voice is given one of the four, or is unsure.
- Fit for comparing groups of many clips with its error in mind. **Not fit for statements about individuals**, and
  not to be used to judge, select or monitor people.
- Voices and languages unlike the training data (children, elderly people, tonal languages, speech disorders) are
  untested.

## Licence

Weights: Apache-2.0. Training data: CC0-1.0. The encoder (Whisper base, MIT) is not part of these files.
"""


def figures_text(held: Held, speakers: int, coverage: float) -> str:
    """The figures as Markdown, which also reads well in a terminal."""
    judged_by = [way for way in held.logits if way in CALIBRATION]
    table = [
        "| judged on | UAR | accuracy | ECE, T = 1 | ECE | coverage | one label | right of those | no label |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_table_row([way], held) for way in held.logits),
        _table_row(judged_by, held),
    ]
    confusions = [_confusion_text(way, held) for way in judged_by]
    return "\n".join(
        [
            f"Leave one speaker out: {speakers} speakers, {held.truth.size} utterances each way. UAR: unweighted "
            f"average recall,",
            f"{1 / len(held.labels):.2f} by guessing. ECE: expected calibration error "
            f"({tone_calibration.CALIBRATION_BINS} bins). Stated coverage of the sets: {coverage:.2f}.",
            "",
            *table,
            "",
            f"Sets that hold the true label, where {coverage:.2f} is stated: {_coverages(held)}.",
            "",
            "\n\n".join(confusions),
        ]
    )


def reading_text(
    name: str, logits: NDArray[np.float64], labels: tuple[str, ...], calibration: StarterCalibration
) -> str:
    """The model's labels for unlabelled speech of some name: utterances by label, and how many it is unsure of."""
    shares = tone_calibration.probabilities(logits, calibration.temperature)
    sure = _label_sets(logits, calibration).sum(axis=1) == 1
    said = shares.argmax(axis=1)
    counts = ", ".join(
        f"{label} {np.sum(said == number)} (sure of {np.sum(sure & (said == number))})"
        for number, label in enumerate(labels)
    )
    return f"Unlabelled speech of {name}, {said.size} utterances: {counts}; unsure of {np.sum(~sure)}."


def card_text(speech: Speech, head: LinearHead, figures: str) -> str:
    """The model card, in Markdown."""
    labels, counts = np.unique(speech.emotions, return_counts=True)
    return CARD.format(
        labels=", ".join(labels.tolist()),
        dims=head.mean.size,
        weights=head.weights.size + head.bias.size,
        coverage=recipe.COVERAGE,
        utterances=speech.emotions.size,
        speakers=len(set(speech.speakers.tolist())),
        counts=", ".join(f"{label} {count}" for label, count in zip(labels, counts, strict=True)),
        copies=recipe.COPIES,
        shrinkage=recipe.SHRINKAGE,
        calibration=" and ".join(f'"{way}"' for way in CALIBRATION),
        figures=figures,
    )


def _table_row(ways: list[str], held: Held) -> str:
    """One line of the table, over all utterances of some ways to judge."""
    own, truth = held.own_calibration, np.tile(held.truth, len(ways))
    logits = np.concatenate([held.logits[way] for way in ways])
    shares = np.concatenate([tone_calibration.probabilities(held.logits[way], own.temperature) for way in ways])
    sets = conformal.measure_sets(np.concatenate([_label_sets(held.logits[way], own) for way in ways]), truth)
    counts = tone_calibration.confusion(truth, logits.argmax(axis=1), len(held.labels))
    numbers = (
        tone_calibration.unweighted_average_recall(counts),
        float(np.diag(counts).sum() / counts.sum()),
        tone_calibration.expected_calibration_error(tone_calibration.probabilities(logits), truth),
        tone_calibration.expected_calibration_error(shares, truth),
        sets.coverage,
        sets.sure,
        sets.sure_accuracy,
        sets.empty,
    )
    cells = " | ".join("none" if number is None else f"{number:.3f}" for number in numbers)
    return f"| {' and '.join(ways)} | {cells} |"


def _coverages(held: Held) -> str:
    """The coverage of each way to judge, by calibrations in which the scored speaker had no part."""
    sets = {way: _label_sets(logits, held.own_calibration) for way, logits in held.logits.items()}
    return ", ".join(f"{way} {conformal.measure_sets(sets[way], held.truth).coverage:.3f}" for way in sets)


def _label_sets(logits: NDArray[np.float64], calibration: StarterCalibration) -> NDArray[np.bool_]:
    shares = tone_calibration.probabilities(logits, calibration.temperature)
    return conformal.label_sets(shares, calibration.threshold)


def _confusion_text(way: str, held: Held) -> str:
    """Utterances by true label and by the model's, with the recall of each."""
    counts = tone_calibration.confusion(held.truth, held.logits[way].argmax(axis=1), len(held.labels))
    lines = [
        f"| {way}: truly | recall | {' | '.join(f'said {label}' for label in held.labels)} |",
        "|---|---|" + "---|" * len(held.labels),
    ]
    for label, recall, row in zip(held.labels, tone_calibration.recalls(counts), counts, strict=True):
        lines.append(f"| {label} | {recall:.2f} | {' | '.join(str(count) for count in row)} |")
    return "\n".join(lines)
