"""Donors who withdraw: what they saw is gone, what others brought stays, and their file does not come in again."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from pipeline.errors import UserError
from pipeline.privacy.forget import forget
from pipeline.privacy.subjects import Named
from pipeline.records import Row
from pipeline.records.pseudonyms import pseudonym
from pipeline.results.export.build import ExportOptions, export_study
from pipeline.results.export.levels import Level
from pipeline.run.ingest import import_into, take_sources
from pipeline.run.progress import RunSummary
from pipeline.sources.formats import Hints
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.store import Store
from pipeline.study.config import Study, load_study
from pipeline.study.keys import key_for
from tests.conftest import write_study

ANN, BEN, CLEO = "d-ann-0001", "d-ben-0002", "d-cleo-0003"
ONLY_ANN, BOTH, ONLY_BEN, LISTED = (f"73{number:017d}" for number in range(4))
ANNS = Named(donors=frozenset({ANN}))


def donation(path: Path, *posts: str, broken: bool = False) -> Path:
    """What TikTok gives a user who watched some videos."""
    rows = [{"Date": "2026-01-02 03:04:05", "Link": f"https://www.tiktokv.com/share/video/{post}/"} for post in posts]
    rows += [{"Date": "2026-01-02 03:04:05", "Link": "no link"}] if broken else []
    whole = {"Your Activity": {"Watch History": {"VideoList": rows}}}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A study of two donations and a list: one video is Ann's alone, one Ben's, one of both, one listed and Ann's."""
    donation(tmp_path / "Ann Smith.json", ONLY_ANN, BOTH, LISTED, broken=True)
    donation(tmp_path / "ben.json", BOTH, ONLY_BEN)
    sources = "".join(
        f'[[sources]]\nexport = "{name}.json"\ndonor = "{donor}"\nfetch = false\n'
        for name, donor in (("Ann Smith", ANN), ("ben", BEN))
    )
    sources += f'[[sources]]\nurls = ["https://www.tiktok.com/@x/video/{LISTED}"]\n'
    study = load_study(write_study(tmp_path, sources), BY_NAME)
    take(study)
    return study


def take(study: Study) -> None:
    store = Store(study.folder.working, STAGES)
    try:
        take_sources(study, store, key_for(study.file.name), None, RunSummary())
        store.publish(study.folder.published)
    finally:
        store.close()


def rows(study: Study, sql: str) -> list[tuple[str, ...]]:
    with duckdb.connect(str(study.folder.published), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def clips(study: Study) -> set[str]:
    return {name.removeprefix("tiktok:") for (name,) in rows(study, "SELECT clip_id FROM clips")}


def seen(study: Study) -> set[tuple[str, str]]:
    found = rows(study, "SELECT donor_key, clip_id FROM exposures")
    return {(donor, name.removeprefix("tiktok:")) for donor, name in found}


def donor(study: Study, code: str) -> str:
    return pseudonym(key_for(study.file.name), "donor", code)


@pytest.mark.slow
def test_what_a_donor_brought_is_gone_and_what_others_name_stays(study: Study) -> None:
    ann, ben = donor(study, ANN), donor(study, BEN)
    assert clips(study) == {ONLY_ANN, BOTH, ONLY_BEN, LISTED}
    assert seen(study) == {(ann, ONLY_ANN), (ann, BOTH), (ann, LISTED), (ben, BOTH), (ben, ONLY_BEN)}
    found = forget(study, ANNS)
    assert found.proven
    assert found.sources_naming == ("export 1",)
    assert (found.clips, found.donors, found.rows["exposures"], found.rows["imports"]) == (1, 1, 3, 1)
    assert clips(study) == {BOTH, ONLY_BEN, LISTED}
    assert seen(study) == {(ben, BOTH), (ben, ONLY_BEN)}
    assert rows(study, "SELECT DISTINCT file_name FROM imports") == [(ben,)]
    for path in (path for path in study.folder.root.rglob("*") if path.is_file()):
        assert ann.encode() not in path.read_bytes(), path.name
        assert "Ann Smith" not in path.name
    assert not list(study.folder.rejects.glob("*"))


def test_the_name_of_a_donated_file_stands_nowhere(study: Study) -> None:
    assert ["export 1 donation-" in path.name for path in study.folder.rejects.iterdir()] == [True]
    assert not [path for path in study.folder.root.rglob("*") if "Ann" in path.name]


@pytest.mark.slow
def test_a_donor_who_withdrew_does_not_come_in_again(study: Study, tmp_path: Path) -> None:
    forget(study, ANNS)
    before = clips(study), seen(study)
    take(study)
    assert (clips(study), seen(study)) == before, "the study file still names the donation"
    later = donation(tmp_path / "later.json", ONLY_ANN)
    with pytest.raises(UserError, match="withdrawn"):
        import_into(study, later, Hints(donor=ANN), fetch=False)
    assert (clips(study), seen(study)) == before


@pytest.mark.slow
def test_another_donor_may_bring_the_same_video(study: Study, tmp_path: Path) -> None:
    forget(study, ANNS)
    import_into(study, donation(tmp_path / "cleo.json", ONLY_ANN), Hints(donor=CLEO), fetch=False)
    assert ONLY_ANN in clips(study)
    assert (donor(study, CLEO), ONLY_ANN) in seen(study)


@pytest.mark.slow
def test_a_donor_is_found_by_the_stored_key_too(study: Study) -> None:
    assert forget(study, Named(donors=frozenset({donor(study, ANN)}))).rows["exposures"] == 3


def test_a_donor_that_the_study_does_not_know_changes_nothing(study: Study) -> None:
    before = study.folder.working.read_bytes()
    with pytest.raises(UserError, match="cliptone optout"):
        forget(study, Named(donors=frozenset({"d-nobody"})))
    assert study.folder.working.read_bytes() == before


@pytest.mark.slow
def test_exports_that_name_a_donor_go_and_others_stay(study: Study) -> None:
    restricted = export_study(study, ExportOptions(Level.RESTRICTED))
    ids = export_study(study, ExportOptions(Level.IDS_ONLY))
    found = forget(study, ANNS)
    assert restricted.folder.name in found.erased.exports
    assert not restricted.folder.exists()
    assert not ids.folder.exists(), "it holds the video that is gone"
    again = export_study(study, ExportOptions(Level.IDS_ONLY))
    forget(study, Named(frozenset({f"tiktok:{ONLY_BEN}"})))
    assert not again.folder.exists()


@pytest.mark.slow
def test_the_rows_of_all_others_are_as_they_were(study: Study) -> None:
    found = forget(study, ANNS)
    assert found.others_before == found.others_after
    kinds: set[type[Row]] = {kind for stage in STAGES for kind in stage.tables}
    assert {kind.table for kind in kinds} <= found.others_after.keys()
