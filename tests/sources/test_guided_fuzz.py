"""The readers of bytes withstand a fuzzer that is guided by coverage."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.fault_table import ALL
from tests.support.paths import ROOT

pytest.importorskip("atheris", reason="atheris is not installed")

RUNS = 50_000 if ALL else 1_000
LIMIT_S = 60  # for one input


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["imports", "captions", "own_files"])
def test_whatever_bytes_reach_new_lines_end_in_values_or_a_sentence(tmp_path: Path, kind: str) -> None:
    options = [f"-runs={RUNS}", "-seed=1", "-max_len=6000", f"-timeout={LIMIT_S}", f"-artifact_prefix={tmp_path}/"]
    command = [sys.executable, "-m", "tests.support.guided_fuzz", kind, str(tmp_path / "work"), *options]
    root = ROOT
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, errors="replace", check=False)
    assert ended.returncode == 0, ended.stderr[-3_000:]
    assert re.search(rf"Done {RUNS} runs", ended.stderr), ended.stderr[-1_000:]
    found = [path for path in (tmp_path / "work" / "corpus").iterdir() if not path.name.startswith("seed")]
    assert found, "what reaches new lines is kept"
