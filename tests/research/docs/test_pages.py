"""The pages are those that the code writes, and every option, table and query stands on one of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline.research.bench.show import PAGE as SPEED_PAGE
from pipeline.research.docs import pages
from pipeline.research.docs.data_dictionary import queries, tables
from pipeline.research.docs.documents import replaced
from pipeline.research.docs.options import options
from pipeline.results.codebook import ORIGINS, codebook, columns_table
from pipeline.stages import BY_NAME
from pipeline.store.queries import read_queries
from pipeline.study.source_options import SourceOptions
from pipeline.study.template import sections
from tests.support.paths import ROOT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with nothing but the pages of this one, and what they name."""
    command = ["git", "init", "--quiet", str(tmp_path)]
    subprocess.run(command, check=True)
    for name in ("README.md", *pages.PARTS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_pages_of_the_repository_hold() -> None:
    assert list(pages.findings(ROOT)) == []


def test_every_page_says_first_whom_it_is_for() -> None:
    about = pages.read_pages(ROOT)
    folders = [name for name in about if name.endswith("/README.md")]
    assert len(folders) > 10
    for name in folders:
        title, _, opening = about[name].split("\n", 2)
        assert title.startswith("# "), name
        assert opening.startswith("For "), f"{name}: begin with whom the page is for"


def test_a_part_that_somebody_changed_is_found_and_written_again(clone: Path) -> None:
    page = clone / "queries" / "README.md"
    right = page.read_text(encoding="utf-8")
    page.write_text(right.replace("| `funnel` |", "| `tunnel` |"), encoding="utf-8")
    assert any(line.startswith("queries/README.md: its generated parts") for line in pages.findings(clone))
    pages.write(clone)
    assert page.read_text(encoding="utf-8") == right


def test_a_first_page_that_grows_is_found(clone: Path) -> None:
    page = clone / "README.md"
    page.write_text(page.read_text(encoding="utf-8") + "x" * pages.MOST_BYTES, encoding="utf-8")
    assert any(line.startswith("README.md: ") and "bytes" in line for line in pages.findings(clone))


def test_every_option_of_every_section_has_its_row() -> None:
    table = options()
    for section in sections(BY_NAME):
        _, _, part = table.partition(f"### `[{section.name}]`\n")
        rows = part.partition("\n### ")[0]
        assert all(f"| `{key}` |" in rows for key in section.fields), section.name
    assert all(f"| `{key}` |" in table for key in SourceOptions.model_fields)
    assert "| `beam_size` | `5` | whole number, 1 or more, at most 10 |" in table
    assert '| `profile` | `"balanced"` | `reference` or `balanced` or `fast` |' in table


@pytest.mark.slow
def test_every_table_and_query_is_listed() -> None:
    described, listed = tables(), queries()
    assert all(f"<code>{kind.table}</code>" in described for kind in ORIGINS)
    assert all(columns_table(entry) in described for entry in codebook() if entry.kind == "table")
    assert all(f"| `{name}" in listed for name in read_queries())
    assert "| `tone_of_term --term …` |" in listed


@pytest.mark.parametrize(("page", "part"), [(str(SPEED_PAGE), "speed"), ("pipeline/analysis/README.md", "evidence")])
def test_pages_hold_the_marks_that_measurements_write_between(page: str, part: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert "\n\nmeasured anew\n\n" in replaced(text, part, "measured anew\n")
