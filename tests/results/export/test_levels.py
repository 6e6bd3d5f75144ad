"""Every column of every table is classified, and what tells of a person does not leave."""

from __future__ import annotations

import sys

import pytest

from pipeline.errors import UserError
from pipeline.records import Row
from pipeline.results.codebook import codebook
from pipeline.results.export.levels import COLUMNS, Level, Rule, leaving, level_of, rules

TELLING = {
    "url", "caption", "text", "word", "matched", "term", "hashtags", "mentions", "message", "file_name", "sound_id",
    "sound_title", "sound_artist", "embedding", "trace", "location", "clip_key", "donor_key", "emoji", "sha256",
    "file_sha256", "size_bytes", "options", "source",
}  # fmt: skip


def row_classes() -> list[type[Row]]:
    """All row classes; a dataclass with slots leaves its first version among the subclasses."""
    return [kind for kind in Row.__subclasses__() if getattr(sys.modules[kind.__module__], kind.__name__) is kind
            and kind.__module__.startswith("pipeline.")]  # fmt: skip


@pytest.mark.parametrize("kind", row_classes(), ids=lambda kind: kind.table)
def test_every_column_of_every_row_class_is_classified_once(kind: type[Row]) -> None:
    """A column that fails here was added without saying whether it may leave: name it in `COLUMNS`."""
    named = [name for names in COLUMNS.get(kind.table, {}).values() for name in names.split()]
    assert sorted(named) == sorted(column.name for column in kind.columns())


def test_every_column_of_an_exported_view_is_classified() -> None:
    views = {entry.name: {v.name for v in entry.variables} for entry in codebook() if entry.kind == "view"}
    for name in COLUMNS.keys() & views.keys():
        assert set(rules(name)) == views[name]
    assert "clip_tone" in COLUMNS


def test_what_is_not_classified_does_not_leave() -> None:
    for level in (Level.RESTRICTED, Level.SHAREABLE):
        assert "newly_added" not in leaving("clips", level)
        assert leaving("a_new_table", level) == {}


def test_nothing_that_tells_of_a_person_is_shareable() -> None:
    for relation in COLUMNS:
        assert not TELLING & set(leaving(relation, Level.SHAREABLE)), relation


def test_clip_and_author_ids_leave_under_pseudonyms_alone() -> None:
    for relation in COLUMNS:
        known = leaving(relation, Level.SHAREABLE)
        assert known.get("clip_id", Rule.CLIP) is Rule.CLIP
        assert known.get("author_key", Rule.AUTHOR) is Rule.AUTHOR
        assert all(rule is Rule.TIME for name, rule in known.items() if name.endswith("_at"))


def test_tables_of_which_only_clips_would_leave_stay() -> None:
    for table in ("words", "media", "mentions", "exposures", "platform_captions"):
        assert leaving(table, Level.SHAREABLE) == {}
        assert leaving(table, Level.RESTRICTED)


def test_tombstones_and_private_tables_leave_at_no_level() -> None:
    for table in ("tombstones", "sources", "traces"):
        assert leaving(table, Level.RESTRICTED) == leaving(table, Level.SHAREABLE) == {}


def test_there_is_no_raw_level_and_the_refusal_says_why() -> None:
    with pytest.raises(UserError, match=r"'raw': .*'restricted'"):
        level_of("raw")
    with pytest.raises(UserError, match=r"'public': .*restricted, shareable, aggregate, ids-only"):
        level_of("public")
