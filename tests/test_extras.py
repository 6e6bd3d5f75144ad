"""Extras are installed from a clone, since no package index has cliptone: messages and pages say nothing else."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib

import pytest

from pipeline.analysis.sound import egemaps
from pipeline.analysis.text import redaction
from pipeline.errors import UserError, how_to_install
from tests.support.paths import ROOT

EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"])
PAGES = [ROOT / "README.md", *sorted((ROOT / "pipeline").rglob("*.md")), *sorted((ROOT / "notebooks").glob("*"))]
NAMED = re.compile(r"how_to_install\([\"'](\w+)[\"']\)|pip install [\"']\.\[(\w+)\][\"']")
SOURCES = sorted((ROOT / "pipeline").rglob("*.py"))


def test_the_command_is_for_this_python_and_the_folder_of_the_clone() -> None:
    _, _, command = how_to_install("ray").partition(": ")
    assert shlex.split(command) == [sys.executable, "-m", "pip", "install", ".[ray]"]


def test_nothing_advises_to_install_it_from_an_index() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in [*PAGES, *SOURCES] if path.is_file()}
    assert [path for path, text in texts.items() if "cliptone[" in text] == []
    named = [name for text in texts.values() for pair in NAMED.findall(text) for name in pair if name]
    assert {"ray", "redact", "opensmile", "starter", "notebooks"} <= set(named) <= EXTRAS


def test_what_is_missing_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    with pytest.raises(UserError, match=re.escape(how_to_install("redact"))):
        redaction.require_library()
    monkeypatch.setattr(egemaps, "PACKAGE", "no-such-package")
    with pytest.raises(UserError, match=re.escape(how_to_install("opensmile"))):
        egemaps.opensmile_version()
