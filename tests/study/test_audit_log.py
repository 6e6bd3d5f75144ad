"""The audit log: each line is bound to the one before, and nothing of any person stands in it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.cli import app
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


def test_a_log_that_nobody_touched_holds(study: Study, log: Path) -> None:
    verdict = audit_log.verify(study.folder)
    assert (verdict.lines, verdict.broken) == (5, None)
    assert [line.counts["new"] for line in audit_log.read(log)] == [0, 1, 2, 3, 4]
    assert all(line.command == "run" and line.at.endswith("+00:00") for line in audit_log.read(log))


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_changed_line_breaks_the_chain_at_the_next(study: Study, log: Path, number: int) -> None:
    change(log, number, log.read_bytes().splitlines(keepends=True)[number].replace(b'"new": ', b'"new": 1'))
    assert str(audit_log.verify(study.folder).broken).startswith(f"line {number + 2} ")


@pytest.mark.parametrize("number", [0, 2])
def test_a_line_that_was_taken_out_is_seen(study: Study, log: Path, number: int) -> None:
    change(log, number, None)
    assert str(audit_log.verify(study.folder).broken).startswith(f"line {number + 1} ")


def test_lines_that_changed_places_are_seen(study: Study, log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([lines[0], lines[2], lines[1], *lines[3:]]))
    assert audit_log.verify(study.folder).broken is not None


@pytest.mark.parametrize("kept", [0, 1, 4])
def test_a_cut_at_the_end_is_seen_and_stays_seen(study: Study, log: Path, kept: int) -> None:
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:kept]))
    assert "5 lines" in str(audit_log.verify(study.folder).broken)
    audit_log.note(study.folder, "run", {"new": 9})
    assert "5 lines" in str(audit_log.verify(study.folder).broken), "the next command hides nothing"
    audit_log.note(study.folder, "run", {"new": 10})
    assert "5 lines" in str(audit_log.verify(study.folder).broken)


def test_a_log_that_was_deleted_is_missed_for_good(study: Study, log: Path) -> None:
    log.unlink()
    assert "deleted" in str(audit_log.verify(study.folder).broken)
    assert audit_log.read(log) == []
    audit_log.note(study.folder, "run", {"new": 9})
    assert "deleted" in str(audit_log.verify(study.folder).broken)


def test_a_last_line_that_was_changed_is_seen_and_stays_seen(study: Study, log: Path) -> None:
    change(log, 4, log.read_bytes().splitlines(keepends=True)[4].replace(b'"new": 4', b'"new": 40'))
    assert str(audit_log.verify(study.folder).broken).startswith("line 5 ")
    audit_log.note(study.folder, "run", {"new": 9})
    assert str(audit_log.verify(study.folder).broken).startswith("line 5 ")


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_changes_a_line_is_seen(study: Study, log: Path, data: st.DataObject) -> None:
    content = log.read_bytes()
    begin, end = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    changed = content[:begin] + data.draw(st.binary(max_size=3)) + content[end:]
    assume(changed.splitlines() != content.splitlines())
    try:
        log.write_bytes(changed)
        assert audit_log.verify(study.folder).broken is not None
    finally:
        log.write_bytes(content)


def test_a_command_that_broke_off_between_log_and_note_is_no_fault(study: Study, log: Path) -> None:
    end = study.folder.audit_end.read_bytes()
    audit_log.note(study.folder, "run", {"new": 5})
    study.folder.audit_end.write_bytes(end)
    assert audit_log.verify(study.folder).broken is None
    audit_log.note(study.folder, "run", {"new": 6})
    assert audit_log.verify(study.folder).broken is None


def test_what_an_older_version_wrote_holds_and_it_is_said_what_cannot_be_told(study: Study, log: Path) -> None:
    assert audit_log.verify(study.folder).untold is None
    study.folder.audit_end.unlink()
    verdict = audit_log.verify(study.folder)
    assert verdict.broken is None
    assert "5 lines" in str(verdict.untold)
    audit_log.note(study.folder, "run", {"new": 5})
    assert "5 lines" in str(audit_log.verify(study.folder).untold), "of the lines before the first note"
    log.unlink()
    assert "6 lines" in str(audit_log.verify(study.folder).broken)


@pytest.mark.parametrize("text", ["", "{}", '{"lines": "x"}', "[1]", '{"lines": 5, "last": 1, "before": 0}'])
def test_a_note_that_cannot_be_read_is_a_fault(study: Study, log: Path, text: str) -> None:
    study.folder.audit_end.write_text(text)
    assert "audit_end.json" in str(audit_log.verify(study.folder).broken)
    audit_log.note(study.folder, "run", {"new": 5})
    assert "audit_end.json" in str(audit_log.verify(study.folder).broken)


def test_a_line_that_a_crash_cut_off_is_shown_and_the_log_goes_on(study: Study, log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-20])
    assert str(audit_log.verify(study.folder).broken).startswith("line 5 ")
    audit_log.note(study.folder, "forget", {"clips": 1})
    assert audit_log.verify(study.folder).lines == 6
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
    verdict = audit_log.verify(study.folder)
    assert (verdict.lines, verdict.broken) == (0, None)
    assert verdict.untold is not None
    with pytest.raises(UserError, match=re.escape(str(study.folder.audit_log))):
        CliRunner().invoke(app, ["audit", str(study.file.path)], catch_exceptions=False)
