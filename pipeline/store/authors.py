"""Authors under several names: an id and a handle that one post states are one author's, whichever came first."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pipeline.records import ClipRow
from pipeline.records.runs import AuthorNameRow
from pipeline.store.tables import Tables

Name = tuple[str, str]  # platform and name, or platform and `author_key`
Names = Sequence[AuthorNameRow]  # what one post calls its author

ASKED = "(SELECT unnest($platforms) AS platform, unnest($names) AS {column})"
#: All names of whoever has one of some names.
NAMES = f"""
    SELECT platform, name, author_key, is_id FROM author_names SEMI JOIN (
        SELECT platform, author_key FROM author_names SEMI JOIN {ASKED.format(column="name")} USING (platform, name)
    ) USING (platform, author_key)
"""  # noqa: S608 - our own names
CLIPS = f"SELECT clip_id FROM clips SEMI JOIN {ASKED.format(column='author_key')} USING (platform, author_key)"  # noqa: S608 - our own names
NAMES_OF = f"""
    SELECT platform, name, author_key FROM author_names
    SEMI JOIN {ASKED.format(column="author_key")} USING (platform, author_key)
"""  # noqa: S608 - our own names
DELETE = """
    DELETE FROM author_names USING (SELECT unnest($platforms) AS platform, unnest($names) AS name) AS gone
    WHERE author_names.platform = gone.platform AND author_names.name = gone.name
"""
DELETE_WITHOUT_CLIPS = """
    DELETE FROM author_names WHERE NOT EXISTS (
        FROM clips WHERE clips.platform = author_names.platform AND clips.author_key = author_names.author_key
    )
"""


class Authors:
    """Who is who among the authors of a study; changes belong inside a transaction.

    The `author_key` of an author is the first name under which they were stored, so it stays when more is learnt of
    them. Where two names were stored before a post stated both, the clips under the handle go to the id. Two ids are
    two authors, though one handle were seen beside both: a handle can pass to somebody else.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._known: dict[Name, AuthorNameRow] = {}
        self._names_of: defaultdict[Name, set[str]] = defaultdict(set)  # by platform and `author_key`
        self.joined = 0  # names under which authors had stood beside their other one

    def under_known_keys(self, told: Mapping[str, ClipRow], names: Names) -> dict[str, ClipRow]:
        """Posts with the `author_key` under which the study knows who these names name."""
        stated = [[one for one in names if one.author_key == row.author_key] for row in told.values()]
        return {
            row.clip_id: row if author_key is None else dataclasses.replace(row, author_key=author_key)
            for row, author_key in zip(told.values(), self.settle(stated), strict=True)
        }

    def settle(self, stated: Sequence[Names], *, of_one_post: bool = True) -> list[str | None]:
        """Take in what posts call their authors; returns the `author_key` of each, None where none is named.

        `of_one_post` says that of several ids or handles the first counts, and others are how earlier versions took it;
        else all are names of one author.
        """
        before = self._load({(name.platform, name.name) for names in stated for name in names})
        for names in stated:
            if names:
                self._join(names, of_one_post)
        self._move({(row.platform, row.author_key) for row in before.values()})
        changed = {name: row for name, row in self._known.items() if before.get(name) != row}
        _run(self._tables, DELETE, changed.keys() & before.keys())
        self._tables.insert(list(changed.values()))
        return [self._author_key(names[0].platform, names[0].name) if names else None for names in stated]

    def settle_clip(self, clip: ClipRow, names: Names) -> ClipRow:
        """A clip with the `author_key` of whoever these names name."""
        (author_key,) = self.settle([names])
        return clip if author_key is None else dataclasses.replace(clip, author_key=author_key)

    def _author_key(self, platform: str, name: str) -> str:
        return self._known[platform, name].author_key

    def _load(self, names: Collection[Name]) -> dict[Name, AuthorNameRow]:
        """Have at hand what is known of these names, and all other names of whoever they name."""
        found = [AuthorNameRow(*row) for row in _run(self._tables, NAMES, names)]
        self._known = {(row.platform, row.name): row for row in found}
        self._names_of.clear()
        for row in found:
            self._names_of[row.platform, row.author_key].add(row.name)
        return dict(self._known)

    def _join(self, names: Names, of_one_post: bool) -> None:
        """Have all names that one post states name the same author, as far as ids allow."""
        if self._is_settled(names):
            return
        known = [row for name in names if (row := self._learn_kind(name)) is not None]
        target = self._target(names, known)
        for row in known:
            if row.author_key != target and not (
                self._has_id(row.platform, row.author_key) and (names[0].is_id or self._has_id(row.platform, target))
            ):
                for other in list(self._names_of[row.platform, row.author_key]):
                    self._put(dataclasses.replace(self._known[row.platform, other], author_key=target))
        for name in {name.is_id: name for name in reversed(names)}.values() if of_one_post else names:
            if (name.platform, name.name) not in self._known:
                self._put(dataclasses.replace(name, author_key=target))

    def _is_settled(self, names: Names) -> bool:
        """Whether all of this is known: most posts are of an author who has others."""
        known = [
            row for name in names if (row := self._known.get((name.platform, name.name))) and row.is_id is not None
        ]
        return len(known) == len(names) and len({row.author_key for row in known}) == 1

    def _target(self, names: Names, known: Names) -> str:
        """The `author_key` of the author of a post: that of their id, or of their handle if nobody's id is known."""
        first = names[0]
        if not first.is_id or (first.platform, first.name) in self._known:
            return known[0].author_key if known else first.author_key
        free = (row.author_key for row in known if not self._has_id(row.platform, row.author_key))
        return next(free, first.author_key)

    def _learn_kind(self, name: AuthorNameRow) -> AuthorNameRow | None:
        """What is known of a name, whose kind an earlier version may have left open."""
        row = self._known.get((name.platform, name.name))
        if row is not None and row.is_id is None:
            self._put(row := dataclasses.replace(row, is_id=name.is_id))
        return row

    def _has_id(self, platform: str, author_key: str) -> bool:
        names = self._names_of[platform, author_key]
        return any(self._known[platform, name].is_id is not False for name in names)

    def _put(self, row: AuthorNameRow) -> None:
        before = self._known.get((row.platform, row.name))
        if before is not None:
            self._names_of[row.platform, before.author_key].discard(row.name)
        self._known[row.platform, row.name] = row
        self._names_of[row.platform, row.author_key].add(row.name)

    def _move(self, author_keys: Collection[Name]) -> None:
        """Give the stored clips of authors who are another's now the `author_key` of these."""
        moved = {one for one in author_keys if self._author_key(*one) != one[1]}
        self.joined += len(moved)
        if not moved:
            return
        clip_ids = [clip_id for (clip_id,) in _run(self._tables, CLIPS, moved)]
        rows = self._tables.read(ClipRow, clip_ids)
        self._tables.replace(
            [dataclasses.replace(row, author_key=self._author_key(row.platform, row.author_key or "")) for row in rows]
        )


