"""The pictures of the pages.

`python -m pipeline.research.demo_clips.picture outputs/demo` draws them from the demo's results.
"""

from __future__ import annotations

import base64
import io
import re
import sys
from pathlib import Path

from rich.console import Console

from pipeline.cli.display import overview_table
from pipeline.results.study import StudyReader
from pipeline.store.queries import get_query, shipped_folder
from pipeline.study.demo.study import SHIPPED

PICTURES = SHIPPED / "pictures"
WIDTH = 120  # characters
NOTEBOOK = "01_first_look"


def draw_table(study: Path) -> None:
    """The table that `cliptone demo` ends with, as SVG."""
    with StudyReader(study) as reader:
        rows = reader.arrow(get_query("clip_overview").sql, {}).to_pylist(maps_as_pydicts="strict")
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(overview_table(sorted(rows, key=lambda row: row["file_name"] or row["clip_id"]), WIDTH))
    drawing = console.export_svg(title="cliptone demo")
    without_remote_fonts = re.sub(r"@font-face \{.*?\}\s*", "", drawing, flags=re.DOTALL)
    (PICTURES / "table.svg").write_text(without_remote_fonts, encoding="utf-8")


def draw_clip(study: Path) -> None:
    """The last figure of the first notebook, as PNG."""
    import nbformat
    from nbclient import NotebookClient

    path = shipped_folder("notebooks") / f"{NOTEBOOK}.ipynb"
    notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    cell = notebook.cells[1]
    cell.source = cell.source.replace("../outputs/demo", study.absolute().as_posix())
    NotebookClient(notebook, timeout=240).execute()
    pictures = [
        output["data"]["image/png"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    (PICTURES / "clip.png").write_bytes(base64.b64decode(pictures[-1]))


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    draw_table(Path(sys.argv[1]))
    draw_clip(Path(sys.argv[1]))
