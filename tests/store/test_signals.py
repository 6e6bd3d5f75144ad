"""Ctrl-C never tears a transaction: it waits until the database is let go, and a second one does not."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipeline.store.signals import UninterruptedLock, uninterrupted
from pipeline.store.transactions import transaction


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """A process in the background would ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_transaction_ends_before_the_run_does(tmp_path: Path) -> None:
    alone = UninterruptedLock()
    with duckdb.connect(str(tmp_path / "x.duckdb")) as connection:
        connection.execute("CREATE TABLE numbers (number BIGINT)")

        def write() -> None:
            with alone(), transaction(connection):
                connection.execute("INSERT INTO numbers VALUES (1)")
                ctrl_c()
                with alone():
                    connection.execute("INSERT INTO numbers SELECT * FROM range(100_000)")

        with pytest.raises(KeyboardInterrupt):
            write()
        assert connection.execute("SELECT count(*) FROM numbers").fetchall() == [(100_001,)]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_one_interrupts_at_once() -> None:
    reached: list[str] = []

    def twice() -> None:
        with uninterrupted():
            ctrl_c()
            reached.append("first")
            ctrl_c()
            reached.append("second")

    with pytest.raises(KeyboardInterrupt):
        twice()
    assert reached == ["first"]


def test_another_thread_only_waits_for_its_turn() -> None:
    alone, order = UninterruptedLock(), []

    def other() -> None:
        with alone():
            order.append("other")

    with alone():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.1)
        order.append("main")
    thread.join()
    assert order == ["main", "other"]


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with uninterrupted():
        ctrl_c()
