"""One part of a study that is run by itself: which clips belong to it follows from their ids alone."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from pipeline.errors import UserError

WRITTEN = re.compile(r"(\d+)/(\d+)")
FOLDER = re.compile(r"(\d+)-of-(\d+)")
DIGEST_CHARACTERS = 12  # of the sha256 of a clip's id, in hexadecimal: also the end of its work files' names
WORK = re.compile(rf"-([0-9a-f]{{{DIGEST_CHARACTERS}}})(?:\.|$)")
MAX_SHARDS = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """Number `number` of `count` parts, from 1; each clip belongs to exactly one."""

    count: int
    number: int

    def __str__(self) -> str:
        return f"{self.number} of {self.count}"

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return f"{self.number}-of-{self.count}"

    def holds(self, clip_id: str) -> bool:
        """Whether a clip belongs to it: by a hash, so that every machine gives the same answer."""
        return self._holds_digest(digest_of(clip_id))

    def holds_work(self, name: str) -> bool:
        """Whether the clip of a work file or folder belongs to it, see `folder.work_name`; False for other files."""
        found = WORK.search(name)
        return found is not None and self._holds_digest(found[1])

    @property
    def condition(self) -> str:
        """The same as `holds`, as SQL over a column `clip_id`."""
        return f"{place_among(self.count)} = {self.number - 1}"

    def _holds_digest(self, digest: str) -> bool:
        return int(digest, 16) % self.count == self.number - 1


def digest_of(clip_id: str) -> str:
    """The hash of a clip's id that decides on its shard."""
    return hashlib.sha256(clip_id.encode()).hexdigest()[:DIGEST_CHARACTERS]


def place_among(count: int) -> str:
    """SQL over a column `clip_id`: the index of its shard among `count`, from 0."""
    return f"('0x' || left(sha256(clip_id), {DIGEST_CHARACTERS}))::UBIGINT % {count}"


def shard_named(text: str) -> Shard:
    """The shard that is written as 2/8; `UserError` for anything else."""
    found = WRITTEN.fullmatch(text.strip())
    number, count = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= count <= MAX_SHARDS:
        raise UserError(f"{text!r} is no shard: write it as 2/8, from 1/8 to 8/8, with {MAX_SHARDS:,} at most")
    return Shard(count, number)


def shard_of_folder(name: str) -> Shard | None:
    """The shard of a folder by its name; None for other folders."""
    found = FOLDER.fullmatch(name)
    return Shard(int(found[2]), int(found[1])) if found else None
