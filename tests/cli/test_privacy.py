"""The commands for people's rights, as a user types them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import UserError
from pipeline.results.evaluation.results import Evaluation
from pipeline.stages import BY_NAME
from pipeline.study import audit_log
from pipeline.study.binding import study_key
from pipeline.study.config import Study, load_study
from pipeline.study.keys import key_state
from tests.support.people_study import AUTHORS, POSTS_EACH, clip_id, people_study, post_id

PAST = "[privacy]\nretain_until = 2020-01-31\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return people_study(tmp_path_factory.mktemp("whole"), "asked")


@pytest.fixture
def study(whole: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    shutil.copytree(whole.file.path.parent, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return load_study(tmp_path / whole.file.path.name, BY_NAME)


def cliptone(*arguments: str, code: int = 0) -> str:
    found = CliRunner().invoke(app, arguments)
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    assert found.exit_code == code, found.output
    return found.output


@pytest.mark.slow
def test_forget_says_what_went_what_is_left_and_where_the_receipt_is(study: Study) -> None:
    said = cliptone("forget", "--author", f"@{AUTHORS[0]}", "--yes")
    assert f"{POSTS_EACH} clips:" in said
    assert "found 0" in said
    assert "backups" in said
    assert AUTHORS[0] not in said
    (receipt,) = (study.folder.root / "receipts").iterdir()
    assert receipt.name in said.replace("\n", "")
    (line,) = audit_log.read(study.folder.audit_log)
    assert line.command == "forget"
    assert line.counts == {"clips": POSTS_EACH, "authors": 1, "donors": 0, "proven": "True"}


@pytest.mark.slow
def test_forget_ends_with_an_error_where_something_is_left(study: Study) -> None:
    (study.folder.root / "notes.txt").write_text(clip_id(0, 0))
    assert "NOT PROVEN" in cliptone("forget", "--clip", clip_id(0, 0), "--yes", code=1)


@pytest.mark.slow
def test_whatever_is_left_is_named_with_what_to_do(study: Study) -> None:
    head = study.folder.heads / "warmth"
    head.mkdir(parents=True)
    (head / "notes.md").write_text(f"see {clip_id(0, 0)}")
    (study.folder.root / f"{post_id(0, 0)}.txt").write_text("mine")
    said = cliptone("forget", "--clip", clip_id(0, 0), "--yes", code=1).replace("\n", " ")
    assert "heads/warmth/notes.md: clip id" in said
    assert "train-head LABELS.csv --name warmth" in said
    assert f"{post_id(0, 0)}.txt: post id" in said
    shutil.rmtree(head)
    (study.folder.root / f"{post_id(0, 0)}.txt").unlink()
    assert "found 0" in cliptone("forget", "--clip", clip_id(0, 0), "--yes")


@pytest.mark.slow
def test_the_list_of_opted_out_is_shown_as_counts(study: Study) -> None:
    assert "names themselves are not kept" in cliptone("optout", "list").replace("\n", " ")
    Path("list.txt").write_text("@someone.else.here\ntiktok:7399999999999999999\n")
    cliptone("optout", "add", "list.txt", "--yes")
    cliptone("forget", "--clip", clip_id(0, 0), "--yes")
    lines = [re.findall(r"\w+", line) for line in cliptone("optout", "list").splitlines()]
    assert ["post", "opt_out", "1"] in lines
    assert ["post", "decision", "1"] in lines
    assert any(line[:2] == ["account", "opt_out"] for line in lines)


def content(study: Study) -> dict[str, bytes]:
    """Every file of the study's folder but locks, with its bytes."""
    paths = [path for path in study.folder.root.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {str(path): path.read_bytes() for path in paths}


COMMANDS = [
    ["forget", "--author", f"@{AUTHORS[0]}"],
    ["forget", "--clip", clip_id(0, 0), "--clip", clip_id(1, 0)],
    ["optout", "add", "my list.txt"],
    ["keys", "destroy"],
    ["expire", "--what", "audio"],
]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_deletes_changes_nothing_until_yes_and_names_the_command_that_does_it(
    study: Study, command: list[str], keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(keys, tmp_path / "keys", ignore=shutil.ignore_patterns("*.json"))  # without other studies
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "keys"))
    study_key(study.folder, is_first=True)
    with study.file.path.open("a") as file:
        file.write(PAST)
    Path("my list.txt").write_text(f"@{AUTHORS[0]}\n@someone.else.here\n")
    before, key = content(study), key_state(study.file.name).state
    said = cliptone(*command)
    assert (content(study), key_state(study.file.name).state) == (before, key)
    line = next(line for line in said.splitlines() if line.endswith(" --yes"))
    words = shlex.split(line[line.index("cliptone ") :])
    assert set(command) < set(words)
    cliptone(*words[1:])
    assert (content(study), key_state(study.file.name).state) != (before, key)


def test_every_command_that_deletes_says_so_in_its_help() -> None:
    for command in (["forget"], ["optout", "add"], ["keys", "destroy"], ["expire"]):
        said = " ".join(cliptone(*command, "--help").split())
        assert "shows first what goes" in said, command
        assert "--yes" in said, command


