"""The model card of a head, in Markdown: what it was trained on, how it does on unheard authors, and cautions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pipeline.results.evaluation.bootstrap import RESAMPLES, Interval
from pipeline.results.evaluation.labels import LeftOut, left_out_counts
from pipeline.results.evaluation.measures import Figure, tone_figures
from pipeline.results.evaluation.train_head import INVERSE_PENALTY, Examples, Trained

LEFT_OUT = "Left out: "
#: How older versions wrote what was left out: each reason with its first lines and the ids of their clips.
NAMING = re.compile(rf"^{LEFT_OUT}.*\(line \d.*$", re.MULTILINE)
COUNTED = re.compile(r"(?:(?<=^Left out: )|(?<=\); ))\d+ × [^();:]+?(?= \(line \d)")

CARD = """\
# Tone model heads/{name}

Labels of a speech region ({labels}) from its stored embedding ({encoder}, {dims:,} numbers). It says how a voice
sounds to people who label like those behind this file, **not what a person feels**.

## Training data

{regions:,} speech regions of {groups:,} authors (a clip without an author counts as one), from {file}
(sha256 {sha256}): {counts}.

{left_out}

## Method

Multinomial logistic regression (scikit-learn) over standardised embeddings with an L2 penalty (C = {penalty}, fixed
beforehand), each label weighted to count alike; softmax with a temperature of {temperature:.4f}, fitted on held-out
folds.

## Figures

{folds}-fold cross-validation over authors: each region was scored by a head that had heard nothing of its author, with
a temperature fitted on the other folds. Intervals are 95 %, from {resamples:,} bootstrap resamples of authors. By
chance alone, UAR is {chance:.3f}.

{figures}

### Confusion

Rows are the labels of people, columns those of the head.

{confusion}

![confusion](confusion.png)

![calibration](reliability.png)

## Cautions

- The figures hold for authors and clips like the labelled ones, and for labels given in the same way. With few
  authors the intervals are too narrow.
- Every label was weighted alike: where one is much rarer or more frequent than here, its probability is off, and the
  calibration above does not hold.
- A region of a clip that was labelled as a whole has the label of the clip.
- Fit for comparing groups of many clips with its error in mind. **Not fit for statements about individuals**, and not
  to be used to judge, select or monitor people.
"""


def card(name: str, file: str, examples: Examples, trained: Trained, left_out: Sequence[LeftOut]) -> str:
    """The card of a head as Markdown."""
    counts = Counter(examples.labels.tolist())
    lost = left_out_counts(left_out)
    return CARD.format(
        name=name,
        labels=", ".join(trained.head.labels),
        encoder=examples.encoder,
        dims=examples.embeddings.shape[1],
        regions=counts.total(),
        groups=len(set(examples.groups.tolist())),
        file=file,
        sha256=examples.labels_sha256,
        counts=", ".join(f"{label} {count:,}" for label, count in sorted(counts.items())),
        left_out=f"{LEFT_OUT}{'; '.join(lost)}." if lost else "Every line of the file was used.",
        penalty=INVERSE_PENALTY,
        temperature=trained.head.temperature,
        folds=trained.folds,
        resamples=RESAMPLES,
        chance=1 / len(trained.head.labels),
        figures=_figures_table(tone_figures(trained.judged)),
        confusion=_confusion_table(trained),
    )


def without_ids(text: str) -> str:
    """A card as an older version wrote it, without the ids of clips that it names as left out."""
    return NAMING.sub(lambda found: f"{LEFT_OUT}{'; '.join(COUNTED.findall(found[0]))}.", text)


def in_words(estimate: Interval) -> str:
    """A figure with its interval, or why it is unknown."""
    if estimate.value is None:
        return f"unknown ({estimate.reason})"
    interval = "" if estimate.low is None else f" ({estimate.low:.3f} to {estimate.high:.3f})"
    return f"{estimate.value:.3f}{interval}"


def _figures_table(figures: Sequence[Figure]) -> str:
    lines = ["| measure | label | value | regions |", "|---|---|---|---|"]
    lines += [f"| {one.measure} | {one.label or 'all'} | {in_words(one.estimate)} | {one.n:,} |" for one in figures]
    return "\n".join(lines)


def _confusion_table(trained: Trained) -> str:
    labels = trained.head.labels
    lines = [f"| | {' | '.join(labels)} |", "|---" * (len(labels) + 1) + "|"]
    for label, row in zip(labels, trained.judged.confusion.tolist(), strict=True):
        lines.append(f"| **{label}** | {' | '.join(str(count) for count in row)} |")
    return "\n".join(lines)