def all_names(tables: Tables, author_keys: Collection[str]) -> set[str]:
    """Every `author_key` that the study has for whoever one of these names, and all names of theirs."""
    sql = """
        SELECT DISTINCT unnest([name, author_key]) FROM author_names SEMI JOIN (
            SELECT platform, author_key FROM author_names
            WHERE name IN (SELECT unnest($keys)) OR author_key IN (SELECT unnest($keys))
        ) AS theirs USING (platform, author_key)
    """
    return tables.texts(sql, {"keys": sorted(author_keys)})


def names_of(tables: Tables, clips: Collection[ClipRow]) -> dict[str, set[str]]:
    """By clip, all names under which its author is known, the `author_key` among them; without clips of nobody."""
    authors = {(row.platform, row.author_key) for row in clips if row.author_key}
    found: defaultdict[Name, set[str]] = defaultdict(set)
    for platform, name, author_key in _run(tables, NAMES_OF, authors):
        found[platform, author_key].add(name)
    return {
        row.clip_id: {row.author_key, *found[row.platform, row.author_key]}
        for row in clips
        if row.author_key is not None
    }


def delete_names_without_clips(tables: Tables) -> None:
    """Delete the names of authors of whom the study holds no clip, inside a transaction."""
    tables.connection.execute(DELETE_WITHOUT_CLIPS)


def _run(tables: Tables, sql: str, names: Collection[Name]) -> list[tuple[Any, ...]]:
    """Run a statement over platforms and names."""
    if not names:
        return []
    ordered = sorted(names)
    asked = {"platforms": [platform for platform, _ in ordered], "names": [name for _, name in ordered]}
    return tables.connection.execute(sql, asked).fetchall()
