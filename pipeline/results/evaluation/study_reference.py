"""The reference of a study, which its voices are read against: mean and spread of the embeddings of scored speech."""

from __future__ import annotations

import numpy as np

from pipeline.analysis.heads import reference
from pipeline.analysis.heads.reference import Reference
from pipeline.errors import UserError
from pipeline.results.evaluation import stored
from pipeline.results.study import StudyReader
from pipeline.study.folder import StudyFolder

LEAST_REGIONS = 10  # below, a spread says next to nothing
#: Regions whose tone was scored by any model: speech with enough evidence, without music over it.
SCORED = "SELECT DISTINCT clip_id, region FROM emotions WHERE status = 'scored'"


def take_reference(folder: StudyFolder) -> Reference:
    """Take the reference of a study from what it stores, and save it; `UserError` where there is too little speech."""
    with StudyReader(folder.published) as reader:
        found = stored.embeddings(reader)
        scored = {(row["clip_id"], row["region"]) for row in reader.arrow(SCORED, {}).to_pylist()}
        chosen = np.array([place in scored for place in found.places], dtype=bool)
        clips = {clip_id for clip_id, region in found.places if (clip_id, region) in scored}
        known = stored.facts(reader, clips)
    if chosen.sum() < LEAST_REGIONS:
        raise UserError(
            f"a reference needs at least {LEAST_REGIONS} speech regions with enough evidence, this study has "
            f"{chosen.sum()}: its voices are read against those that the model was trained on"
        )
    rows = np.concatenate(found.chunks)[chosen].astype(np.float64)
    taken = Reference(
        encoder=found.encoder,
        mean=rows.mean(axis=0),
        variance=rows.var(axis=0),
        regions=int(chosen.sum()),
        authors=len({stored.author(clip_id, known) for clip_id in clips}),
    )
    reference.save(taken, folder.reference)
    return taken
