"""What hypothesis writes into files that others give us: hostile texts, JSON that is nearly right, CSV, plain bytes."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from pipeline.errors import UserError
from tests.faults.fault_table import ALL

EXAMPLES = 1_500 if ALL else 30
#: The same examples every time; a file a time is slow for hypothesis.
FUZZING = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)

#: Texts that a shell, a path, a database, a page, a spreadsheet or a terminal would take for more than a text.
TEXTS = (
    "$(touch escaped)", "`touch escaped`", "; rm -rf /", "../../escaped", "..\\..\\escaped", "/etc/passwd", "C:\\x",
    "'; DROP TABLE clips; --", '"', "' OR '1'='1", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;",
    '=HYPERLINK("http://x")', "+1+1", "@SUM(1)", "-2+3", "{{7*7}}", "{% raw %}", "%s%n", "${HOME}",
    "\u202eevil\u202c", "a\0b", "\x1b[2J", "\ud800", "\udfff", "\ufeff", "\r\n", "x" * 10_000, "é" * 300, "9" * 400,
    "-1", "1e999", "NaN", "Infinity", "0x10", "１２３", "true", "null", "", " ", "~nobody/x", "**x", "**/*", "*", "[",
    "a/" * 3_000, "2026-13-45", "9999999999999999999", "1970-01-01", "-->",
)  # fmt: skip
texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=40))
numbers = st.one_of(
    st.integers(), st.integers(-(10**400), 10**400), st.floats(allow_nan=False), st.booleans(), st.none()
)


def check_sentence(error: UserError, name: str = "") -> None:
    """A refusal is one text that a person can read, about the file of this name."""
    assert name in str(error)
    assert str(error)


def documents(keys: tuple[str, ...], words: tuple[str, ...] = ()) -> st.SearchStrategy[object]:
    """JSON values made of a format's own keys and words, nested at will."""
    leaves = st.one_of(texts, numbers, st.sampled_from(words or ("x",)))
    names = st.one_of(st.sampled_from(keys), st.text(max_size=5))
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
        max_leaves=25,
    )


def tables(columns: tuple[str, ...], whole: bool = False) -> st.SearchStrategy[list[list[str]]]:
    """Rows of a CSV file under some of the known columns, or under all in order; some too short or too long."""
    cells = st.one_of(texts, st.sampled_from(("tiktok", "7312345678901234567", "https://www.tiktok.com/@a/video/73")))
    some = st.lists(st.sampled_from(columns), min_size=1, max_size=len(columns), unique=True)
    header = st.just(list(columns)) if whole else some
    row = st.one_of(
        st.lists(cells, min_size=len(columns), max_size=len(columns)), st.lists(cells, max_size=len(columns) + 1)
    )
    return st.tuples(header, st.lists(row, max_size=4)).map(lambda parts: [parts[0], *parts[1]])
