"""What this machine is: its vector instructions, which words in int8 arithmetic depend on."""

from __future__ import annotations

import pytest

from pipeline.study import machine


def test_the_instruction_set_is_one_that_numpy_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CT2_FORCE_CPU_ISA", raising=False)
    found = machine.instruction_set()
    assert found
    assert " " not in found
    monkeypatch.setenv("CT2_FORCE_CPU_ISA", "GENERIC")
    assert machine.instruction_set() == f"{found} (GENERIC)"


def test_at_least_one_core_may_be_used() -> None:
    assert machine.cores() >= 1
