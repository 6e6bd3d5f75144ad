"""Every row, file and URL of every kind of source is accounted for, and a run says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.cli.sentences import report_lines
from pipeline.records.pseudonyms import tombstone
from pipeline.run.ingest import take_sources
from pipeline.run.progress import RunSummary
from pipeline.sources.accounts import SourceAccount, in_all
from pipeline.sources.read import read_sources
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.store import Store
from pipeline.study.config import load_study
from tests.conftest import write_study
from tests.support.paths import EXPORT_FIXTURES

TIKTOK = "https://www.tiktok.com/@ana/video/731234567890123450"


def _page_record(number: int) -> str:
    record = {"id": f"73123456789012345{number:02}", "createTime": 1767225600, "desc": "words", "stats": {}}
    return json.dumps({"item_id": "1", "source_platform": "tiktok.com", "data": record})


def _media(folder: Path) -> str:
    (folder / "clips").mkdir()
    for name in ("a", "b", "c"):
        (folder / "clips" / f"{name}.mp4").write_text(name)
    rows = "a.mp4,tiktok,7312345678901234501\nb.mp4,tiktok,7312345678901234501\nlost.mp4,tiktok,7312345678901234503\n"
    (folder / "posts.csv").write_text(f"file,platform,id\n{rows}")
    return 'folder = "clips"\nsidecar = "posts.csv"'


def _export(folder: Path) -> str:
    lines = [_page_record(1), _page_record(2), _page_record(1), "{broken", "{}"]
    (folder / "export.ndjson").write_text("\n".join(lines))
    return 'export = "export.ndjson"'


def _table(folder: Path) -> str:
    rows = [f"{TIKTOK}1,1", f"{TIKTOK}2,2", f"{TIKTOK}1,3", "https://www.tiktok.com/@ana,4", "nothing,5"]
    (folder / "urls.csv").write_text("\n".join(["url,likes", *rows]))
    return 'url_file = "urls.csv"'


def _list(folder: Path) -> str:
    (folder / "urls.txt").write_text(f"# a comment\n{TIKTOK}1\n\n{TIKTOK}2\n{TIKTOK}1?lang=en\n")
    return 'url_file = "urls.txt"'


def _donation(folder: Path) -> str:
    shutil.copy(EXPORT_FIXTURES / "tiktok_donation.json", folder)
    return 'export = "tiktok_donation.json"\ndonor = "p01"'


@pytest.mark.parametrize(
    ("source", "accounts"),
    [
        (_media, [(3, 2, 1, 0, 0), (1, 1, 0, 0, 0)]),
        (_export, [(5, 2, 1, 0, 2)]),
        (_table, [(5, 2, 1, 0, 2)]),
        (_list, [(3, 2, 1, 0, 0)]),
        (_donation, [(13, 0, 0, 10, 3)]),
        (lambda _: f'urls = ["{TIKTOK}1", "{TIKTOK}1"]', [(2, 1, 1, 0, 0)]),
    ],
)
def test_rows_are_clips_repeats_exposures_and_rejects(tmp_path: Path, source: object, accounts: list[object]) -> None:
    body = f"[[sources]]\n{source(tmp_path)}\n"  # type: ignore[operator]
    study = load_study(write_study(tmp_path, body), BY_NAME)
    parts = [part.account for part in read_sources(study).parts]
    found = [(each.rows, each.clips, each.repeated, each.exposures, each.rejected) for each in parts]
    assert found == accounts
    report = RunSummary()
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        take_sources(study, store, b"k" * 32, None, report)
        assert report.listed == store.tables.number("SELECT count(*) FROM sources")
    said = report_lines(report).splitlines()
    assert said[: len(parts)] == [each.sentence for each in parts]
    assert all(str(each.rows) in line for each, line in zip(parts, said, strict=False))


def test_rows_without_their_files_are_said_in_the_plural() -> None:
    assert SourceAccount("sidecars", "row without its file", 2).sentence.startswith(
        "sidecars: 2 rows without their files"
    )
    assert "1 row without its file:" in SourceAccount("sidecars", "row without its file", 1).sentence


def test_a_run_says_which_values_were_left_out_and_which_columns_hold_more(tmp_path: Path) -> None:
    rows = "\n".join(f"{TIKTOK}{number},0{number}/02/2026,words" for number in range(1, 4))
    (tmp_path / "urls.csv").write_text(f"url,posted_at,Beschreibung\n{rows}\nhttps://www.tiktok.com/@ana,,\n")
    study = load_study(write_study(tmp_path, '[[sources]]\nurl_file = "urls.csv"\n'), BY_NAME)
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        for shows in (True, False):  # the second time the sources are not read again
            report = RunSummary()
            take_sources(study, store, b"k" * 32, None, report)
            said = report_lines(report)
            assert "3 × left out: `posted_at`" in said
            assert "date_format" in said
            assert ("01/02/2026" in said) == shows, "values of posts are stored nowhere else"
            assert 'caption = "Beschreibung"' in said
            assert "an account of TikTok" in said


def test_what_several_sources_name_and_what_was_forgotten_explains_the_sum(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("".join(f"{TIKTOK}{number}\n" for number in range(5)))
    (tmp_path / "two.txt").write_text("".join(f"{TIKTOK}{number}\n" for number in (3, 4, 5, 4)))
    body = '[[sources]]\nurl_file = "one.txt"\n[[sources]]\nurl_file = "two.txt"\n'
    study = load_study(write_study(tmp_path, body), BY_NAME)
    with Store(tmp_path / "study.duckdb", STAGES) as store:
        store.forget({"tiktok:7312345678901234500": tombstone("tiktok:7312345678901234500", None)}, "decision")
        report = RunSummary()
        take_sources(study, store, None, None, report)
    said = "\n".join(report.accounts)
    assert report.listed == 5
    assert "8 clips, 2 of them " in said
    assert "1 clip stays out" in said


def test_one_source_needs_no_explanation() -> None:
    assert in_all([SourceAccount("urls 1", "URL", 5, repeated=2)], stored=5, kept_out=0) == ()
