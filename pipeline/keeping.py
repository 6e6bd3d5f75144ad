"""What a study keeps of clips that have passed every stage, and of people who turn out to have opted out."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config import Study, work_name
from pipeline.pseudonyms import author_tombstone
from pipeline.records import ClipRow, TombstoneRow
from pipeline.redaction import require_library
from pipeline.stage import StagePlan
from pipeline.store import Store
from pipeline.stored_texts import minimise_spoken


@dataclass
class Keeper:
    """Deletes, while a run goes on, what its study does not keep."""

    study: Study
    store: Store
    plans: Sequence[StagePlan]
    has_deleted: bool = False  # rows: their bytes leave the database when it is written anew

    def __post_init__(self) -> None:
        if self.study.file.privacy.transcripts == "redact":
            require_library()  # before anything is heard, not after

    def minimise(self, wave: set[str]) -> None:
        """Keep no more media, audio and words of clips that have passed every stage than the study says."""
        privacy = self.study.file.privacy
        if privacy.keep_media and privacy.keep_audio and privacy.transcripts == "keep":
            return
        finished = set.intersection(*(self.store.passed(plan, wave) for plan in self.plans))
        for clip_id in finished:
            self._delete_files(clip_id, media=not privacy.keep_media, audio=not privacy.keep_audio)
        self.has_deleted |= bool(minimise_spoken(self.store, sorted(finished), privacy.transcripts))

    def without_opted_out(self, wave: Sequence[str] | None = None) -> list[str]:
        """The clips of a wave but for those whose author opted out; these are forgotten. None looks at all clips.

        Of a post that is known by its address alone, only the platform tells whose it is.
        """
        with self.store.alone():
            key = self.plans[0].setting.key
            buried = {row.clip_key for row in self.store.tables.read(TombstoneRow)}
            clips = self.store.tables.read(ClipRow, wave) if buried else []
            gone = {row.clip_id for row in clips if row.author_key and author_tombstone(row.author_key, key) in buried}
            if gone:
                self.store.forget(sorted(gone), key, "opt_out")
                self.has_deleted = True
        for clip_id in gone:
            self._delete_files(clip_id, media=True, audio=True)
        return [clip_id for clip_id in wave or () if clip_id not in gone]

    def _delete_files(self, clip_id: str, *, media: bool, audio: bool) -> None:
        if audio:
            self.study.audio_path(clip_id).unlink(missing_ok=True)
        if media:
            shutil.rmtree(self.study.downloads / work_name(clip_id), ignore_errors=True)
