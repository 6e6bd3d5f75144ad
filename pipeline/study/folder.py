"""Where things lie: the layout of a study's folder `outputs/NAME/`, and of the part of it that a shard has to itself.

study.duckdb    the published database, for readers          rejects/    rows of exports that cannot be read
audit.jsonl     what was done with the study, and when       heads/      heads on labels of its own; its reference
report/         pages to look at and listen to               evaluation/ drawings of evaluations
exports/        results to hand on                           receipts/   what was forgotten
comparisons/    drawings of comparisons
validation/     samples that people listen to and label, one folder each
work/           for cliptone: the working database, media/, audio/, shards/
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.study.shard import Shard, digest_of

DATABASE = "study.duckdb"
WORK = "work"
REFERENCE_FILE = "reference.npz"  # in the folder of heads
STEM_CHARACTERS = 40  # readable part of a work file's name; a digest makes it unique


@dataclass(frozen=True, slots=True)
class StudyFolder:
    """The folder of one study's results, or of one shard of it."""

    name: str  # the study's
    root: Path
    shard: Shard | None = None  # the part of it that is meant; None: all of it
    parquet: str | None = None  # folder or URL of its results as Parquet files; None: they are one DuckDB file

    @classmethod
    def at(cls, root: Path) -> StudyFolder:
        """The folder of results that a reader has opened, whatever study file made it."""
        return cls(root.name, root)

    def of_shard(self, shard: Shard | None) -> StudyFolder:
        """The same folder for one shard, or with None for all of the study."""
        return replace(self, shard=shard)

    @property
    def published(self) -> Path:
        """The database for readers, replaced as a whole."""
        return self._home / DATABASE

    @property
    def working(self) -> Path:
        """The database that a run holds open."""
        return self._home / WORK / DATABASE

    @property
    def lock(self) -> Path:
        """The lock file, held by the one run of a study or of a shard."""
        return self.beside_working("run.lock")

    def beside_working(self, name: str) -> Path:
        """A file beside the working database."""
        return self.working.with_name(name)

    @property
    def crash_marker(self) -> Path:
        """The file that names the clips in progress of a run without worker processes."""
        return self.beside_working("in_hand.txt")

    @property
    def _home(self) -> Path:
        """The folder of the databases: a shard has its own, while all shards share media and audio."""
        return self.shards / self.shard.folder if self.shard else self.root

    @property
    def shards(self) -> Path:
        """The folder of shards, one folder each."""
        return self.work / "shards"

    @property
    def work(self) -> Path:
        """Working files, which readers do not need."""
        return self.root / WORK

    @property
    def media(self) -> Path:
        """Fetched media, one folder a clip."""
        return self.work / "media"

    @property
    def audio(self) -> Path:
        """Decoded audio, one file a clip."""
        return self.work / "audio"

    def audio_path(self, clip_id: str) -> Path:
        """The decoded audio of a clip, under a file name that is safe on every system."""
        return self.audio / f"{work_name(clip_id)}.wav"

    def media_path(self, clip_id: str) -> Path | None:
        """The fetched media of a clip, if it is there."""
        return next(iter(sorted((self.media / work_name(clip_id)).glob("media.*"))), None)

    @property
    def audit_log(self) -> Path:
        """What was done with the study, a line each, in a chain of hashes."""
        return self.root / "audit.jsonl"

    @property
    def audit_end(self) -> Path:
        """The number of lines of the audit log and its last digest, a second time."""
        return self.work / "audit_end.json"

    @property
    def report(self) -> Path:
        """Pages that open from disk."""
        return self.root / "report"

    @property
    def exports(self) -> Path:
        """Results to hand on, one folder an export."""
        return self.root / "exports"

    @property
    def rejects(self) -> Path:
        """Rows of exports of other tools that could not be read."""
        return self.root / "rejects"

    @property
    def heads(self) -> Path:
        """Tone heads that were trained on labels of the study, one folder each."""
        return self.root / "heads"

    @property
    def reference(self) -> Path:
        """What the voices of the study are read against, where a reference was taken."""
        return self.heads / REFERENCE_FILE

    @property
    def evaluation(self) -> Path:
        """Drawings of evaluations."""
        return self.root / "evaluation"

    @property
    def comparisons(self) -> Path:
        """Drawings of comparisons."""
        return self.root / "comparisons"

    @property
    def validation(self) -> Path:
        """Samples that people listen to and label, one folder each."""
        return self.root / "validation"

    @property
    def receipts(self) -> Path:
        """What was forgotten, one file each time."""
        return self.root / "receipts"


def results_of(name: object) -> str:
    """The default folder of a study's results, relative to the study file."""
    return f"outputs/{name}"


def work_name(clip_id: str) -> str:
    """A file name for a clip, safe on every system: readable characters and a digest."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '_', clip_id)[-STEM_CHARACTERS:].strip('_')}-{digest_of(clip_id)}"
