"""Whether a study is intact: files, rows, attempts, counts, published file and audit log, each against the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.errors import UserError
from pipeline.run.status import WANTED, study_status
from pipeline.run.verify.files import file_findings
from pipeline.run.verify.findings import Finding
from pipeline.run.verify.published import published_findings
from pipeline.run.verify.rows import row_findings
from pipeline.stage import Stage
from pipeline.stages import STAGES
from pipeline.store.reader import ResultsReader
from pipeline.store.store import Store
from pipeline.study import audit_log
from pipeline.study.config import Study
from pipeline.study.folder import StudyFolder
from pipeline.study.lock import held


def verify(study: Study, stages: Sequence[type[Stage]] = STAGES) -> list[Finding]:
    """Everything that is wrong with a study; empty if it is intact.

    Reads every file that a row names. Raises `UserError` if the study has no results, `StudyBusy` if a run holds it.
    """
    with held(study.folder), opened(study, stages) as store:
        return findings(study, store, stages)


def opened(study: Study, stages: Sequence[type[Stage]]) -> Store:
    """The working database of a study that has results; `UserError` if it has none."""
    if not study.folder.working.exists() and study.folder.published.exists():
        raise UserError(
            f"the working database {study.folder.working} is not there: put it back from a backup, because with it the "
            "study has lost whom it forgot, and a run would begin anew and take them in again"
        )
    if not study.folder.working.exists():
        raise UserError(
            f"the study {study.file.name!r} has no results yet: run it first (`cliptone run {study.file.path.name}`)"
        )
    return Store(study.folder.working, stages)


def findings(study: Study, store: Store, stages: Sequence[type[Stage]]) -> list[Finding]:
    """Everything that is wrong with a study that is held and open."""
    found = [*file_findings(study, store), *row_findings(store, stages)]
    if study.folder.shard is None:
        found += published_findings(study.folder, store, stages)
    if study.folder.published.exists() and not any(finding.publishes for finding in found):
        found += _counts(study, stages)
    return [*found, *_audit(study.folder)]


def _counts(study: Study, stages: Sequence[type[Stage]]) -> Iterator[Finding]:
    """What became of the clips at each stage adds up to all of them."""
    with ResultsReader(study.folder.published) as reader:
        clips = reader.rows(f"SELECT count(*) FROM ({WANTED})")[0][0]  # noqa: S608 - our own names
    for line in study_status(study, stages):
        seen = line.done + sum(line.failed.values()) + line.pending + line.not_reached
        if seen != clips:
            what = f"stage {line.stage}: {seen} clips are accounted for, the study has {clips}"
            yield Finding("counts", what, "run the study again; if it stays, tell whoever maintains cliptone")


def _audit(folder: StudyFolder) -> Iterator[Finding]:
    """The chain of the audit log, and its end."""
    broken = audit_log.verify(folder).broken
    if broken:
        yield Finding("audit", broken, "it cannot be repaired: note when and why, and keep the log as it is")
