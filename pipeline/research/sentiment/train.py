"""Train the sentiment head, and say what it is worth: `python -m pipeline.research.sentiment.train ARCHIVE`.

ARCHIVE is the source archive of vaderSentiment (see `ratings`). One half of the ratings trains and chooses the strength
of the ridge by cross-validation, the other reports; `--check` reports what the shipped head is worth and saves nothing.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.catalogue import SENTIMENT_FOLDER
from pipeline.analysis.text.e5 import E5, NAME
from pipeline.analysis.text.e5_weights import Floats
from pipeline.analysis.text.sentiment import HEAD, SentimentHead
from pipeline.research.sentiment.ratings import SOURCES, Rated, read_ratings

SIGNS = Path(__file__).with_name("signs.toml")
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0)
DIGITS = 5  # of a weight
CHUNK = 200  # texts between two lines of progress

Signs = Mapping[str, Mapping[str, Sequence[str]]]


def main(
    archive: Annotated[Path, typer.Argument(help="vaderSentiment-3.3.2.tar.gz")],
    output: Annotated[Path, typer.Option(help="where to save the head")] = SENTIMENT_FOLDER,
    check: Annotated[bool, typer.Option(help="report what the saved head is worth, and train none")] = False,
) -> None:
    """Train a head on one half of the ratings, report it on the other half and on sentences of other languages."""
    rated = read_ratings(archive)
    encoder = E5(model_cache.locate(NAME))
    vectors = np.concatenate([encoder.embed([one.text for one in part]) for part in _parts(rated)])
    if not check:
        save(output, fitted(rated, vectors), read_signs())
    typer.echo(report(SentimentHead(output), rated, vectors, encoder))


def fitted(rated: Sequence[Rated], vectors: Floats) -> tuple[Floats, float]:
    """The weights and the intercept of a ridge on the training half."""
    from sklearn.linear_model import RidgeCV

    training = np.array([one.is_training for one in rated])
    ratings = np.array([one.rating for one in rated])
    ridge = RidgeCV(STRENGTHS).fit(vectors[training], ratings[training])
    return ridge.coef_.astype(np.float32), float(ridge.intercept_)


def save(folder: Path, head: tuple[Floats, float], signs: Signs) -> None:
    """Write a head as the stage `text_embed` reads it."""
    weights, intercept = head
    stored = {
        "encoder": NAME,
        "intercept": round(intercept, DIGITS),
        "measured": {"en": "ratings", **dict.fromkeys(sorted(signs), "signs")},
        "weights": [round(float(one), DIGITS) for one in weights],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HEAD).write_text(json.dumps(stored) + "\n", encoding="utf-8")


def read_signs() -> Signs:
    """Sentences of other languages whose sign nobody doubts, by language and sign."""
    return tomllib.loads(SIGNS.read_text(encoding="utf-8"))


def report(head: SentimentHead, rated: Sequence[Rated], vectors: Floats, encoder: E5) -> str:
    """Two tables: correlation with people on the half that did not train, beside VADER's, and signs by language."""
    lines = ["| English, rated by people | texts | r of this head | r of VADER |", "|---|---|---|---|"]
    for source in SOURCES:
        chosen = [number for number, one in enumerate(rated) if one.source == source and not one.is_training]
        ratings = [rated[number].rating for number in chosen]
        ours, vader = head.score(vectors[chosen]), _vader([rated[number].text for number in chosen])
        lines.append(f"| {source} | {len(chosen)} | {_r(ours, ratings):.2f} | {_r(vader, ratings):.2f} |")
    lines += ["", "| easy sentences | with the right sign |", "|---|---|"]
    for language, sentences in sorted(read_signs().items()):
        scores = {sign: head.score(encoder.embed(list(texts))) for sign, texts in sentences.items()}
        right = sum(one > 0 for one in scores["positive"]) + sum(one < 0 for one in scores["negative"])
        lines.append(f"| {language} | {right} of {sum(map(len, scores.values()))} |")
    return "\n".join(lines)


def _vader(texts: Sequence[str]) -> list[float]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    return [analyzer.polarity_scores(text)["compound"] for text in texts]


def _r(one: Sequence[float], other: Sequence[float]) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def _parts(rated: Sequence[Rated]) -> list[Sequence[Rated]]:
    parts = [rated[start : start + CHUNK] for start in range(0, len(rated), CHUNK)]
    typer.echo(f"{len(rated)} texts in {len(parts)} parts; a part takes some ten seconds", err=True)
    return parts


if __name__ == "__main__":
    typer.run(main)
