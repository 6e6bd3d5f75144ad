"""The figures of the starter, and its model card in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from pipeline.analysis.heads.head import LinearHead
from pipeline.analysis.heads.novelty import STRANGE
from pipeline.analysis.tone import calibration as tone_calibration
from pipeline.research.starter import conformal, recipe, shares
from pipeline.research.starter.corpus import OTHER, Corpus
from pipeline.research.starter.leave_corpora_out import (
    Calibration,
    ReadAgainst,
    Scores,
    four_tones,
    scores,
)
from pipeline.research.starter.material import CREMA, EMODB, JUDGED, Material

CARD = """\
# Starter tone model

Perceived tone of a speech region ({labels}) from its stored embedding: the second block of Whisper base's encoder in
float32, each frame normed, averaged over all frames and over the louder ones ({dims:,} numbers), standardised, one
linear layer, softmax with a temperature. {weights:,} weights. It says how a voice sounds to this model,
**not what a person feels**. "{other}" is a voice that is none of the four tones, as afraid or disgusted ones are.

Beside the probabilities it gives a set of labels that is meant to hold the true one in {coverage:.0%} of speech. A set
with several labels, or with none, means **unsure**. Novelty (0–1) is the share of the training speech whose embedding
lies nearer to its middle; from {strange:g} on the set holds every label. It tells noise and tones from speech, and
**not** which speech the model gets wrong.

## Figures on strangers

**These are the figures that count for clips of your own**: each corpus was scored by a model, a temperature and a
threshold in which it had no part. "Clean" is the corpus as it is; "degraded" is each utterance under music, in the
street, in a stairwell, in another voice, by telephone or at another tempo, after aac at 32 or 64 kbit/s. The true tone
is the one that was acted; the four tones alone are judged, since only one corpus has others. Block, pooling, weights of
the labels and penalty were chosen by this table, so it is somewhat too good.

{strangers}

Read against "{training}", an embedding is standardised by the training corpora, as in a study without a reference of
its own; "{half_way}" and "{study}" take the mean and spread of the held-out corpus itself, in part or whole. `cliptone
reference` goes half-way at most. What that gains and costs where tones are not equally frequent, mean over the same
corpora, {draws} drawn studies each:

{mixtures}

**Shares of tones are not measured by this model**: an error of this size turns them round. Compare groups within a
study, or correct shares by labels of your own.

## Figures on unheard speakers of the training corpora

Better, because language, rooms and sentences are known; nobody's clips are like that.

{speakers}

## Training data

- Emo-DB (Burkhardt, Paeschke, Rolfes, Sendlmeier and Weiss 2005, *A Database of German Emotional Speech*, Interspeech),
  CC0-1.0, four of its seven classes: {emodb}.
- CREMA-D (Cao, Cooper, Keutmann, Gur, Nenkova and Verma 2014, IEEE Transactions on Affective Computing): {crema}. What
  a clip was acted as and what about ten listeners heard in the voice alone count half each. This model **contains
  information from CREMA-D, which is made available under the Open Database License (ODbL)**; no audio and no votes are
  shipped.
- {copies} changed copies of each utterance: cut or joined, with other formants, pitch and tempo, through other
  microphones and rooms, over generated music, noise or babble, through opus, mp3 and AMR at 8 kHz.

BanglaSER (Das et al. 2022; Bangla speech of 34 people, on phones and laptops) has no part in training.

Logistic regression with an L2 penalty (C {penalty:g} for weights that sum to 1), each corpus standardised by itself,
each corpus and label of the same weight ("{other}" {other_weight:g}), by `python -m pipeline.research.starter.train`,
on one thread; `--check` prints the figures again.

Temperature {temperature:.4f}, threshold of the sets {threshold:.4f}, from the three corpora, each held out in turn,
clean and degraded: the geometric mean of their temperatures, at least 1, and the lowest of their thresholds.

## Cautions

- **Acted speech**: {speakers_count} people in studios. Spontaneous speech is subtler; measure the model on labels of
  your own before conclusions rest on it (`cliptone evaluate`).
- The sets are made so that they hold the true label of the hardest known corpus about as often as stated. On easier
  speech they are larger than they need be, and most regions are unsure. That a set has one label does not make it right
  as often as that: the table has both.
- Acted is not heard: many CREMA-D utterances that were acted sad or happy sound neutral to most listeners.
- Voices and languages unlike the training data (children, tonal languages, speech disorders, whispering, laughter) are
  untested, and a calm, bored or ironic voice is given one of the labels, or is unsure.
- Fit for comparing groups of many clips with its error in mind. **Not fit for statements about individuals**, and
  not to be used to judge, select or monitor people.

## Licence

