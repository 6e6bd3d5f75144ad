"""Forgetting: posts and people are removed, files are rewritten, and a scan shows that nothing of them is left."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from pipeline.errors import ConfigError, UserError
from pipeline.privacy.byte_search import SearchTexts
from pipeline.privacy.erase_files import (
    check_elsewhere,
    clean_cards,
    count_files,
    erase_files,
    places_near,
    remove_published,
)
from pipeline.privacy.forgotten import Forgotten, receipt_content
from pipeline.privacy.receipt import in_rows_of_others, texts_of, write_receipt
from pipeline.privacy.search_study import search
from pipeline.privacy.subjects import Named, SubjectMatches, find
from pipeline.records import STUDY_ROWS, Row, TombstoneRow
from pipeline.records.pseudonyms import author_tombstone, tombstone
from pipeline.records.runs import LEDGER_ROWS, PRIVATE_ROWS, PublicationRow, SourceRow
from pipeline.run.donors import donor_tombstones
from pipeline.run.shards.prepare import refuse_while_split
from pipeline.run.short_links import as_posts
from pipeline.sources.read import Sources, read_sources
from pipeline.stage import Stage
from pipeline.stages import STAGES
from pipeline.store.compact import rebuild
from pipeline.store.digests import digest_of_rows
from pipeline.store.donations import delete_donation
from pipeline.store.forgotten_texts import authors_among
from pipeline.store.store import Store
from pipeline.store.tables import now
from pipeline.study.binding import key_or_stand_in
from pipeline.study.config import Study
from pipeline.study.lock import held

NOTHING = "the study holds nothing of them, and nothing was changed; to keep them out in future: cliptone optout"


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


def would_forget(
    study: Study, named: Named, stages: Sequence[type[Stage]] = STAGES, look_in: Sequence[Path] = ()
) -> Forgotten | None:
    """What `forget` would delete, and what it would leave, without deleting anything; None if the study has nothing.

    Raises `UserError` where there are no results, `StudyBusy` if a run holds the study.
    """
    with held(study.folder):
        work = _Forgetting(study, "decision", stages, look_in)
        return work.preview() if work.look(named) else None


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
        self.look_in = places_near(study, look_in)
        self.result = Forgotten()
        self.found = SubjectMatches(frozenset(), frozenset(), frozenset())
        self.named = Named()
        self.began = time.monotonic()
        self.at: datetime = now()

    def look(self, named: Named) -> bool:
        """Find what the study holds of them; False if that is nothing, and nothing of it was forgotten before."""
        self.named = named
        sources = _sources(self.study)
        with Store(self.study.folder.working, self.stages) as store:
            self.found = find(store, named, self.key, as_posts(sources.sourced_posts, store))
            tombstones = store.tables.tombstones()
            clip_ids, files = self.found.clip_ids, self.found.donated.files
            posts = as_posts(sources.sourced_posts, store)
            naming = {one.place.source for one in posts if one.clip_id in clip_ids or one.place.file_sha256 in files}
        self.result.sources_naming = tuple(sorted(naming))
        return bool(clip_ids or files) or not tombstones.isdisjoint(self._tombstones().keys())

    def preview(self) -> Forgotten:
        """What `go` would delete."""
        with Store(self.study.folder.working, self.stages) as store:
            self._count(store)
            files = (self.study.folder, self.found.names, SearchTexts(self._texts(store)), self.found.donated)
            self.result.erased = count_files(*files)
        return self.result

    def go(self) -> Forgotten:
        """Delete files, then rows; rewrite the databases, look for what should be gone, and write the receipt.

        Files go first: until the rows are gone too, whoever is interrupted can name the same again.
        """
        result = self.result
        result.cards = clean_cards(self.study.folder)
        with Store(self.study.folder.working, self.stages) as store:
            texts = self._texts(store)
            donated = self.found.donated
            result.others_before = digest_of_rows(store.tables, self._kinds(), self.found.clip_ids, donated.files)
            self._count(store)
            result.erased = erase_files(self.study.folder, self.found.names, SearchTexts(texts), donated)
            self._delete_rows(store)
            result.named_by_others, shared = in_rows_of_others(store.tables, texts)
        rebuild(self.study.folder.working)
        remove_published(self.study.folder)
        self._publish()
        needles = SearchTexts({kind: of_kind - shared.get(kind, set()) for kind, of_kind in texts.items()})
        result.remains = search(self.study.folder, needles)
        result.seconds = time.monotonic() - self.began
        result.receipt = write_receipt(self.study.folder, self._command, self.at, receipt_content(result, self.cause))
        return result

    def leave_tombstones(self) -> Forgotten:
        """Leave tombstones alone: the study holds nothing of them."""
        self.result.cards = clean_cards(self.study.folder)
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
        clips = {tombstone(clip_id, self.key) for clip_id in self.named.clip_ids | self.found.short_links}
        authors = {author_tombstone(author_key, self.key) for author_key in self.found.author_keys}
        donors = donor_tombstones(self.found.donated.donor_keys, self.key)
        kinds = (("post", clips), ("account", authors), ("donor", donors))
        return {one: kind for kind, of_kind in kinds for one in of_kind}

    def _texts(self, store: Store) -> dict[str, set[str]]:
        """What is to be searched for, by kind."""
        texts = texts_of(store.tables, self.found)
        texts["clip id"] |= self.named.clip_ids | self.found.short_links
        return texts

    def _count(self, store: Store) -> None:
        """Count what the study holds of them, and name what stays: files of the user's own, and exports elsewhere."""
        clip_ids, donated, result = self.found.clip_ids, self.found.donated, self.result
        kinds: tuple[type[Row], ...] = (*self._kinds(), SourceRow)
        counts = {kind.table: store.tables.count(kind, clip_id=clip_ids, file_sha256=donated.files) for kind in kinds}
        result.rows |= {table: count for table, count in counts.items() if count}
        result.clips = len(clip_ids)
        result.authors = authors_among(store.tables, clip_ids) if self.named.accounts else 0
        result.donors = len(self.named.donors)
        result.own_files = tuple(
            row.location for row in store.tables.read(SourceRow, sorted(clip_ids)) if row.kind == "file"
        )
        result.elsewhere = check_elsewhere(self.study.folder, self.found.names, donated, self.key, self.look_in)

    def _delete_rows(self, store: Store) -> None:
        """Delete the rows of the clips and traces of their errors, and leave tombstones of posts and people."""
        with store.uninterrupted_lock(), store.change():
            own = sorted((self.found.clip_ids - self.found.donated.clip_ids) | self.found.short_links)
            store.forget({clip_id: tombstone(clip_id, self.key) for clip_id in own}, self.cause)
            delete_donation(store, self.found.donated.files, self.found.donated.clip_ids)
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


def _sources(study: Study) -> Sources:
    """What the sources of a study say of posts; nothing where they cannot be read any more."""
    try:
        return read_sources(study)
    except (ConfigError, UserError, OSError):
        return Sources((), ())