@pytest.mark.slow
def test_what_would_be_forgotten_is_counted_as_what_is(study: Study) -> None:
    named = ["forget", "--author", f"@{AUTHORS[0]}"]
    would = cliptone(*named)
    assert f"{POSTS_EACH} clips: " in would
    numbers = re.compile(r"clips: ([\d,]+) rows and ([\d,]+) files")
    assert numbers.findall(would) == numbers.findall(cliptone(*named, "--yes"))


def test_the_help_of_optout_says_what_is_kept() -> None:
    said = " ".join(cliptone("optout", "add", "--help").replace("│", " ").split())
    assert "digest of each name" in said
    assert "no name, handle or URL of the list" in said


def test_forget_wants_to_know_whom(study: Study) -> None:
    with pytest.raises(UserError, match="--author"):
        cliptone("forget")
    with pytest.raises(UserError, match="cliptone optout"):
        cliptone("forget", "--author", "@nobody.at.all")
    assert not (study.folder.audit_log).exists()


@pytest.mark.slow
def test_an_opt_out_list_is_applied_and_stored_nowhere(study: Study) -> None:
    Path("list.txt").write_text(f"@{AUTHORS[0]}\n@someone.else.here\ntiktok:7399999999999999999\n")
    said = cliptone("optout", "add", "list.txt", "--yes")
    assert "2 accounts " in said
    assert " 1 post " in said
    for path in study.folder.root.rglob("*"):
        if path.is_file():
            assert b"someone.else.here" not in path.read_bytes(), path
    (line,) = audit_log.read(study.folder.audit_log)
    assert line.counts == {"accounts": 2, "posts": 1, "clips_forgotten": POSTS_EACH}


def test_a_key_is_shown_moved_and_destroyed(study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "keys"))
    assert "none" in cliptone("keys", "show")
    from pipeline.study.keys import key_for

    key_for(study.file.name)
    assert str(key_state(study.file.name).digest) in cliptone("keys", "show")
    with pytest.raises(UserError, match="keep the key away"):
        cliptone("keys", "move", str(study.folder.root / "keys"))
    assert "CLIPTONE_KEYS" in cliptone("keys", "move", str(tmp_path / "safe"))
    assert "moved" in cliptone("keys", "show")
    monkeypatch.setenv("CLIPTONE_KEYS", str(tmp_path / "safe"))
    assert "--yes" in cliptone("keys", "destroy")
    assert key_state(study.file.name).state == "here", "without --yes nothing happens"
    cliptone("keys", "destroy", "--yes")
    assert key_state(study.file.name).state == "destroyed"
    assert [line.command for line in audit_log.read(study.folder.audit_log)] == [
        "keys move",
        "keys destroy",
    ]


def test_expire_shows_first_and_deletes_what_is_named(study: Study) -> None:
    with study.file.path.open("a") as file:
        file.write(PAST)
    shown = " ".join(cliptone("expire").split())
    assert "--yes" in shown
    assert not re.search(r"-\d+ days", shown), "days since the last one are no negative days left"
    assert re.search(r"\d+ days ago", shown)
    assert study.folder.audio_path(clip_id(0, 0)).exists()
    with pytest.raises(UserError, match="--what everything"):
        cliptone("expire", "--yes")
    with pytest.raises(UserError, match="'video'"):
        cliptone("expire", "--what", "video")
    assert "Deleted" in cliptone("expire", "--what", "audio", "--yes")
    assert not study.folder.audio_path(clip_id(0, 0)).exists()
    assert study.folder.media.exists()
    assert audit_log.read(study.folder.audit_log)[-1].counts == {
        "classes": "audio",
        "files": len(AUTHORS) * POSTS_EACH,
    }


def test_a_study_beyond_its_day_takes_in_nothing_new(study: Study) -> None:
    with study.file.path.open("a") as file:
        file.write(PAST)
    for command in (["run"], ["recheck"], ["import", "posts.csv", "--study", str(study.file.path)]):
        with pytest.raises(UserError, match="2020-01-31: `cliptone expire`"):
            cliptone(*command)
    assert "beyond 2020-01-31" in cliptone("status")


def test_status_counts_the_days(study: Study) -> None:
    assert "days left" not in cliptone("status")
    with study.file.path.open("a") as file:
        file.write("[privacy]\nretain_until = 2999-12-31\n")
    assert "2999-12-31" in cliptone("status")


def test_audit_shows_every_command_and_a_broken_chain(study: Study) -> None:
    audit_log.note(study.folder, "run", {"new": 1})
    audit_log.note(study.folder, "recheck", {"public": 1})
    said = cliptone("audit")
    assert "recheck" in said
    assert " 2 lines " in said
    path = study.folder.audit_log
    first, second = path.read_text().splitlines()
    path.write_text(json.dumps({**json.loads(first), "command": "nothing"}) + "\n" + second + "\n")
    assert "BROKEN" in cliptone("audit", code=1)


def test_figures_that_are_stored_are_a_line_of_the_log(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.results.evaluation.tone.evaluate_tone", lambda *_: Evaluation((), (), ()))
    cliptone("evaluate", "--labels", "labels.csv")
    (line,) = audit_log.read(study.folder.audit_log)
    assert (line.command, line.counts) == ("evaluate", {"figures": 0})
