"""The study file that `cliptone init` writes: every key with its default and its meaning, taken from the code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from pipeline.config import SCHEMA, PrivacyOptions, RunOptions
from pipeline.stage import Stage

HEAD = """# {name}: a study for cliptone. Run it with: cliptone run {name}.toml
# A key with a # before it shows its default; take the # away to change it.
schema = {schema}
name = "{name}"
# output = "outputs/{name}"   # folder of the results, beside this file

# Where clips come from: any number of [[sources]], each with one of folder, glob, urls, url_file or export.
[[sources]]
folder = "clips"              # every media file in this folder and below
# sidecar = "posts.csv"       # one row a file: file, platform, id, url, caption, author, author_id, posted_at,
#                             # counted_at, views, likes, comments, shares, saves, sound_id, sound_title, sound_artist
#                             # (a NAME.info.json of yt-dlp beside NAME.mp4 is read by itself)

# [[sources]]
# urls = ["https://www.tiktok.com/@account/video/7300000000000000000"]   # fetched with yt-dlp

# [[sources]]
# export = "zeeschuimer.ndjson"   # posts that another tool exported; what is in one: cliptone import FILE
"""


def study_template(name: str, stages: Mapping[str, type[Stage]]) -> str:
    """A commented study file."""
    parts = [HEAD.format(name=name, schema=SCHEMA)]
    parts.append(_section("privacy", PrivacyOptions, "What is known of people."))
    parts.append(_section("run", RunOptions, "How the machine is used; nothing here changes a number."))
    parts += [_section(stage.name, stage.Options, (stage.__doc__ or "").splitlines()[0]) for stage in stages.values()]
    return "\n".join(parts)


def _section(name: str, options: type[BaseModel], doc: str) -> str:
    lines = [f"# {doc}", f"[{name}]"]
    for key, field in options.model_fields.items():
        lines += [f"# {field.description}", f"# {key} = {_toml(field.default)}"]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """A default as TOML; a key that is unset by default shows an empty text."""
    if value is None:
        return '""   # not set'
    return json.dumps(list(value) if isinstance(value, tuple) else value)
