"""Repairs of a study: stages run again, leftovers are deleted, and the database is published again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.records import STUDY_ROWS, Row
from pipeline.records.runs import LEDGER_ROWS, PRIVATE_ROWS
from pipeline.run.batch_writer import follow_choice
from pipeline.run.verify.check import findings, opened
from pipeline.run.verify.findings import Finding
from pipeline.stage import Stage
from pipeline.stages import STAGES
from pipeline.store.store import Store
from pipeline.study import files
from pipeline.study.config import Study
from pipeline.study.folder import StudyFolder
from pipeline.study.lock import held


def repair(
    study: Study, stages: Sequence[type[Stage]] = STAGES, *, delete: bool = True
) -> tuple[list[Finding], list[Finding]]:
    """Repair what can be repaired; gives what was found, and what is still wrong after it.

    Without `delete`, what is repaired by deleting it stays as it is.

    Raises `UserError` if the study has no results, `StudyBusy` if a run holds it.
    """
    with held(study.folder), opened(study, stages) as store:
        found = findings(study, store, stages)
        repaired = [finding for finding in found if finding.is_repairable and (delete or not finding.deletes)]
        if repaired:
            _repair_findings(study.folder, store, repaired, stages)
        return found, findings(study, store, stages)


def _repair_findings(
    folder: StudyFolder, store: Store, found: Sequence[Finding], stages: Sequence[type[Stage]]
) -> None:
    """Rows before files: whoever is interrupted finds the same again."""
    rows = (*STUDY_ROWS, *(kind for stage in stages for kind in stage.tables), *LEDGER_ROWS, *PRIVATE_ROWS)
    kinds: dict[str, type[Row]] = {kind.table: kind for kind in rows}
    with store.change():
        for finding in found:
            if finding.stale_stage and finding.clip_id:
                store.make_stale(finding.stale_stage, [finding.clip_id])
            if finding.spare_rows and finding.clip_id:
                store.tables.delete(kinds[finding.spare_rows], [finding.clip_id])
        if any(finding.publishes for finding in found):
            store.tables.forget_publications([])  # what is there cannot be trusted: all of it is rewritten
    for finding in found:
        if finding.spare_file:
            _delete(folder, finding.spare_file)
    if folder.shard is None:
        follow_choice(folder, store)
        store.publish(folder.published)


def _delete(folder: StudyFolder, path: Path) -> None:
    if not path.resolve().is_relative_to(folder.root.resolve()):
        raise ValueError(f"{path} is not among the results of the study")
    files.delete(path)
