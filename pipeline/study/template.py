"""The study file that `cliptone init` writes: every key with its default and its meaning, taken from the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.stage import Stage
from pipeline.study.config import SCHEMA, PrivacyOptions, RayOptions, RunOptions, StudyContent
from pipeline.study.filters import FilterOptions
from pipeline.study.key_values import as_toml, example

HEAD = """# {name}: a study for cliptone. Run it with: cliptone run {name}.toml
# A key with a # before it shows its default, or an example where it has none: take the # away to set it.
schema = {schema}
name = "{name}"
# {output}
# output = "outputs/{name}"
# {store}
# store = "duckdb"
# {profile}
# profile = "balanced"

# Where clips come from: any number of [[sources]], each with one of folder, glob, urls, url_file, export or listing.
# Each may have a name, which results show: name = "first wave". Without one it is called by kind and number: folder 1.
# To add one of the blocks below, take the # away from its [[sources]] and from the line after it.
[[sources]]
folder = "clips"              # every media file in this folder and below; or glob = "clips/**/*.mp4"
# sidecar = "posts.csv"       # one row a file: file, platform, id, url, caption, author, author_id, language,
#                             # posted_at, counted_at, duration_s, views, likes, comments, shares, saves, sound_id,
#                             # sound_title, sound_artist (what yt-dlp, instaloader or gallery-dl wrote beside a
#                             # file is read by itself)
# encoding = "cp1252"         # of a CSV file that is not UTF-8
# counted_at = "file"         # counts without a time take the date of their file
# date_format = "%d/%m/%Y"    # of dates that are not written with the year first

# [[sources]]
# urls = ["https://www.tiktok.com/@account/video/7300000000000000000"]   # fetched with yt-dlp

# [[sources]]
# url_file = "posts.csv"      # a text file with one URL a line, or a CSV file with a column url
# columns = {{ url = "link", caption = "text" }}   # of a CSV file whose columns have other names: ours = "theirs"
# platform = "tiktok"         # of a CSV file that names ids without their platform

# [[sources]]
# export = "zeeschuimer.ndjson"   # posts that another tool exported; what is in one: cliptone import FILE
# fetch = true                # false keeps the posts as metadata, and fetches no media
# donor = "d01"               # for a data donation: a code for the donor, never a name

# [[sources]]
# listing = "https://www.tiktok.com/@account"   # or a YouTube channel's /shorts page, or a hashtag of YouTube
# max_posts = 200             # most posts that one run takes
# since = 2026-01-01          # read back to this day (UTC)
# max_minutes = 30            # most minutes that one run reads it
"""

#: What a new study file sets, so that it keeps no more of people than it needs; without a line, its default holds.
MINIMISING = {"pseudonymise": True, "keep_media": False, "keep_audio": False}


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a study file: its options, what it is for, and the values that a new study states."""

    name: str
    options: type[BaseModel]
    about: str
    stated: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fields(self) -> Mapping[str, FieldInfo]:
        """Its keys, without those that are sections of their own."""
        return {key: one for key, one in self.options.model_fields.items() if not isinstance(one.default, BaseModel)}


def sections(stages: Mapping[str, type[Stage]]) -> tuple[Section, ...]:
    """Every section after the sources, in the order of the file."""
    return (
        Section("filters", FilterOptions, _first_line(FilterOptions)),
        Section("privacy", PrivacyOptions, _first_line(PrivacyOptions), MINIMISING),
        Section("run", RunOptions, _first_line(RunOptions)),
        Section("run.ray", RayOptions, _first_line(RayOptions)),
        *(Section(stage.name, stage.Options, _first_line(stage)) for stage in stages.values()),
    )


def study_template(name: str, stages: Mapping[str, type[Stage]]) -> str:
    """A commented study file."""
    about = {key: StudyContent.model_fields[key].description for key in ("output", "store", "profile")}
    return "\n".join([HEAD.format(name=name, schema=SCHEMA, **about), *map(_section_toml, sections(stages))])


def _section_toml(section: Section) -> str:
    """A section with every key: stated ones set, the others as comments with their default."""
    lines = [f"# {section.about}", f"[{section.name}]"]
    for key, one in section.fields.items():
        lines.append(f"# {one.description}")
        if key in section.stated:
            lines.append(f"{key} = {as_toml(section.stated[key])}")
        elif one.default is None:
            lines.append(f"# {key} = {as_toml(example(one))}   # for example; not set by default")
        else:
            lines.append(f"# {key} = {as_toml(one.default)}")
    return "\n".join(lines) + "\n"


def _first_line(documented: type) -> str:
    return (documented.__doc__ or "").splitlines()[0]
