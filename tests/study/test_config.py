"""A study file is read strictly: each mistake is one sentence that names the key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.errors import ConfigError
from pipeline.stages import BY_NAME, STAGES
from pipeline.study.config import load_study
from pipeline.study.filters import FilterOptions
from pipeline.study.folder import work_name
from pipeline.study.source_options import SourceOptions
from pipeline.study.template import study_template
from tests.conftest import write_study

SOURCE = '[[sources]]\nfolder = "clips"\n'


def refuse(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_study(path, BY_NAME)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_reads_options_of_stages_and_resolves_paths_beside_the_file(tmp_path: Path) -> None:
    study = load_study(write_study(tmp_path, SOURCE + "[transcribe]\nbeam_size = 1\n"), BY_NAME)
    assert study.file.options["transcribe"].beam_size == 1  # type: ignore[attr-defined]
    assert study.folder.root == tmp_path / "outputs" / "test"
    assert study.file.privacy.pseudonymise is True


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("sorces = []\n" + SOURCE, ["'sorces'", "'sources'"]),
        (SOURCE + "[transcribe]\nmodle = 'x'\n", ["'transcribe.modle'", "'model'"]),
        (SOURCE + "[trascribe]\n", ["'trascribe'", "'transcribe'"]),
        (SOURCE + "[privacy]\nkeep_vido = true\n", ["'privacy.keep_vido'", "keep_media"]),
        ("[[sources]]\nfolder = 'a'\nsidecars = 'b'\n", ["sources.0.sidecars", "'sidecar'"]),
        (SOURCE + "[transcribe]\nbeam_size = 'five'\n", ["transcribe.beam_size", '"five"', "whole number"]),
        (
            "[[sources]]\nfolder = 'a'\nglob = 'b'\n",
            ["folder, glob, urls, url_file, export and listing"],
        ),
        (SOURCE + "max_posts = 5\n", ["sources.0", "max_posts", "folder", "name, sidecar"]),
        ("[[sources]]\nlisting = 'x'\nfetch = false\n", ["sources.0", "fetch", "listing"]),
        ("[[sources]]\nurls = ['x']\nsidecar = 'y'\n", ["sources.0", "sidecar", "urls"]),
        ("[[sources]]\nlisting = 'x'\nmax_posts = 0\n", ["sources.0.max_posts", "above 0"]),
        ("[[sources]]\nlisting = 'x'\nsince = 'last week'\n", ["sources.0.since", "date"]),
        (SOURCE + "name = '@ann'\n", ["sources.0.name", "'@ann'"]),
        (SOURCE + "name = 'import'\n", ["sources.0.name", "'import'"]),
        (SOURCE + "name = 'a'\n" + SOURCE + "name = 'a'\n", ["'a'"]),
        (SOURCE + "[filters]\nmax_lenght = 3\n", ["'filters.max_lenght'", "min_duration_s"]),
        (SOURCE + "[filters]\nmin_like = 3\n", ["'filters.min_like'", "'min_likes'"]),
        (SOURCE + "[filters]\ncaption_matches = '('\n", ["filters.caption_matches", "'('"]),
        ("[[sources]]\n", ["sources.0", "folder, glob, urls, url_file, export and listing"]),
        ("", ["'sources'"]),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, body: str, wanted: list[str]) -> None:
    message = refuse(write_study(tmp_path, body))
    assert all(part in message for part in wanted), message


@pytest.mark.parametrize(
    "text",
    [
        'name = "a\\u0000\\u001b[31mb"\n' + SOURCE,
        'name = "a"\n"k\\u0000\\u009b" = 1\n' + SOURCE,
        'name = "a"\nstore = "du\\u001bck"\n' + SOURCE,
        'name = "a"\n[transcribe]\nlanguage = "\\u001b"\n' + SOURCE,
        'name = "a"\n[[sources]]\nfolder = "x"\nname = "\\u001b"\n',
        'name = "a\x1bb"\n' + SOURCE,
        'na\x00me = "a"\n' + SOURCE,
    ],
)
def test_no_control_character_comes_back_in_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(text)
    assert refuse(path).isprintable()


def test_a_study_file_from_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "new.toml"
    path.write_text('schema = 99\nname = "new"\nunheard_of = 1\n')
    assert "schema 99" in refuse(path)


def test_no_file_and_no_toml(tmp_path: Path) -> None:
    assert "cliptone init" in refuse(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = [")
    assert "TOML" in refuse(broken)


@pytest.mark.parametrize("name", ["../up", "a b", "", "x" * 65])
def test_a_name_cannot_be_a_path(tmp_path: Path, name: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(f'name = "{name}"\n{SOURCE}')
    assert repr(name) in refuse(path)


def test_the_template_is_a_valid_study_with_every_key_of_every_stage(tmp_path: Path) -> None:
    text = study_template("fresh", BY_NAME)
    path = tmp_path / "fresh.toml"
    path.write_text(text)
    load_study(path, BY_NAME)
    for stage in STAGES:
        assert f"[{stage.name}]" in text
        for key, field in stage.Options.model_fields.items():
            assert f"# {key} = " in text
            assert field.description, f"{stage.name}.{key} has no description"


def test_the_commented_defaults_of_the_template_are_the_defaults(tmp_path: Path) -> None:
    lines = study_template("fresh", BY_NAME).splitlines()
    active = [line.removeprefix("# ") if " = " in line and "not set by default" not in line else line for line in lines]
    start = active.index("[privacy]")
    path = tmp_path / "fresh.toml"
    head = ['name = "fresh"', "[[sources]]", 'folder = "clips"']
    path.write_text("\n".join(head + [line for line in active[start:] if not line.startswith("#") or "[" in line[:3]]))
    assert load_study(path, BY_NAME).file.options == {stage.name: stage.Options() for stage in STAGES}


def test_the_template_shows_every_key_of_a_source_and_of_the_filters() -> None:
    text = study_template("fresh", BY_NAME)
    for key in SourceOptions.model_fields:
        assert f"{key} = " in text, key
    for key, field in FilterOptions.model_fields.items():
        assert f"# {key} = " in text, key
        assert str(field.description) in text


EXAMPLE = re.compile(r"# ([a-z_]+) = ")


def _examples() -> Iterator[tuple[str, str]]:
    """Each commented line of the template, and the template in which it counts; a block of a source as far as it."""
    lines = study_template("fresh", BY_NAME).splitlines()
    for number, line in enumerate(lines):
        if EXAMPLE.match(line):
            taken = lines.copy()
            above = next((at for at in range(number, -1, -1) if lines[at].startswith(("[", "# [["))), 0)
            for at in {number, *((above, above + 1) if lines[above].startswith("# [[") else ())}:
                taken[at] = taken[at].removeprefix("# ")
            yield line, "\n".join(taken)


@pytest.mark.parametrize(("line", "text"), _examples())
def test_every_commented_line_of_the_template_is_valid_without_its_mark(tmp_path: Path, line: str, text: str) -> None:
    path = tmp_path / "fresh.toml"
    path.write_text(text)
    load_study(path, BY_NAME)
    assert tomllib.loads(text) != tomllib.loads(study_template("fresh", BY_NAME)), line


def test_the_template_shows_every_kind_of_source(tmp_path: Path) -> None:
    path = tmp_path / "fresh.toml"
    kinds = []
    for _, text in _examples():
        path.write_text(text)
        kinds.append(load_study(path, BY_NAME).file.sources[-1].kind)
    assert set(kinds) == {"folder", "urls", "url_file", "export", "listing"}


def test_sources_are_called_by_their_name_or_their_kind_and_number(tmp_path: Path) -> None:
    body = SOURCE + "[[sources]]\nurls = ['x']\n" + SOURCE + SOURCE + "name = 'first wave (2026)'\n"
    study = load_study(write_study(tmp_path, body), BY_NAME)
    assert study.file.labels == ("folder 1", "urls 1", "folder 2", "first wave (2026)")


def test_options_are_frozen() -> None:
    for stage in STAGES:
        options = stage.Options()
        for key in stage.Options.model_fields:
            with pytest.raises(ValidationError):
                setattr(options, key, None)


def test_work_names_are_safe_and_differ() -> None:
    names = [
        work_name(clip_id) for clip_id in ("file:../../etc/passwd", "file:a/b.mp4", "file:a_b.mp4", "tiktok:7" * 50)
    ]
    assert len(set(names)) == len(names)
    assert all("/" not in name and ".." not in name and len(name) < 80 for name in names)