Weights: Apache-2.0, with the notice on CREMA-D above. The encoder (Whisper base, MIT) is not part of these files.
"""

Strangers = Mapping[str, tuple[LinearHead, Calibration]]  # by the corpus that was held out


def strangers_text(material: Material, strangers: Strangers, coverage: float) -> str:
    """The table of corpora that were held out, in Markdown, which also reads well in a terminal."""
    lines = [
        f"UAR: unweighted average recall, 0.25 by guessing. ECE: expected calibration error "
        f"({tone_calibration.CALIBRATION_BINS} bins). Stated coverage: {coverage:.2f}.",
        "",
        "| held out | speech | read against | UAR | accuracy | ECE | coverage | one label | right of those |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, (head, calibration) in strangers.items():
        for way in JUDGED:
            for reference in ReadAgainst:
                found = four_tones(scores(head, material.corpus(name, way), reference), head.labels)
                lines.append(f"| {name} | {way} | {reference} | {_cells(found, calibration)} |")
    return "\n".join(lines)


def mixtures_text(material: Material, strangers: Strangers) -> str:
    """Studies of unequal shares of tones, drawn from the corpora held out, as Markdown."""
    drawn = shares.measure(
        (material.corpus(name, JUDGED[0]), head, calibration) for name, (head, calibration) in strangers.items()
    )
    kinds = " / ".join(ReadAgainst)
    lines = [
        f"| {', '.join(shares.TONES)} (%) | UAR: {kinds} | ECE | accuracy |",
        "|---|---|---|---|",
    ]
    for mixture in shares.MIXTURES:
        of_each = [drawn[mixture, reference] for reference in ReadAgainst]
        cells = [
            " / ".join(f"{getattr(one, measure):.2f}" for one in of_each) for measure in ("uar", "ece", "accuracy")
        ]
        lines.append(f"| {' '.join(map(str, mixture))} | {' | '.join(cells)} |")
    return "\n".join(lines)


def speakers_text(found: Mapping[str, Scores], calibration: Calibration) -> str:
    """The table of speakers that were held out, all labels judged, as Markdown."""
    lines = [
        "| corpus | UAR | accuracy | ECE | coverage | one label | right of those |",
        "|---|---|---|---|---|---|---|",
        *(f"| {name} | {_cells(part, calibration)} |" for name, part in found.items()),
    ]
    return "\n".join(lines)


def card_text(
    material: Material,
    head: LinearHead,
    calibration: Calibration,
    tables: tuple[str, str, str],
) -> str:
    """The model card, in Markdown: `tables` of strangers, mixtures and speakers."""
    emodb, crema = (material.corpus(name, JUDGED[0]) for name in (EMODB, CREMA))
    return CARD.format(
        labels=", ".join(head.labels),
        other=OTHER,
        dims=head.mean.size,
        weights=head.weights.size + head.bias.size,
        coverage=recipe.COVERAGE,
        strange=STRANGE,
        strangers=tables[0],
        mixtures=tables[1],
        speakers=tables[2],
        training=ReadAgainst.TRAINING,
        half_way=ReadAgainst.HALF_WAY,
        study=ReadAgainst.STUDY,
        draws=shares.DRAWS,
        emodb=_counts_text(emodb),
        crema=_counts_text(crema),
        copies=recipe.COPIES,
        penalty=recipe.INVERSE_PENALTY,
        other_weight=recipe.OTHER_WEIGHT,
        temperature=calibration.temperature,
        threshold=calibration.threshold,
        speakers_count=sum(len(set(part.speakers.tolist())) for part in (emodb, crema)),
    )


def _counts_text(corpus: Corpus) -> str:
    labels, counts = np.unique(corpus.emotions, return_counts=True)
    by_label = ", ".join(f"{label} {count}" for label, count in zip(labels.tolist(), counts, strict=True))
    return f"{corpus.emotions.size} utterances of {len(set(corpus.speakers.tolist()))} speakers ({by_label})"


def _cells(found: Scores, calibration: Calibration) -> str:
    """Figures of one line of a table; UAR over the labels that occur."""
    odds = tone_calibration.probabilities(found.logits, calibration.temperature)
    said = odds.argmax(axis=1)
    reached = conformal.label_sets(odds, calibration.threshold)
    if found.strange is not None:
        reached |= found.strange[:, np.newaxis]
    sets = conformal.measure_sets(reached, found.truth)
    numbers: Iterable[float | None] = (
        float(np.mean([np.mean(said[found.truth == one] == one) for one in np.unique(found.truth)])),
        float(np.mean(said == found.truth)),
        tone_calibration.expected_calibration_error(odds, found.truth),
        sets.coverage,
        sets.sure,
        sets.sure_accuracy,
    )
    return " | ".join("none" if number is None else f"{number:.3f}" for number in numbers)
