"""How long a search by meaning takes: `python -m pipeline.research.bench.meaning --vectors 100000`.

Random vectors of the real width in a table of the real form: every one is compared, so what they say does not matter.
The search itself counts, from the vector of the sentence to the texts; to load the model takes a second or two more.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer
from numpy.typing import NDArray

from pipeline.analysis.text import e5
from pipeline.records import ClipRow, MediaRow, SegmentRow, TextEmbeddingRow
from pipeline.results.meaning import NEAREST
from pipeline.store.connect import open_database

WIDTH = 384
ROUNDS = 5
CHUNK = 50_000
NAMES = ("clip_id", "channel", "part", "word_count", "model", "sentiment_model", "sentiment_measured")


def main(vectors: Annotated[int, typer.Option(min=1, help="texts in the study")] = 100_000) -> None:
    """Print the median time of a search."""
    with tempfile.TemporaryDirectory() as folder:
        connection = open_database(Path(folder) / "study.duckdb", [ClipRow, MediaRow, SegmentRow, TextEmbeddingRow])
        random = np.random.default_rng(1)
        for start in range(0, vectors, CHUNK):
            _insert(connection, random, start, min(CHUNK, vectors - start))
        asked = {"vector": _unit(random, 1)[0].tolist(), "model": e5.NAME, "channel": None, "limit": 10}
        seconds = []
        for _ in range(ROUNDS):
            before = time.perf_counter()
            connection.execute(NEAREST, asked).fetchall()
            seconds.append(time.perf_counter() - before)
        connection.close()
    typer.echo(f"| {vectors:,} vectors | {statistics.median(seconds):.2f} s |")


def _unit(random: np.random.Generator, count: int) -> NDArray[np.float32]:
    drawn = random.standard_normal((count, WIDTH), dtype=np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn


def _insert(connection: Any, random: np.random.Generator, start: int, count: int) -> None:
    ends = pa.array(np.arange(0, (count + 1) * WIDTH, WIDTH, dtype=np.int32))
    incoming = pa.table(
        {
            "clip_id": [f"tiktok:{start + number}" for number in range(count)],
            "embedding": pa.ListArray.from_arrays(ends, pa.array(_unit(random, count).ravel())),
        }
    )
    connection.register("incoming", incoming)
    connection.execute(
        f"INSERT INTO text_embeddings ({', '.join(NAMES)}, embedding) "  # noqa: S608 - own names
        f"SELECT clip_id, 'speech', 0, 5, '{e5.NAME}', 'e5-sentiment', 'ratings', embedding FROM incoming"
    )
    connection.unregister("incoming")


if __name__ == "__main__":
    typer.run(main)
