"""The audit log: each line is bound to the one before, and nothing of any person stands in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.stages import BY_NAME
from pipeline.study import audit_log
from pipeline.study.config import Study, load_study
from tests.conftest import write_study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return load_study(write_study(tmp_path, '[[sources]]\nfolder = "clips"\n'), BY_NAME)


@pytest.fixture
def log(study: Study) -> Path:
    for number in range(5):
        audit_log.note(study.folder, "run", {"new": number})
    return study.folder.audit_log


def change(path: Path, number: int, text: bytes | None) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number : number + 1] = [] if text is None else [text]
    path.write_bytes(b"".join(lines))


def test_a_log_that_nobody_touched_holds(log: Path) -> None:
    verdict = audit_log.verify(log)
    assert (verdict.lines, verdict.broken) == (5, None)
    assert [line.counts["new"] for line in audit_log.read(log)] == [0, 1, 2, 3, 4]
    assert all(line.command == "run" and line.at.endswith("+00:00") for line in audit_log.read(log))


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_changed_line_breaks_the_chain_at_the_next(log: Path, number: int) -> None:
    change(log, number, log.read_bytes().splitlines(keepends=True)[number].replace(b'"new": ', b'"new": 1'))
    assert str(audit_log.verify(log).broken).startswith(f"line {number + 2} ")


@pytest.mark.parametrize("number", [0, 2])
def test_a_line_that_was_taken_out_is_seen(log: Path, number: int) -> None:
    change(log, number, None)
    assert str(audit_log.verify(log).broken).startswith(f"line {number + 1} ")


def test_lines_that_changed_places_are_seen(log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    assert audit_log.verify(log).broken is not None


def test_the_last_digest_shows_that_lines_were_cut_off_at_the_end(log: Path) -> None:
    whole = audit_log.verify(log)
    change(log, 4, None)
    shorter = audit_log.verify(log)
    assert shorter.broken is None, "the chain alone cannot see it"
    assert shorter.last != whole.last


def test_a_line_that_a_crash_cut_off_is_shown_and_the_log_goes_on(study: Study, log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-20])
    assert str(audit_log.verify(log).broken).startswith("line 5 ")
    audit_log.note(study.folder, "forget", {"clips": 1})
    assert audit_log.verify(log).lines == 6
    assert audit_log.read(log)[-1].command == "forget"


def test_no_free_text_gets_into_the_log(study: Study) -> None:
    for name, value in (("name", "@anna"), ("https://x.org/", 1), ("name", "Ünsal"), ("name", "a" * 65)):
        with pytest.raises(ValueError, match=re.escape(repr(name))):
            audit_log.note(study.folder, "forget", {name: value})
    assert not (study.folder.audit_log).exists()


def test_a_line_names_time_command_version_and_counts_alone(log: Path) -> None:
    line = json.loads(log.read_text().splitlines()[0])
    assert set(line) == {"at", "command", "counts", "cliptone_version", "before"}
    assert line["before"] == audit_log.BEGINNING


def test_without_a_log_it_says_so(study: Study) -> None:
    with pytest.raises(UserError, match=re.escape(str(study.folder.audit_log))):
        audit_log.verify(study.folder.audit_log)
