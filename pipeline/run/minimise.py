"""What a study keeps of clips that no stage takes up again, and of people who turn out to have opted out."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.analysis.text.redaction import require_library
from pipeline.records import ClipRow, TombstoneRow
from pipeline.records.pseudonyms import author_tombstone, tombstone
from pipeline.run.shards.prepare import own_work
from pipeline.run.stored_text import minimise_spoken
from pipeline.stage import StagePlan
from pipeline.store.authors import names_of
from pipeline.store.pending import tried_since_last_end
from pipeline.store.short_links import with_links
from pipeline.store.store import Store
from pipeline.store.tables import now
from pipeline.study import files
from pipeline.study.config import Study
from pipeline.study.folder import work_name


@dataclass
class Keeper:
    """Deletes, while a run goes on, what its study does not keep."""

    study: Study
    store: Store
    plans: Sequence[StagePlan]
    has_deleted: bool = False  # rows: their bytes leave the database when it is rewritten
    _minimised: set[str] = field(default_factory=set)  # clips whose words were, in this run

    def __post_init__(self) -> None:
        if self.study.file.privacy.transcripts == "redact":
            require_library()  # before anything is heard, not after

    def minimise(self, chunk: set[str]) -> None:
        """Keep no more media, audio and words of clips that have passed every stage than the study says."""
        if self._keeps_all:
            return
        privacy = self.study.file.privacy
        finished = set.intersection(*(self.store.passed(plan, chunk) for plan in self.plans))
        for clip_id in finished:
            self._delete_files(clip_id, media=not privacy.keep_media, audio=not privacy.keep_audio)
        self._minimise_words(finished)

    def minimise_rest(self) -> None:
        """The same for clips that failed for good, and for what a run left that was broken off, at the end of a run.

        Media and audio go by what lies there, so that a study that keeps less than before loses the rest too.
        """
        if self._keeps_all:
            return
        privacy = self.study.file.privacy
        waiting: set[str] = set()  # clips that a later run, or another choice of stages, goes on with
        for plan in self.plans:
            waiting.update(self.store.pending(plan, hopeful=waiting))
        needed = {work_name(clip_id) for clip_id in waiting}
        places = ((self.study.folder.media, privacy.keep_media), (self.study.folder.audio, privacy.keep_audio))
        for folder, keeps in places:
            for path in () if keeps else own_work(self.study.folder, folder):
                if path.name.partition(".")[0] not in needed:
                    _delete(path)
        with self.store.uninterrupted_lock():
            tried = tried_since_last_end(self.store.tables)
        self._minimise_words(tried - waiting - self._minimised)

    @property
    def _keeps_all(self) -> bool:
        privacy = self.study.file.privacy
        return privacy.keep_media and privacy.keep_audio and privacy.transcripts == "keep"

    def _minimise_words(self, clip_ids: set[str]) -> None:
        self.has_deleted |= bool(minimise_spoken(self.store, sorted(clip_ids), self.study.file.privacy.transcripts))
        self._minimised |= clip_ids

    def without_opted_out(self, chunk: Sequence[str] | None = None) -> list[str]:
        """The clips of a wave but for those whose author opted out; these are forgotten. None looks at all clips.

        Of a post that is known by its URL alone, only the platform tells whose it is.
        """
        with self.store.uninterrupted_lock():
            key = self.plans[0].setting.key
            tombstones = self.store.tables.tombstones()
            clips = self.store.tables.read(ClipRow, chunk) if tombstones else []
            authors = {
                clip_id: {author_tombstone(name, key) for name in names}
                for clip_id, names in names_of(self.store.tables, clips).items()
            }
            gone = {clip_id for clip_id, own in authors.items() if not own.isdisjoint(tombstones)}
            if gone:
                everything = with_links(self.store, gone)
                new = sorted({one for clip_id in gone for one in authors[clip_id]} - tombstones)
                with self.store.change():
                    self.store.forget({clip_id: tombstone(clip_id, key) for clip_id in everything}, "opt_out")
                    self.store.add([TombstoneRow(one, now(), "opt_out", "account") for one in new])
                self.has_deleted = True
        for clip_id in gone:
            self._delete_files(clip_id, media=True, audio=True)
        return [clip_id for clip_id in chunk or () if clip_id not in gone]

    def _delete_files(self, clip_id: str, *, media: bool, audio: bool) -> None:
        if audio:
            _delete(self.study.folder.audio_path(clip_id))
        if media:
            _delete(self.study.folder.media / work_name(clip_id))


def _delete(path: Path) -> None:
    """Delete what is no longer needed; what something else holds open is left to the next run."""
    with suppress(OSError):
        files.delete(path)
