"""What a study knows of those who stay out of it: tombstones alone, which name nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pipeline.records import TombstoneRow
from pipeline.stage import Stage
from pipeline.stages import STAGES
from pipeline.store.store import Store
from pipeline.study.config import Study
from pipeline.study.lock import held


def tombstone_counts(study: Study, stages: Sequence[type[Stage]] = STAGES) -> Counter[tuple[str, str]]:
    """How many tombstones a study has, by kind (post, account, donor or not known) and cause.

    An account has one for each way to write it, so there are more of them than accounts. `StudyBusy` during a run.
    """
    if not study.folder.working.exists():
        return Counter()
    with held(study.folder), Store(study.folder.working, stages) as store:
        return Counter((row.kind or "not known", row.cause) for row in store.tables.read(TombstoneRow))
