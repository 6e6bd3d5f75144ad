"""Notebooks run on the demo study as they are committed: without outputs, ending in a figure."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from pipeline.config import Study
from pipeline.queries_folder import shipped_folder

NOTEBOOKS = sorted(shipped_folder("notebooks").glob("*.ipynb"))
MAX_CELLS = 40


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert len(notebook.cells) < MAX_CELLS
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_on_the_demo_and_shows_a_figure(path: Path, demo: Study, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    opened = 'open_study("../outputs/demo")'
    assert opened in notebook.cells[1].source
    notebook.cells[1].source = notebook.cells[1].source.replace(opened, f"open_study({str(demo.output)!r})")
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in shown)
    tables = [output for output in shown if "text/html" in output.get("data", {})]
    assert len(tables) >= 3
