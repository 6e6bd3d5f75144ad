"""Search a study by meaning: what was said or written that comes nearest to a sentence, in whatever language."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.text import e5
from pipeline.errors import UserError, how_to_install
from pipeline.store.reader import ResultsReader

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.analysis.text.e5_weights import Floats

#: Exact: every vector is compared. Both have length 1, so that the product is the cosine.
NEAREST = """
    WITH nearest AS (
        SELECT
            clip_id, channel, part, language, list_dot_product(embedding, CAST($vector AS FLOAT[])) AS similarity
        FROM text_embeddings
        WHERE embedding IS NOT NULL AND model = $model AND ($channel IS NULL OR channel = $channel)
        ORDER BY similarity DESC, clip_id, channel, part
        LIMIT $limit
    )
    SELECT
        nearest.clip_id,
        nearest.channel,
        segments.start_s AS jump_to_s,
        round(nearest.similarity, 3) AS similarity,
        nearest.language,
        trim(CASE nearest.channel WHEN 'speech' THEN segments.text ELSE clips.caption END) AS text,
        coalesce(clips.url, media.file_name) AS link
    FROM nearest
    LEFT JOIN clips USING (clip_id)
    LEFT JOIN media USING (clip_id)
    LEFT JOIN segments
        ON nearest.channel = 'speech' AND segments.clip_id = nearest.clip_id AND segments.segment = nearest.part
    ORDER BY nearest.similarity DESC, nearest.clip_id, nearest.channel, nearest.part
"""


def vector_of(sentence: str, models_folder: Path | None = None) -> Floats:
    """The vector `(384,)` of a sentence; `UserError` if it is empty, or the model is not on this machine."""
    if not sentence.strip():
        raise UserError("there is nothing to search for: give a sentence, such as 'people complain about the price'")
    folder = model_cache.find(e5.NAME, models_folder)
    if folder is None:
        raise UserError(
            f"a search by meaning needs the model {e5.NAME}, which is not here: {how_to_install('starter')}"
        )
    (vector,) = e5.E5(folder).embed([sentence])
    return np.asarray(vector)


def nearest_texts(reader: ResultsReader, vector: Floats, limit: int, channel: str | None = None) -> pa.Table:
    """Segments and captions whose meaning is nearest to a vector, the nearest first; `UserError` without any."""
    wanted = {"vector": vector.tolist(), "model": e5.NAME, "channel": channel, "limit": limit}
    found = reader.arrow(NEAREST, wanted)
    if not found.num_rows:
        raise UserError(
            "this study has no vectors of texts yet: `cliptone run STUDY.toml --stage text_embed` makes them"
        )
    return found
