"""The study file that `cliptone init` writes: every key with its default and its meaning, taken from the code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from pipeline.stage import Stage
from pipeline.study.config import SCHEMA, PrivacyOptions, RayOptions, RunOptions
from pipeline.study.filters import FilterOptions

HEAD = """# {name}: a study for cliptone. Run it with: cliptone run {name}.toml
# A key with a # before it shows its default; take the # away to change it.
schema = {schema}
name = "{name}"
# output = "outputs/{name}"   # folder of the results, beside this file
# store = "duckdb"            # or "parquet://FOLDER", "parquet://s3://bucket/study": results as Parquet files
# profile = "balanced"        # or reference (slow, Whisper as it was trained) or fast (a few more wrong words)

# Where clips come from: any number of [[sources]], each with one of folder, glob, urls, url_file, export or listing.
# Each may have a name, which results show: name = "first wave". Without one it is called by kind and number: folder 1.
[[sources]]
folder = "clips"              # every media file in this folder and below; or glob = "clips/**/*.mp4"
# sidecar = "posts.csv"       # one row a file: file, platform, id, url, caption, author, author_id, language,
#                             # posted_at, counted_at, duration_s, views, likes, comments, shares, saves, sound_id,
#                             # sound_title, sound_artist (a NAME.info.json of yt-dlp beside NAME.mp4 is read by itself)

# [[sources]]
# urls = ["https://www.tiktok.com/@account/video/7300000000000000000"]   # fetched with yt-dlp

# [[sources]]
# url_file = "posts.csv"      # a text file with one address a line, or a CSV file with a column url
# columns = {{ url = "link", caption = "text" }}   # of a CSV file whose columns have other names: ours = "theirs"
# platform = "tiktok"         # of a CSV file that names ids without their platform

# [[sources]]
# export = "zeeschuimer.ndjson"   # posts that another tool exported; what is in one: cliptone import FILE
# fetch = true                # false keeps the posts as metadata, and fetches no media
# donor = "d01"               # for a data donation: a code for the donor, never a name

# [[sources]]
# listing = "https://www.tiktok.com/@account"   # or a YouTube channel's /shorts page, or a hashtag of YouTube
# max_posts = 200             # taken at most by one look at the page
# since = 2026-01-01          # read back to this day (UTC)
# max_minutes = 30            # taken at most by one look at the page
"""

#: What a new study says aloud, so that it keeps no more of people than it needs; take a line out to keep the default.
MINIMISING = {"pseudonymise": True, "keep_media": False, "keep_audio": False}


def study_template(name: str, stages: Mapping[str, type[Stage]]) -> str:
    """A commented study file."""
    parts = [HEAD.format(name=name, schema=SCHEMA)]
    parts.append(_section("filters", FilterOptions, FilterOptions.__doc__ or ""))
    parts.append(_section("privacy", PrivacyOptions, "What is known of people.", MINIMISING))
    parts.append(_section("run", RunOptions, "How the machine is used; nothing here changes a number."))
    parts.append(_section("run.ray", RayOptions, RayOptions.__doc__ or ""))
    parts += [_section(stage.name, stage.Options, (stage.__doc__ or "").splitlines()[0]) for stage in stages.values()]
    return "\n".join(parts)


def _section(name: str, options: type[BaseModel], doc: str, stated: Mapping[str, Any] | None = None) -> str:
    """A section with every key: `stated` ones as they are to be, the others as comments with their default."""
    lines = [f"# {doc}", f"[{name}]"]
    for key, field in options.model_fields.items():
        if isinstance(field.default, BaseModel):
            continue  # a section of its own
        lines.append(f"# {field.description}")
        lines.append(
            f"{key} = {_toml(stated[key])}" if stated and key in stated else f"# {key} = {_toml(field.default)}"
        )
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """A default as TOML; a key that is unset by default shows an empty text."""
    if value is None:
        return '""   # not set'
    return json.dumps(list(value) if isinstance(value, tuple) else value)
