"""Values of queries, checked against the study: an unknown tone, clip or author is an error instead of no rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.errors import UserError

#: Rows of SQL with parameters.
Ask = Callable[..., list[tuple[Any, ...]]]

TONES = "SELECT DISTINCT unnest(map_keys(probabilities)) AS tone FROM emotions ORDER BY tone"
AUTHOR = "SELECT 1 FROM clips WHERE author_key = $author LIMIT 1"
IS_CLIP = "SELECT 1 FROM clips WHERE clip_id = $clip"
OF_FILE = "SELECT clip_id FROM media WHERE file_name = $clip ORDER BY clip_id"
#: The clip whose id, with or without its platform, or whose file's name is most like what was given.
NEAREST = """
    WITH named AS (
        SELECT
            clips.clip_id,
            media.file_name,
            unnest([clips.clip_id, regexp_replace(clips.clip_id, '^[^:]*:', ''), media.file_name]) AS name
        FROM clips
        LEFT JOIN media USING (clip_id)
    )
    SELECT clip_id, file_name
    FROM named
    WHERE name IS NOT NULL
    ORDER BY levenshtein(lower(name), lower($clip)), levenshtein(name, $clip), clip_id
    LIMIT 1
"""


def checked(ask: Ask, values: Mapping[str, str]) -> dict[str, str]:
    """Values of parameters as queries take them: a clip by its file's name has its id; `UserError` for unknown ones."""
    found = dict(values)
    if "tone" in found:
        _require_tone(ask, found["tone"])
    if "author" in found and not ask(AUTHOR, author=found["author"]):
        raise UserError(f"no clip of this study has the author_key {found['author']!r}: clip_overview shows them")
    if "clip" in found:
        found["clip"] = clip_named(ask, found["clip"])
    return found


def clip_named(ask: Ask, name: str) -> str:
    """The id of the clip that has this id, or alone has a file of this name; `UserError` names the nearest one."""
    if ask(IS_CLIP, clip=name):
        return name
    of_file = [str(clip_id) for (clip_id,) in ask(OF_FILE, clip=name)]
    if len(of_file) == 1:
        return of_file[0]
    if of_file:
        first = " and ".join(map(repr, of_file[:2]))
        raise UserError(f"{len(of_file)} clips have a file {name!r}, {first} among them: give an id instead")
    nearest = ask(NEAREST, clip=name)
    if not nearest:
        raise UserError("this study has no clips yet")
    clip_id, file_name = nearest[0]
    raise UserError(
        f"this study has no clip {name!r}: the nearest is {clip_id!r}" + (f" ({file_name})" if file_name else "")
    )


def _require_tone(ask: Ask, tone: str) -> None:
    known = [str(found) for (found,) in ask(TONES)]
    if not known:
        raise UserError("this study has no tone yet: run the stage emotion first")
    if tone not in known:
        raise UserError(f"no model of this study has the tone {tone!r}; there are {', '.join(known)}")
