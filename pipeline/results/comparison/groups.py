"""The two groups of a comparison, and the measures of their clips."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import UserError
from pipeline.results.study import StudyReader
from pipeline.store.schema import quoted

#: What clips are grouped by, as a list of texts in SQL over `clips`; other names are columns of `clip_overview`.
GROUPINGS = {
    "hashtag": "hashtags",
    "week": "[strftime(date_trunc('week', posted_at), '%Y-%m-%d')]",
    "author": "[author_key]",
    "sound": "[sound_id]",
}
CLIPS_OF = "SELECT clip_id FROM clip_overview WHERE ({predicate})"
GROUPED = "SELECT clip_id FROM clips WHERE list_contains({grouping}, {value})"
TONES = """
    SELECT clip_id, tone, probability FROM clip_probabilities
    WHERE model = coalesce($model, (SELECT model FROM tone_models WHERE position = 1))
"""
#: A value in the name of a group: behind the column, or in quotes inside a predicate.
LITERAL = re.compile(r"(?<==)(?P<text>[^\s']+)$|(?<=')(?P<quoted>[^']+)(?=')")
HIDDEN = "…"
IS_NAMED = "SELECT 1 FROM clips WHERE author_key = $name OR clip_id = $name LIMIT 1"
AUTHORS = "SELECT clip_id, coalesce(author_key, clip_id) FROM clips"
AROUSAL = "arousal"
OF_COLUMN = "SELECT clip_id, avg({column}) FROM {view} WHERE {column} IS NOT NULL GROUP BY clip_id"


@dataclass(frozen=True, slots=True)
class ClipGroup:
    """Some clips of a study under the name that they were asked for by."""

    name: str
    clips: frozenset[str]


@dataclass(frozen=True, slots=True)
class ClipMeasure:
    """One measure of clips: those that have a value."""

    name: str
    model: str | None
    values: dict[str, float]  # by clip


def by_column(reader: StudyReader, wanted: str) -> tuple[ClipGroup, ClipGroup]:
    """Two groups from `hashtag=A,B`; with one value, the others are the second group."""
    column, _, values = wanted.partition("=")
    names = [value.strip() for value in values.split(",")]
    column = column.strip()
    if len(names) not in (1, 2) or not all(names) or len(set(names)) < len(names):
        raise UserError(f"--by names a column and one or two of its values, as in hashtag=bags,shoes: not {wanted!r}")
    if column in GROUPINGS:
        names = [name.removeprefix("#").lower() if column == "hashtag" else name for name in names]
        chosen = [GROUPED.format(grouping=GROUPINGS[column], value=quoted(name)) for name in names]
    else:
        _require_column(reader, "clip_overview", column, GROUPINGS)
        chosen = [CLIPS_OF.format(predicate=f"CAST({column} AS VARCHAR) = {quoted(name)}") for name in names]
    groups = [_group(reader, f"{column}={name}", sql) for name, sql in zip(names, chosen, strict=True)]
    if len(groups) == 1:
        others = _group(reader, f"other {column}s", "SELECT clip_id FROM clips")
        groups.append(ClipGroup(others.name, others.clips - groups[0].clips))
    return groups[0], groups[1]


def by_predicate(reader: StudyReader, predicate: str) -> ClipGroup:
    """The clips for which SQL over `clip_overview` holds."""
    return _group(reader, predicate, CLIPS_OF.format(predicate=predicate))


def _group(reader: StudyReader, name: str, sql: str) -> ClipGroup:
    found = ClipGroup(name, frozenset(str(clip_id) for (clip_id,) in reader.rows(sql)))
    if not found.clips:
        raise UserError(f"no clip of this study is in the group {name}")
    return found


def without_people(reader: StudyReader, name: str) -> str:
    """The name of a group as it is stored: authors and clips in it are not named, so that they can be forgotten."""

    def hidden(found: re.Match[str]) -> str:
        return HIDDEN if reader.rows(IS_NAMED, name=found["text"] or found["quoted"]) else found[0]

    return LITERAL.sub(hidden, name)


def authors(reader: StudyReader) -> dict[str, str]:
    """The author of each clip; a clip without a known one is one of its own."""
    return {str(clip_id): str(author) for clip_id, author in reader.rows(AUTHORS)}


def measures(reader: StudyReader, names: Sequence[str], model: str | None) -> list[ClipMeasure]:
    """The named measures: tones, arousal, or VIEW.COLUMN; without names, all tones and arousal."""
    tones: dict[str, dict[str, float]] = {}
    for clip_id, tone, probability in reader.rows(TONES, model=model):
        tones.setdefault(tone, {})[clip_id] = probability
    if model is not None and not tones:
        raise UserError(f"this study has no tone by {model!r}: `cliptone query model_versions` names its models")
    model = model or (reader.rows("SELECT model FROM tone_models WHERE position = 1") or [(None,)])[0][0]
    found = []
    for name in names or (*sorted(tones), AROUSAL):
        if name in tones:
            found.append(ClipMeasure(name, model, tones[name]))
        elif name == AROUSAL:
            found.append(ClipMeasure(name, None, _column(reader, AROUSAL, "arousal_rank")))
        else:
            view, dot, column = name.partition(".")
            if not dot:
                known = ", ".join((*sorted(tones), AROUSAL))
                raise UserError(
                    f"there is no measure {name!r}: it is {known}, or VIEW.COLUMN as in acoustics.f0_median_hz"
                )
            _require_column(reader, view, column)
            found.append(ClipMeasure(name, None, _column(reader, view, column)))
    return found


def _require_column(reader: StudyReader, view: str, column: str, more: Sequence[str] | dict[str, str] = ()) -> None:
    """`UserError` unless a table or view of clips has this column."""
    sql = "SELECT column_name FROM duckdb_columns() WHERE database_name = current_database() AND table_name = $view"
    there = [str(name) for (name,) in reader.rows(sql, view=view)]
    if "clip_id" not in there:
        raise UserError(
            f"there is no table or view {view!r} with a row a clip, or several: `cliptone codebook` lists them"
        )
    if column not in there:
        raise UserError(f"{view} has no column {column!r}: there are {', '.join((*more, *there))}")


def _column(reader: StudyReader, view: str, column: str) -> dict[str, float]:
    rows = reader.rows(OF_COLUMN.format(view=view, column=column))
    return {str(clip_id): float(value) for clip_id, value in rows}
