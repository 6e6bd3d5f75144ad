"""A post on its way into the database: rows under pseudonyms."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.records.clip import Source
from pipeline.records.clips import ClipRow, ObservationRow
from pipeline.records.collection import ProvenanceRow
from pipeline.records.runs import AuthorNameRow


@dataclass(frozen=True, slots=True)
class PostRows:
    """One post as one place names it: what the store takes, made from a `SourcedPost` before it.

    Where a study pseudonymises, only the URL that its bytes are fetched from may still name the author.
    """

    clip: ClipRow
    source: Source  # of its bytes
    provenance: ProvenanceRow
    observation: ObservationRow | None  # None where no counts are stated
    #: A study that holds one of these has forgotten the post or its author; None where the study has forgotten nobody.
    tombstones: frozenset[str] | None
    author_tombstones: frozenset[str] = frozenset()  # those of the author's names: one that is stored keeps all out
    author_alias: str | None = None  # see `SourceRow`
    author_names: tuple[AuthorNameRow, ...] = ()  # see `author_names` of `pseudonyms`

    @property
    def clip_id(self) -> str:
        """The post."""
        return self.clip.clip_id
