"""The command `cliptone` as a user meets it: what it shows, what it complains of, and its exit code."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

PROGRAM = (sys.executable, "-c", "from pipeline.cli import main; main()")
WIDTH = "160"
PATIENCE_S = 280.0

Ended = subprocess.CompletedProcess[str]


def cliptone(*arguments: str, cwd: Path, **environment: str) -> Ended:
    """Run the command in this process, which has imported everything."""
    from pipeline.cli import main

    code: object = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(io.StringIO()) as shown,
        redirect_stderr(io.StringIO()) as complaint,
    ):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", ["cliptone", *arguments])
        for name, text in {"COLUMNS": WIDTH, **environment}.items():
            patch.setenv(name, text)
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return subprocess.CompletedProcess(arguments, int(str(code)), shown.getvalue(), complaint.getvalue())


def cliptone_process(*arguments: str, cwd: Path, **environment: str) -> Ended:
    """Run the command in a process of its own, for what only a new one shows."""
    return subprocess.run(
        [*PROGRAM, *arguments], cwd=cwd, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        env={**os.environ, "COLUMNS": WIDTH, **environment},
    )  # fmt: skip


def mistake(ended: Ended, code: int = 2) -> str:
    """The one sentence that the command complains with."""
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1, ended.stderr
    return lines[0]
