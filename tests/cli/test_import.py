"""The command `cliptone import`: what a file holds, what a study takes of it, and what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.errors import UserError
from tests.conftest import write_study
from tests.run.test_ingest import DONATION, line, study_in, written
from tests.support.command import cliptone


def command(folder: Path, *arguments: str) -> Result:
    """Run `cliptone import` in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return CliRunner().invoke(app, ["import", *arguments])


@pytest.mark.slow
def test_the_command_says_what_it_stored_and_what_to_do_next(tmp_path: Path) -> None:
    study_in(tmp_path)
    written(tmp_path / "x.ndjson", line(1), "{broken", line(2))
    first = command(tmp_path, "x.ndjson", "--study", "test.toml")
    assert first.exit_code == 0, first.output
    assert "zeeschuimer, 2 posts" in first.output
    assert first.output.count("2 posts") == 2, "in the export, and new to the study"
    assert "1 row cannot" in first.output
    assert "bag 1 #bag" in first.output
    assert "--fetch" in first.output
    assert (tmp_path / "outputs" / "test" / "rejects" / "x.rejects.csv").exists()
    assert not (tmp_path / "x.rejects.csv").exists()
    second = command(tmp_path, "x.ndjson", "--study", "test.toml", "--fetch")
    assert second.output.count("2 posts") == 1, "in the export alone"
    assert "cliptone run test.toml" in second.output


def test_without_a_study_the_command_stores_nothing(tmp_path: Path) -> None:
    written(tmp_path / "x.ndjson", line(1), "{broken")
    shown = command(tmp_path, "x.ndjson")
    assert shown.exit_code == 0, shown.output
    assert "export = " in shown.output
    assert (tmp_path / "x.rejects.csv").exists()
    assert not (tmp_path / "outputs").exists()
    assert "--study" in str(command(tmp_path, "x.ndjson", "--fetch").exception)


@pytest.mark.slow
@pytest.mark.parametrize("study", [(), ("--study", "test.toml")])
def test_a_file_of_which_nothing_can_be_read_is_an_error(tmp_path: Path, study: tuple[str, ...]) -> None:
    study_in(tmp_path)
    (tmp_path / "x.csv").write_text("platform,id\ntiktok,\n,7300000000000000001\n", encoding="utf-8")
    shown = command(tmp_path, "x.csv", *study)
    assert isinstance(shown.exception, UserError)
    assert "x.csv" in str(shown.exception)
    assert "2 rows" in shown.output, "why is said first"


def test_the_command_shows_the_first_exposures_of_a_donation(tmp_path: Path) -> None:
    shown = command(tmp_path, str(DONATION), "--donor", "p01")
    assert "watched" in shown.output
    assert "7312345678901234567" in shown.output
    assert "--donor p01" in shown.output, "what to do next has what was said"
    assert 'donor = "p01"' in shown.output


@pytest.mark.parametrize(
    ("mapping", "wanted"),
    [
        ("url=adress", " adress; it has where, words"),
        ("colour=words", " colour; "),
        ("caption", "--map caption is not of the form OURS=THEIRS"),
        ("caption=words", "`id` and `platform`"),
    ],
)
def test_a_mapping_that_does_not_fit_names_the_columns_there_are(tmp_path: Path, mapping: str, wanted: str) -> None:
    written(tmp_path / "x.csv", "where,words", "https://www.tiktok.com/@a/video/1,hello")
    done = command(tmp_path, "x.csv", "--map", mapping)
    assert isinstance(done.exception, UserError)
    assert wanted in str(done.exception)
    right = command(tmp_path, "x.csv", "--map", "url=where", "--map", "caption=words")
    assert "--map url=where --map caption=words" in right.output
    assert "hello" in right.output


def test_an_empty_export_is_a_result(tmp_path: Path) -> None:
    (tmp_path / "donation.json").write_text('{"Your Activity": {"Watch History": {"VideoList": null}}}')
    done = command(tmp_path, "donation.json", "--donor", "p02")
    assert done.exit_code == 0, done.output
    assert "tiktok_donation" in done.output


def test_a_file_of_ones_own_is_not_taken_for_one_of_rejects(tmp_path: Path) -> None:
    written(tmp_path / "my.ndjson", line(1), "{broken")
    written(tmp_path / "my.rejects.csv", "platform,id", "tiktok,1")
    done = command(tmp_path, "my.ndjson")
    assert (tmp_path / "my.rejects.csv").read_text().startswith("platform,id")
    (other,) = (path for path in tmp_path.glob("my*.rejects.csv") if path.name != "my.rejects.csv")
    assert other.name in done.output


@pytest.mark.slow
def test_an_import_says_which_posts_stay_out_and_whose_names_it_joined(tmp_path: Path) -> None:
    study = str(write_study(tmp_path, '[[sources]]\nexport = "first.csv"\nfetch = false\n'))
    known = "7312345678901234501,ann,\n7312345678901234502,,68\n7312345678901234503,ben,\n"
    (tmp_path / "first.csv").write_text(f"id,author,author_id\n{known}")
    (tmp_path / "second.csv").write_text(
        "id,author,author_id\n7312345678901234504,Ann,68\n7312345678901234505,@BEN,69\n"
    )
    platform = ("--platform", "tiktok")
    cliptone("import", "first.csv", study, *platform, cwd=tmp_path)
    cliptone("forget", study, "--author", "Ben ", "--yes", cwd=tmp_path)
    said = cliptone("import", "second.csv", study, *platform, cwd=tmp_path).stdout
    assert "1 post is new" in said
    assert "1 clip stays out" in said
    assert "1 author who stood under two names" in said
