"""The reference of a study, which its voices are read against: mean and spread of the embeddings of scored speech."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.heads import reference
from pipeline.analysis.heads.reference import StudyReference
from pipeline.errors import UserError
from pipeline.results.evaluation import stored
from pipeline.results.study import StudyReader
from pipeline.study.folder import StudyFolder

LEAST_REGIONS = 10  # below, a spread says next to nothing
#: Regions whose tone was scored by any model: speech with enough evidence, without music over it.
SCORED = "SELECT DISTINCT clip_id, region FROM emotions WHERE status = 'scored'"


def take_reference(folder: StudyFolder, encoder: str) -> StudyReference:
    """Take the reference of a study from what it stores, and save it.

    `UserError` where there is too little speech, or where its embeddings are not by the encoder that heads read now.
    """
    with StudyReader(folder.published) as reader:
        found = stored.embeddings(reader)
        scored = {(row["clip_id"], row["region"]) for row in reader.arrow(SCORED, {}).to_pylist()}
        chosen = np.array([place in scored for place in found.places], dtype=bool)
        clips = {clip_id for clip_id, region in found.places if (clip_id, region) in scored}
        known = stored.facts(reader, clips)
    if found.encoder != encoder:
        raise UserError(f"tone is read from embeddings by {encoder} now, not by {found.encoder}: run the study first")
    if chosen.sum() < LEAST_REGIONS:
        kept = "; the reference that was taken before stays" if folder.reference.exists() else ""
        raise UserError(
            f"a reference needs at least {LEAST_REGIONS} speech regions with a tone, this study has {chosen.sum()}"
            f"{kept}"
        )
    rows = np.concatenate(found.chunks)[chosen].astype(np.float64)
    taken = StudyReference(
        encoder=found.encoder,
        mean=rows.mean(axis=0),
        variance=rows.var(axis=0),
        regions=int(chosen.sum()),
        authors=len({known[clip_id].author_key for clip_id in clips}),  # those who are not known count as one
    )
    reference.save(taken, folder.reference)
    return taken
