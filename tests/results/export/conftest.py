"""A made study and its exports, made once for the tests that only look."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.results.export.build import ExportOptions, ExportResult, export_study
from pipeline.results.export.levels import Level
from pipeline.study.config import Study
from tests.support.export_study import make_study


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Study:
    return make_study(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="session")
def shareable(made: Study, tmp_path_factory: pytest.TempPathFactory) -> ExportResult:
    folder = tmp_path_factory.mktemp("exports") / "shareable"
    return export_study(made, ExportOptions(Level.SHAREABLE, "csv", folder=folder))


@pytest.fixture(scope="session")
def restricted(made: Study, tmp_path_factory: pytest.TempPathFactory) -> ExportResult:
    folder = tmp_path_factory.mktemp("exports") / "restricted"
    forms = ("srt", "vtt", "textgrid", "elan")
    return export_study(made, ExportOptions(Level.RESTRICTED, "csv", forms, folder))
