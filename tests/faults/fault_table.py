"""The table of faults: how large its tests are, the line that each of them says, and how many hold at the end.

A test belongs to the fault that its name tells: `test_f3_…` is of F3. With CLIPTONE_FAULTS=all they are as large as the
table wants them, else small enough for every suite.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence

import pytest

ALL = os.environ.get("CLIPTONE_FAULTS") == "all"
FAULTS = range(1, 19)
OF_FAULT = re.compile(r"::test_f(\d+)_")
LINE = "fault"  # property of a report: what the test counted


@pytest.fixture
def size() -> Callable[[int, int], int]:
    """How large a test is: small in every suite, large with CLIPTONE_FAULTS=all."""
    return lambda small, large: large if ALL else small


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Note what a test of a fault counted; many cases that note the same are counted themselves."""
    return lambda text: record_property(LINE, text)


def pytest_configure(config: pytest.Config) -> None:
    """Have `pytest -m fault` run the table alone."""
    config.addinivalue_line("markers", "fault: of the table of faults; its name says which")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the table by their names."""
    for test in items:
        if OF_FAULT.search(test.nodeid):
            test.add_marker(pytest.mark.fault)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print a line for each fault that was tried, and how many hold."""
    tried: defaultdict[int, list[pytest.TestReport]] = defaultdict(list)
    for report in _ends(terminalreporter):
        if named := OF_FAULT.search(report.nodeid):
            tried[int(named[1])].append(report)
    if not tried:
        return
    terminalreporter.section("faults")
    verdicts = {number: _verdict(tried[number]) for number in sorted(tried)}
    for number, verdict in verdicts.items():
        said = "; ".join([*_counted(tried[number]), verdict])
        terminalreporter.write_line(f"{f'F{number}':<4}{said}")
    missing = ", ".join(f"F{number}" for number in FAULTS if number not in tried)
    rest = f"; not in this run: {missing}" if missing else ""
    terminalreporter.write_line(f"{list(verdicts.values()).count('holds')} of {len(FAULTS)} hold{rest}")


def _ends(terminalreporter: pytest.TerminalReporter) -> Iterator[pytest.TestReport]:
    """One report of each test: of its call, or of what kept it from being called or from ending well."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and (report.when == "call" or not report.passed):
                yield report


def _verdict(reports: Sequence[pytest.TestReport]) -> str:
    failed = [report.nodeid for report in reports if report.failed]
    if failed:
        return f"DOES NOT HOLD: {', '.join(failed)}"
    skipped = [report for report in reports if report.skipped]
    if skipped:
        reason = skipped[0].longrepr[2] if isinstance(skipped[0].longrepr, tuple) else "skipped"
        return f"not run here: {reason.removeprefix('Skipped: ')}"
    return "holds"


def _counted(reports: Sequence[pytest.TestReport]) -> list[str]:
    """What the tests of one fault noted, in their order."""
    noted = Counter(str(text) for report in reports for name, text in report.user_properties if name == LINE)
    return [text if times == 1 else f"{times} × {text}" for text, times in noted.items()]
