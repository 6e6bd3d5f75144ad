"""A value of a wrong type, in any key of a study file, is one sentence that names the key and what belongs there."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from pipeline.errors import ConfigError
from pipeline.stages import BY_NAME
from pipeline.study.config import PrivacyOptions, RayOptions, RunOptions, StudyContent, load_study
from pipeline.study.filters import FilterOptions
from pipeline.study.key_values import as_toml, example
from pipeline.study.source_options import SourceOptions

SOURCE = '[[sources]]\nfolder = "clips"\n'
SECTIONS: dict[str, type[BaseModel]] = {
    "": StudyContent,
    "[[sources]]": SourceOptions,
    "[filters]": FilterOptions,
    "[privacy]": PrivacyOptions,
    "[run]": RunOptions,
    "[run.ray]": RayOptions,
    **{f"[{name}]": stage.Options for name, stage in BY_NAME.items()},
}
#: What a TOML file can hold, by kind; no text is one that a key takes.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text("xyz 05", max_size=8),
    "whole number": st.integers(-(10**9), 10**9),
    "number": st.sampled_from([0.5, -3.25, float("nan"), float("inf")]),
    "flag": st.booleans(),
    "day": st.dates(date(1970, 1, 1), date(2100, 1, 1)),
    "list": st.lists(st.integers(), max_size=3),
    "tables": st.just([{"x": 1}]),
    "table": st.dictionaries(st.sampled_from("xy"), st.integers(), max_size=2),
}
RIGHT = {bool: {"flag"}, int: {"whole number"}, float: {"whole number", "number"}, str: {"text"}, date: {"day"}}
FOREIGN = ("input should", "pydantic", "type=", "valid ", "value error", "tuple", "dictionary", "instance", "parse")


def right(kind: Any) -> set[str]:
    """The kinds of values that a type takes, or may take."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return {name for one in get_args(kind) if one is not types.NoneType for name in right(one)}
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {"table"}
    if origin is Literal:
        return set()
    if origin is tuple:
        of_tables = isinstance(get_args(kind)[0], type) and issubclass(get_args(kind)[0], BaseModel)
        return {"tables"} if of_tables else set()  # the lists here hold no texts
    return set() if isinstance(origin, type) and issubclass(origin, Mapping) else RIGHT[kind]


def keys() -> Iterator[tuple[str, str, Any]]:
    """Every key with its section and its type."""
    for section, options in SECTIONS.items():
        for name, field in options.model_fields.items():
            yield section, field.alias or name, field.annotation


def study_with(section: str, key: str, value: str) -> str:
    """A study file with that value, and no other mistake."""
    line = f"{key} = {value}"
    if section:
        return "\n".join(["name = 'x'", *([] if section == "[[sources]]" else [SOURCE]), section, line])
    needed = {"name": "name = 'x'", "sources": SOURCE}
    return "\n".join([line, *(text for name, text in needed.items() if name != key)])


