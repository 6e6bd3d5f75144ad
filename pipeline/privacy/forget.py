"""Forgetting: posts and people are removed, files are rewritten, and a scan shows that nothing of them is left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, UserError
from pipeline.privacy.byte_search import FORMS, Scan, SearchTexts
from pipeline.privacy.erase_files import Elsewhere, Erased, check_elsewhere, clean_cards, erase_files, remove_published
from pipeline.privacy.receipt import NOT_REACHED, in_rows_of_others, texts_of, write_receipt
from pipeline.privacy.search_study import Remains, search
from pipeline.privacy.subjects import Named, SubjectMatches, find
from pipeline.records import Row, Seconds, TombstoneRow
from pipeline.records.post import SourcedPost
from pipeline.records.pseudonyms import author_tombstone, tombstone
from pipeline.records.runs import LEDGER_ROWS, PRIVATE_ROWS, PublicationRow, SourceRow
from pipeline.run.donors import donor_tombstones
from pipeline.run.shards.prepare import refuse_while_split
from pipeline.sources.read import read_sources
from pipeline.stage import Stage
from pipeline.stages import STAGES
from pipeline.store.compact import rebuild
from pipeline.store.digests import digest_of_rows
from pipeline.store.donations import delete_donation
from pipeline.store.forgotten_texts import authors_among
from pipeline.store.store import STUDY_ROWS, Store
from pipeline.store.tables import now
from pipeline.study.binding import key_or_stand_in
from pipeline.study.config import Study
from pipeline.study.lock import held

NOTHING = "the study holds nothing of them, and nothing was changed; to keep them out in future: cliptone optout"


@dataclass
class Forgotten:
    """What was forgotten, and what shows it."""

    clips: int = 0
    authors: int = 0  # accounts of stored posts
    donors: int = 0
    rows: dict[str, int] = field(default_factory=dict)  # by table
    erased: Erased = field(default_factory=Erased)
    others_before: dict[str, str] = field(default_factory=dict)  # by table, digest of all other rows
    others_after: dict[str, str] = field(default_factory=dict)
    remains: Remains = field(default_factory=lambda: Remains(Scan(), "not made: nothing was deleted"))
    named_by_others: dict[str, int] = field(default_factory=dict)  # cells of others, by kind of text and column
    own_files: tuple[str, ...] = ()  # media of the user's own: never touched, and never in a receipt
    sources_naming: tuple[str, ...] = ()  # sources of the study file that still name them
    cards: tuple[str, ...] = ()  # of heads, rewritten without ids
    elsewhere: Elsewhere = field(default_factory=Elsewhere)  # exports in folders of the user's own
    seconds: Seconds = 0.0
    receipt: Path | None = None

    @property
    def scan(self) -> Scan:
        """What was looked through, and what was found."""
        return self.remains.scan

    @property
    def proof(self) -> str:
        """Whether the database was searched without compression."""
        return self.remains.proof

    @property
    def proven(self) -> bool:
        """True when nothing was found where nothing should be, and all other rows are as they were."""
        return self.scan.total == 0 and not self.changed

    @property
    def changed(self) -> list[str]:
        """Tables whose rows of others are not as they were."""
        tables = sorted(self.others_after)
        return [table for table in tables if self.others_before.get(table) != self.others_after[table]]


def forget(
    study: Study,
    named: Named,
    cause: str = "decision",
    stages: Sequence[type[Stage]] = STAGES,
    look_in: Sequence[Path] = (),
) -> Forgotten:
    """Remove posts, all posts of the named accounts, and what named donors brought, from a study permanently.

    Exports that were made elsewhere are looked for beside the study and in `look_in`, and named, never deleted. Again
    after a crash, it ends what was begun. Raises `UserError` where the study never held anything of them,
    `StudyBusy` if a run holds it, `DiskFull` when there is no room for the new files.
    """
    with held(study.folder):
        work = _Forgetting(study, cause, stages, look_in)
        if not work.look(named):
            raise UserError(NOTHING)
        return work.go()


def opt_out(
    study: Study, named: Named, stages: Sequence[type[Stage]] = STAGES, look_in: Sequence[Path] = ()
) -> Forgotten:
    """Exclude posts and people from a study, and forget what it holds of them; the list itself is stored nowhere.

    Raises what `forget` raises, but for those that the study does not know.
    """
    with held(study.folder):
        work = _Forgetting(study, "opt_out", stages, look_in)
        work.look(named)
        return work.go() if work.found.clip_ids else work.leave_tombstones()


class _Forgetting:
    """One pass, with the run lock held."""

    def __init__(self, study: Study, cause: str, stages: Sequence[type[Stage]], look_in: Sequence[Path] = ()) -> None:
        if not study.folder.working.exists():
            raise UserError(f"the study {study.file.name!r} has no results yet: run it first, or import its posts")
        refuse_while_split(study)
        self.study, self.cause, self.stages = study, cause, stages
        self.key = key_or_stand_in(study) if study.file.privacy.pseudonymise else None
        self.look_in = (study.file.path.parent, study.file.path.parent.parent, Path.cwd(), *look_in)
        self.result = Forgotten()
        self.found = SubjectMatches(frozenset(), frozenset(), frozenset())
        self.named = Named()
        self.began = time.monotonic()
        self.at: datetime = now()

    def look(self, named: Named) -> bool:
        """Find what the study holds of them; False if that is nothing, and nothing of it was forgotten before."""
        self.named = named
        self.result.cards = clean_cards(self.study.folder)
        sourced_posts = _sourced_posts(self.study)
        with Store(self.study.folder.working, self.stages) as store:
            self.found = find(store, named, self.key, sourced_posts)
            tombstones = store.tables.tombstones()
        clip_ids, files = self.found.clip_ids, self.found.donated.files
        sources = {
            one.place.source for one in sourced_posts if one.clip_id in clip_ids or one.place.file_sha256 in files
        }
        self.result.sources_naming = tuple(sorted(sources))
        return bool(clip_ids or files) or not tombstones.isdisjoint(self._tombstones().keys())

    def go(self) -> Forgotten:
        """Delete files, then rows; rewrite the databases, look for what should be gone, and write the receipt.

        Files go first: until the rows are gone too, whoever is interrupted can name the same again.
        """
        result = self.result
        with Store(self.study.folder.working, self.stages) as store:
            texts = texts_of(store.tables, self.found)
            texts["clip id"] |= self.named.clip_ids
            donated = self.found.donated
            result.others_before = digest_of_rows(store.tables, self._kinds(), self.found.clip_ids, donated.files)
            result.own_files = tuple(
                row.location for row in store.tables.read(SourceRow, sorted(self.found.clip_ids)) if row.kind == "file"
            )
            result.erased = erase_files(self.study.folder, self.found.clip_ids, SearchTexts(texts), donated)
            result.elsewhere = check_elsewhere(self.study.folder, self.found.clip_ids, donated, self.key, self.look_in)
            self._delete_rows(store)
            result.named_by_others, shared = in_rows_of_others(store.tables, texts)
        rebuild(self.study.folder.working)
        remove_published(self.study.folder)
        self._publish()
        needles = SearchTexts({kind: of_kind - shared.get(kind, set()) for kind, of_kind in texts.items()})
        result.remains = search(self.study.folder, needles)
        result.seconds = time.monotonic() - self.began
        result.receipt = write_receipt(self.study.folder, self._command, self.at, _content(result, self.cause))
        return result

    def leave_tombstones(self) -> Forgotten:
        """Leave tombstones alone: the study holds nothing of them."""
        with Store(self.study.folder.working, self.stages) as store:
            self._leave_tombstones(store, self._tombstones())
            if store.unpublished:
                store.publish(self.study.folder.published)
        return self.result

    @property
    def _command(self) -> str:
        return "optout" if self.cause == "opt_out" else "forget"

    def _tombstones(self) -> dict[str, str]:
        """The tombstones of all that is named or was found, with the kind of each."""
        clips = {tombstone(clip_id, self.key) for clip_id in self.named.clip_ids}
        authors = {author_tombstone(author_key, self.key) for author_key in self.found.author_keys}
        donors = donor_tombstones(self.found.donated.donor_keys, self.key)
        kinds = (("post", clips), ("account", authors), ("donor", donors))
        return {one: kind for kind, of_kind in kinds for one in of_kind}

    def _delete_rows(self, store: Store) -> None:
        """Delete the rows of the clips and traces of their errors, and leave tombstones of posts and people."""
        clip_ids, files = self.found.clip_ids, self.found.donated.files
        kinds: tuple[type[Row], ...] = (*self._kinds(), SourceRow)
        counts = {kind.table: store.tables.count(kind, clip_id=clip_ids, file_sha256=files) for kind in kinds}
        self.result.rows |= {table: count for table, count in counts.items() if count}
        self.result.clips = len(clip_ids)
        self.result.authors = authors_among(store.tables, clip_ids) if self.named.accounts else 0
        self.result.donors = len(self.named.donors)
        with store.uninterrupted_lock(), store.change():
            own = sorted(self.found.clip_ids - self.found.donated.clip_ids)
            store.forget({clip_id: tombstone(clip_id, self.key) for clip_id in own}, self.cause)
            delete_donation(store, files, self.found.donated.clip_ids)
            self._leave_tombstones(store, self._tombstones())

    def _leave_tombstones(self, store: Store, kinds: Mapping[str, str]) -> None:
        new = sorted(kinds.keys() - store.tables.tombstones())
        store.add([TombstoneRow(one, self.at, self.cause, kinds[one]) for one in new])

    def _kinds(self) -> tuple[type[Row], ...]:
        """Tables that hold results: all but tombstones and what a run notes for itself."""
        kinds = (*STUDY_ROWS, *(row for stage in self.stages for row in stage.tables), *LEDGER_ROWS)
        return tuple(kind for kind in kinds if kind not in (TombstoneRow, PublicationRow, *PRIVATE_ROWS))

    def _publish(self) -> None:
        with Store(self.study.folder.working, self.stages) as store:
            self.result.others_after = digest_of_rows(store.tables, self._kinds())
            store.publish(self.study.folder.published)


def _sourced_posts(study: Study) -> list[SourcedPost]:
    """What the sources of a study say of posts; nothing where they cannot be read any more."""
    try:
        return list(read_sources(study).sourced_posts)
    except (ConfigError, UserError, OSError):
        return []


def _content(result: Forgotten, cause: str) -> dict[str, Any]:
    """A receipt without personal data: counts, digests and kinds alone."""
    return {
        "cliptone_version": version("cliptone"),
        "cause": cause,
        "clips": result.clips,
        "authors": result.authors,
        "donors": result.donors,
        "rows_deleted": result.rows,
        "files_deleted": dict(result.erased.files),
        "exports_deleted": result.erased.exports,
        "all_other_rows": {
            "tables": len(result.others_after),
            "changed": result.changed,
            "sha256": result.others_after,
        },
        "scan": {
            "needles": result.scan.needles,
            "files": result.scan.files,
            "bytes": result.scan.bytes,
            "forms": FORMS,
            "database": result.proof,
            "found": {place: dict(counts) for place, counts in result.scan.found.items()},
        },
        "written_anew_but_not_searched": result.remains.not_searched,
        "named_in_rows_of_others": result.named_by_others,
        "media_of_your_own_left": len(result.own_files),
        "cards_rewritten": result.cards,
        "exports_elsewhere": {
            "affected": len(result.elsewhere.affected),
            "not_found": len(result.elsewhere.not_found),
        },
        "sources_still_naming_them": result.sources_naming,
        "not_reached": NOT_REACHED,
        "seconds": round(result.seconds, 1),
    }
