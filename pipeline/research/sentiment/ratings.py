"""The ratings of people that come with the source of vaderSentiment (Hutto and Gilbert 2014, MIT licence).

Twenty raters a text, from -4 to 4: tweets, sentences of product reviews, of newspaper editorials and of film reviews.
`pip download vaderSentiment==3.3.2 --no-deps --no-binary :all:` fetches the archive.
"""

from __future__ import annotations

import html
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError

INNER = "additional_resources/hutto_ICWSM_2014.tar.gz"
SOURCES = {
    "tweets": "tweets",
    "product reviews": "amazonReviewSnippets",
    "editorials": "nytEditorialSnippets",
    "film reviews": "movieReviewSnippets",
}
TEXTS_A_SOURCE = 1_500  # taken evenly
HIGHEST = 4.0  # of a rating


@dataclass(frozen=True, slots=True)
class Rated:
    """A text, what people said of it from -1 to 1, and which half of the material it belongs to."""

    source: str
    text: str
    rating: float
    is_training: bool


def read_ratings(archive: Path) -> list[Rated]:
    """The rated texts of the source archive of vaderSentiment; sentences of one review stay in one half."""
    try:
        with tarfile.open(archive) as outer:
            inner = outer.extractfile(next(name for name in outer.getnames() if name.endswith(INNER)))
            content = inner.read() if inner else b""
    except (OSError, tarfile.TarError, StopIteration) as error:
        raise UserError(
            f"{archive} is not the source archive of vaderSentiment 3.3.2: `pip download vaderSentiment==3.3.2 "
            "--no-deps --no-binary :all:` fetches it"
        ) from error
    with tarfile.open(fileobj=io.BytesIO(content)) as folder:
        return [one for source, name in SOURCES.items() for one in _rated(folder, source, name)]


def _rated(folder: tarfile.TarFile, source: str, name: str) -> list[Rated]:
    path = next(one for one in folder.getnames() if one.endswith(f"/{name}_GroundTruth.txt") and "/._" not in one)
    file = folder.extractfile(path)
    lines = (file.read() if file else b"").decode("utf-8", "replace").splitlines()
    parts = [line.split("\t", 2) for line in lines if line.count("\t") >= 2]
    step = max(1.0, len(parts) / TEXTS_A_SOURCE)
    chosen = [parts[int(number * step)] for number in range(min(len(parts), TEXTS_A_SOURCE))]
    return [
        Rated(source, html.unescape(text), float(rating) / HIGHEST, int(key.partition("_")[0]) % 2 == 0)
        for key, rating, text in chosen
    ]