def refusal(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_study(path, BY_NAME)
    message = str(caught.value)
    assert "\n" not in message
    assert "study.toml: " in message
    return message.partition("study.toml: ")[2]


@pytest.mark.parametrize(("section", "key", "kind"), list(keys()))
@settings(max_examples=6)
@given(data=st.data())
def test_any_wrong_type_in_any_key(
    tmp_path_factory: pytest.TempPathFactory, section: str, key: str, kind: Any, data: st.DataObject
) -> None:
    wrong = sorted(VALUES.keys() - right(kind))
    value = data.draw(st.sampled_from(wrong).flatmap(VALUES.__getitem__))
    assume(value != [] and value != {})  # what is empty is of any type of list or table
    said = refusal(tmp_path_factory.getbasetemp() / "study.toml", study_with(section, key, as_toml(value)))
    assert key in said
    assert not [word for word in FOREIGN if word in said.lower()], said


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[sources]\nfolder = 'clips'", ["'sources'", "[[sources]]"]),
        ("sources = ['clips']", ["'sources.0'", '"clips"', "[[sources]]"]),
        ("sources = []", ["'sources'", "[[sources]]"]),
        (f"{SOURCE}[[run]]\nworkers = 2", ["'run'", "[run]"]),
        (f"{SOURCE}[[transcribe]]\nbeam_size = 2", ["'transcribe'", "[transcribe]"]),
        (f"transcribe = 5\n{SOURCE}", ["'transcribe'", "[transcribe]"]),
        (f"{SOURCE}[run]\nray = 'auto'", ["'run.ray'", "[run.ray]"]),
        (f"{SOURCE}[emotion]\nmodels = 'starter'", ["'emotion.models'", '"starter"', 'models = ["starter"]']),
        (f"{SOURCE}[emotion]\nmodels = []", ["'emotion.models'", 'models = ["starter"]']),
        (f"{SOURCE}[emotion]\nmodels = ['starter', 5]", ["'emotion.models.1'", "5", 'models = ["starter"]']),
        (f"{SOURCE}[download]\npaces = {{ tiktok = [1] }}", ["'download.paces.tiktok'", "2 numbers"]),
        (f"{SOURCE}[download]\npaces = {{ tiktok = [1, '2'] }}", ["'download.paces.tiktok.1'", '"2"']),
        (f"{SOURCE}[transcribe]\nbeam_size = '5'", ["'transcribe.beam_size'", '"5"', "1 to 10", "beam_size = 5"]),
        (f"{SOURCE}[transcribe]\nbeam_size = 11", ["'transcribe.beam_size'", "11", "1 to 10"]),
        (f"{SOURCE}[evidence]\nspeech_threshold = 1", ["above 0 and below 1"]),
        (f"{SOURCE}[run]\nworkers = 'many'", ["'run.workers'", '"many"', '"auto"']),
        (f"{SOURCE}[privacy]\ntranscripts = 'kepe'", ["'privacy.transcripts'", '"kepe"', '"keep"', '"drop"']),
        (f"{SOURCE}[filters]\nposted_from = '2026-13-01'", ["'filters.posted_from'", "2026-13-01", "2026-01-01"]),
        (f"{SOURCE}[filters]\nposted_from = 20260101", ["'filters.posted_from'", "20260101", "2026-01-01"]),
    ],
)
def test_it_says_what_stands_there_and_what_belongs_there(tmp_path: Path, text: str, parts: list[str]) -> None:
    said = refusal(tmp_path / "study.toml", f"name = 'x'\n{text}\n")
    assert not [part for part in parts if part not in said], said
    assert not [word for word in FOREIGN if word in said.lower()], said


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("[filters]", "posted_from = '2026-01-31'"),
        ("[filters]", "min_duration_s = 3"),
        ("[transcribe]", "beam_size = 5.0"),
        ("[run]", "workers = 2"),
        ("[download]", "paces = { tiktok = [1, 2.5] }"),
    ],
)
def test_what_means_one_thing_alone_is_taken(tmp_path: Path, section: str, line: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(f"name = 'x'\n{SOURCE}{section}\n{line}\n")
    load_study(path, BY_NAME)


@pytest.mark.parametrize(("section", "options"), SECTIONS.items())
def test_the_example_of_every_key_is_right(tmp_path: Path, section: str, options: type[BaseModel]) -> None:
    for key, field in options.model_fields.items():
        if key in ("sources", "filters", "privacy", "run", "ray"):
            continue
        value = example(field)
        assert value not in (None, (), {}), key
        line = f"{field.alias or key} = {as_toml(value)}"
        of_kind = {"sidecar": "folder = 'x'", "columns": "url_file = 'x'", "platform": "url_file = 'x'",
                   "encoding": "url_file = 'x'", "date_format": "url_file = 'x'", "counted_at": "url_file = 'x'",
                   "fetch": "export = 'x'", "donor": "export = 'x'", "max_posts": "listing = 'x'",
                   "since": "listing = 'x'", "max_minutes": "listing = 'x'", "name": "folder = 'x'"}  # fmt: skip
        more = of_kind.get(key, "") if options is SourceOptions else ""
        path = tmp_path / "study.toml"
        path.write_text(f"{study_with(section, field.alias or key, as_toml(value))}\n{more}\n")
        load_study(path, BY_NAME)
        assert line in path.read_text()
