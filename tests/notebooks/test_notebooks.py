"""Notebooks run on the demo study as they are committed: without outputs, ending in a figure."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from pipeline.records import ClipRow
from pipeline.records.runs import RunRow
from pipeline.store.queries import shipped_folder
from pipeline.study.config import Study
from tests.support.report.generated_study import clip, write_published
from tests.support.small_study import MONDAY, row

NOTEBOOKS = sorted(shipped_folder("notebooks").glob("*.ipynb"))
MAX_CELLS = 40
MAX_LINES = 36  # of a cell
#: What a notebook must say aloud of the demo.
SAID = {
    "02_tone_and_engagement": (
        "your own study was not fitted: 90 clips are wanted for 9 coefficients, there are 4",
        "clips have no counts at a week, for",
        "SIMULATED study",
        "With the demo's handful of clips a model means nothing",
    ),
    "03_voice_against_words": ("warm words, cold voice", "language_unsupported", "never a finding"),
    "04_tone_of_mentions": ("music_over_speech", "not a result"),
    "05_a_clip_under_the_microscope": ("<clip tiktok:7300000000000000001: 17.4 s", "no_speech"),
    "06_train_your_own_tone": (
        "heads/reading: 22 regions of 5 authors",
        "all regions labelled 'novel' come from one author",
        "a head needs at least 20 labelled speech regions, these are 8",
    ),
    "07_cite_your_study": (
        "We analysed 10 posts of 6 accounts",
        "the audio of 8 could be decoded (lost: the video has no audio track (1), the file is neither video nor audio",
        "5 clips have a tone (without: music lies over the voice (1), nobody speaks here (2))",
    ),
    "08_two_groups": (
        "these are differences of one model's answers",
        "too few authors for a finding",
        "no labels were evaluated, so no share of a tone is shown",
    ),
}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs_in_short_cells(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert len(notebook.cells) < MAX_CELLS
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert len(cell.source.splitlines()) <= MAX_LINES, cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_plain_words_and_opens_the_demo(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert notebook.cells[0].cell_type == "markdown"
    first = notebook.cells[1].source
    assert 'STUDY = os.environ.get("CLIPTONE_STUDY", "../outputs/demo")' in first
    assert first.endswith("study = open_study(STUDY)")
    assert "outputs/demo" not in "\n".join(cell.source for cell in notebook.cells[2:] if cell.cell_type == "code")
    assert "perceived tone" in notebook.cells[0].source.lower() or path.stem.startswith(("06", "07"))


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_on_the_demo_and_ends_in_a_figure(path: Path, demo: Study, tmp_path: Path) -> None:
    copy = tmp_path / "outputs" / "demo"  # a notebook may write beside the results
    shutil.copytree(demo.folder.root, copy)
    published = (copy / "study.duckdb").read_bytes()
    (tmp_path / "notebooks").mkdir()
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path / "notebooks")}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert len([output for output in outputs if "text/html" in output.get("data", {})]) >= 3
    complaints = [output["text"] for output in outputs if output.get("name") == "stderr"]
    assert not complaints, "no warning is left to guess at"
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    assert any("image/png" in output.get("data", {}) for output in last.outputs)
    text = "\n".join([*(cell.source for cell in notebook.cells), *map(_text, outputs)])
    for sentence in SAID.get(path.stem, ()):
        assert sentence in text
    assert (copy / "study.duckdb").read_bytes() == published, "a notebook changes no results"
    assert not list((tmp_path / "notebooks").iterdir()), "and leaves nothing beside itself"


#: What a notebook says of a study of one's own that lacks what it is about.
SAID_WITHOUT = {
    "03_voice_against_words": "there is no sound to play",
    "04_tone_of_mentions": "name a lexicon under [mentions]",
    "05_a_clip_under_the_microscope": "the audio of this clip is not kept",
    "06_train_your_own_tone": "nothing is trained without labels",
}


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of fetched posts, without their media, a lexicon, labels or a study file beside the results."""
    names = [f"tiktok:{number}" for number in range(6)]
    ran = row(RunRow, run_id=1, started_at=MONDAY, finished_at=MONDAY, cliptone_version="0.1.0")
    rows = [ran, *(one for number, name in enumerate(names) for one in clip(name, number=number))]
    return write_published(tmp_path_factory.mktemp("own") / "results", rows)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_on_a_study_that_a_variable_names(
    path: Path, posts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIPTONE_STUDY", str(posts))
    before = set(posts.rglob("*"))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}}).execute()
    text = "\n".join(_text(output) for cell in notebook.cells for output in cell.get("outputs", []))
    assert SAID_WITHOUT.get(path.stem, "") in text
    left = {found.name for found in posts.rglob("*")} - {found.name for found in before}
    assert left <= ({"methods.md", "model_versions.csv"} if path.stem.startswith("07") else set())
    assert not list(tmp_path.iterdir())


#: Notebooks that look at a clip, and what they need.
NEED_A_CLIP = {
    "01_first_look": "voice",
    "02_tone_and_engagement": "voice",
    "03_voice_against_words": "voice",
    "05_a_clip_under_the_microscope": "sound",
}


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_on_posts_that_were_never_analysed_ends_in_one_sentence(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = row(RunRow, run_id=1, started_at=MONDAY, finished_at=MONDAY, cliptone_version="0.1.0")
    rows = [row(ClipRow, clip_id=f"tiktok:{number}", platform="tiktok", kind="post") for number in range(3)]
    posts = write_published(tmp_path / "results", [ran, *rows])
    monkeypatch.setenv("CLIPTONE_STUDY", str(posts))
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(tmp_path)}})
    if path.stem not in NEED_A_CLIP:
        client.execute()
        return
    with pytest.raises(CellExecutionError) as caught:
        client.execute()
    assert caught.value.ename == "UserError"
    assert NEED_A_CLIP[path.stem] in caught.value.evalue
    (shown,) = [one for cell in notebook.cells for one in cell.get("outputs", []) if one.output_type == "error"]
    assert shown.traceback == [caught.value.evalue], "no traceback, as on the command line"


def _text(output: Any) -> str:
    """What an output says in words."""
    shown = output.get("data", {})
    return str(output.get("text") or shown.get("text/markdown") or shown.get("text/plain") or "")
