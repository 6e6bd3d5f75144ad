"""Folders that tests read from, found from the repository's root."""

from __future__ import annotations

from pathlib import Path

from pipeline.study.demo.study import SHIPPED

ROOT = Path(__file__).parents[2]
DEMO_CLIPS = SHIPPED / "clips"
EXPORT_FIXTURES = ROOT / "tests" / "sources" / "formats" / "fixtures"
