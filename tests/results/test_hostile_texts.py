"""A study whose every text is hostile, from import to report: each is only a text, and no file appears elsewhere."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path

import duckdb
import pytest

from pipeline import open_study
from pipeline.records import ClipRow, Row
from pipeline.results.export.build import ExportOptions, Subtitles, export_study
from pipeline.results.export.levels import Level
from pipeline.results.report.build import build_report
from pipeline.run.executors.local import LocalExecutor
from pipeline.run.runner import run_study
from pipeline.sources.formats.values import MISSING
from pipeline.stages import BY_NAME
from pipeline.store import schema
from pipeline.store.queries import read_queries
from pipeline.study.config import Study, load_study
from tests.conftest import write_study
from tests.support.hostile_strategies import TEXTS
from tests.support.report.generated_study import clip

pytestmark = pytest.mark.slow
FIRST_ID = 7_300_000_000_000_000_000
CELLS = ("caption", "author", "author_id", "sound_title", "sound_artist")


@dataclass
class Told:
    """The study after everything was done with it, and the folder that it lies in."""

    study: Study
    folder: Path
    before: set[Path]  # what lay there before anything was done


def writable(text: str) -> str:
    """A text as a file in UTF-8 can hold it."""
    return text.encode("utf-8", "replace").decode("utf-8")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    folder = tmp_path_factory.mktemp("texts")
    home = folder / "study"
    home.mkdir()
    with (home / "posts.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("platform", "id", *CELLS))
        for number, text in enumerate(TEXTS):
            hostile = writable(text)  # a caption with its author's name in it would be stored with a pseudonym there
            table.writerow(("tiktok", FIRST_ID + number, hostile, f"a_{hostile}", f"b{number}", hostile, hostile))
    with (home / "lexicon.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("term", "label"))
        table.writerows((f"bag {number}", writable(text) or "x") for number, text in enumerate(TEXTS))
    body = '[[sources]]\nexport = "posts.csv"\nfetch = false\n[mentions]\nlexicon = "lexicon.csv"\n'
    study = load_study(write_study(home, body, "texts"), BY_NAME)
    before = set(folder.rglob("*"))
    run_study(study, executor=LocalExecutor(0), only=("download",))
    rows: list[Row] = []
    for number, text in enumerate(TEXTS):
        said = writable(text).replace("\0", "")
        rows += clip(f"tiktok:{FIRST_ID + number}", words=(said, "bag"), number=number, text=said)
    rows = sorted((one for one in rows if not isinstance(one, ClipRow)), key=lambda one: one.table)
    with duckdb.connect(
        str(study.folder.published)
    ) as connection:  # as if their media had been fetched, and had been heard
        connection.execute("UPDATE clips SET kind = 'url'")
        for _, group in groupby(rows, key=type):
            schema.insert(connection, list(group))
    subtitles: tuple[Subtitles, ...] = ("srt", "vtt", "textgrid", "elan")
    for level, forms in ((Level.RESTRICTED, subtitles), (Level.SHAREABLE, ())):
        export_study(study, ExportOptions(level, "csv", forms, study.folder.root / "exports" / str(level)))
    build_report(study.folder.root)
    return Told(study, folder, before)


def test_every_post_is_there_with_its_text_as_it_was(told: Told) -> None:
    found = open_study(told.study.folder.root).sql("SELECT clip_id, caption FROM clips")
    captions = dict(zip(found["clip_id"], found["caption"], strict=True))
    for number, text in enumerate(TEXTS):
        expected = writable(text).replace("\0", "").replace("\r\n", "\n").strip()
        expected = {"&lt;": "<"}.get(expected, expected)  # what is written for a web page reads as it does there
        if expected.lower() in MISSING:  # how a table says that it is not known
            expected = ""
        stored = captions[f"tiktok:{FIRST_ID + number}"]
        if not text.startswith("@"):  # an account, which is stored under a pseudonym
            assert (stored if isinstance(stored, str) else "").replace("\r\n", "\n") == expected


def test_every_query_answers(told: Told) -> None:
    reader = open_study(told.study.folder.root)
    for name, query in read_queries().items():
        if not query.parameters:
            reader.query(name)
    tables = reader.sql("SELECT table_name FROM information_schema.tables WHERE table_name = 'clips'")
    assert len(tables) == 1, "the table is still there"


def test_no_file_appears_outside_the_results(told: Told) -> None:
    new = set(told.folder.rglob("*")) - told.before
    assert new
    assert [path for path in new if not path.is_relative_to(told.study.file.path.parent / "outputs")] == []
    assert [path for path in new if "escaped" in path.name] == []
    assert all(path.resolve().is_relative_to(told.folder.resolve()) for path in new), "no link leads out"


class Markup(HTMLParser):
    """What of a page a browser would act upon."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith(("javascript:", "data:text/html")):
                self.wrong.append(f"<{tag} {name}={value}>")
            if name in {"src", "href"} and (value or "") in {"x", *TEXTS} - {""}:
                self.wrong.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        if self.get_starttag_text() == "<script>" and data.strip() == "alert(1)":
            self.wrong.append(data)


def test_the_report_holds_no_markup_of_a_caption(told: Told) -> None:
    pages = sorted((told.study.folder.root / "report").rglob("*.html"))
    assert pages
    for page in pages:
        markup = Markup()
        markup.feed(page.read_text(encoding="utf-8"))
        assert markup.wrong == [], page.name
    for script in (told.study.folder.root / "report").rglob("*.js"):
        assert "</script" not in script.read_text(encoding="utf-8").lower() or "vendor" in script.parts, script.name


def test_subtitles_hold_no_cue_of_a_caption(told: Told) -> None:
    for path in (told.study.folder.root / "exports").rglob("*.vtt"):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text
        assert all("-->" not in line or line.count(":") >= 2 for line in text.splitlines())


@pytest.mark.parametrize("form", ["table", "csv"])
def test_a_terminal_is_shown_no_character_that_moves_its_cursor(told: Told, form: str) -> None:
    code = "from pipeline.cli import main; main()"
    statement = "SELECT clip_id, caption, sound_title FROM clips ORDER BY ALL"
    command = [sys.executable, "-c", code, "sql", statement, "--study", str(told.study.folder.root), "--format", form]
    wide = {**os.environ, "COLUMNS": "400"}
    done = subprocess.run(command, capture_output=True, check=False, cwd=told.folder, env=wide)
    assert done.returncode == 0, done.stderr
    if form == "table":
        assert b"\x1b" not in done.stdout
        assert "\u202e" not in done.stdout.decode("utf-8")
    assert b"DROP TABLE" in done.stdout
    assert b"Traceback" not in done.stderr
