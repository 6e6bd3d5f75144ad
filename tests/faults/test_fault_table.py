"""The table of faults says what holds, what does not, what was not run here, and how many cases there were."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults import fault_table
from tests.faults.fault_table import pytest_terminal_summary


def report(name: str, outcome: Any = "passed", said: str = "", when: Any = "call") -> pytest.TestReport:
    """What pytest reports of a test that noted something."""
    longrepr = ("x.py", 1, "Skipped: needs root") if outcome == "skipped" else None
    noted = [(fault_table.LINE, said)] if said else []
    return pytest.TestReport(f"x.py::{name}", ("x.py", 1, name), {}, outcome, longrepr, when, user_properties=noted)


def written(*reports: pytest.TestReport) -> list[str]:
    """The lines of the table."""
    lines: list[str] = []
    terminal: Any = SimpleNamespace(stats={"": list(reports)}, section=lambda _: None, write_line=lines.append)
    pytest_terminal_summary(terminal)
    return lines


def test_each_fault_has_one_line_and_the_last_one_counts() -> None:
    lines = written(
        report("test_f10_x", said="46 done"),
        report("test_f2_x", said="100 kills"),
        report("test_f2_x", when="teardown"),
        report("test_found_x"),
    )
    assert lines[:2] == ["F2  100 kills; holds", "F10 46 done; holds"]
    assert lines[2].startswith("2 of 18 hold; not in this run: F1, F3,")
    assert len(lines) == 3


def test_cases_that_note_the_same_are_counted() -> None:
    reports = [report(f"test_f5_a[{case}]", said="a fault has its reason") for case in range(3)]
    assert written(*reports, report("test_f5_b", said="more"))[0] == "F5  3 × a fault has its reason; more; holds"


@pytest.mark.parametrize("when", ["setup", "call", "teardown"])
def test_one_failure_is_enough(when: str) -> None:
    lines = written(report("test_f5_a", said="fine"), report("test_f5_b", "failed", when=when))
    assert lines[0] == "F5  fine; DOES NOT HOLD: x.py::test_f5_b"
    assert lines[1].startswith("0 of 18 hold")


def test_what_was_skipped_does_not_hold_and_says_why() -> None:
    lines = written(report("test_f4_a", "skipped", when="setup"))
    assert lines[0] == "F4  not run here: needs root"
    assert lines[1].startswith("0 of 18 hold")


def test_without_tests_of_faults_there_is_no_table() -> None:
    assert written(report("test_found_x")) == []
