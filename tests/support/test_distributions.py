"""What a wheel or a sdist lacks, or holds too much of, is named."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from tests.support.distributions import sdist_problems, wheel_problems
from tests.support.paths import ROOT

WHEEL = ("pipeline/__init__.py", "pipeline/queries/funnel.sql", "pipeline/notebooks/01.ipynb")
SDIST = ("c-1/README.md", "c-1/queries/README.md", "c-1/LICENSE", "c-1/pipeline/research/__init__.py")
PAGES = ("README.md", "queries/README.md")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A clone with one query, one notebook and a licence."""
    for name in ("queries/funnel.sql", "notebooks/01.ipynb", "LICENSE"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_whole_distributions_have_no_problems(root: Path) -> None:
    assert wheel_problems(WHEEL, root) == []
    assert sdist_problems(SDIST, root, PAGES) == []


def test_a_wheel_without_its_queries_or_notebooks_is_named(root: Path) -> None:
    assert wheel_problems(WHEEL[:1], root) == [
        "the wheel lacks pipeline/notebooks/01.ipynb",
        "the wheel lacks pipeline/queries/funnel.sql",
    ]


def test_a_wheel_with_benchmarks_in_it_is_named(root: Path) -> None:
    name = "pipeline/research/bench/speed.py"
    assert wheel_problems((*WHEEL, name), root) == [f"the wheel holds {name}"]


@pytest.mark.parametrize("name", SDIST)
def test_whatever_a_sdist_lacks_is_named(root: Path, name: str) -> None:
    rest = [one for one in SDIST if one != name]
    assert sdist_problems(rest, root, PAGES) == [f"the sdist lacks {name.removeprefix('c-1/')}"]


def test_the_citation_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
