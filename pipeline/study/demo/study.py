"""The demo study as a user gets it: clips, invented posts, a lexicon and a study file, in a folder of their own."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

SHIPPED = Path(__file__).parent
TRUE_TEXTS = "transcripts.csv"
FILES = ("demo.toml", "lexicon.toml", "posts.csv", TRUE_TEXTS, "LICENSES.md")


def copy_demo(folder: Path) -> Path:
    """Copy what is missing or differs, and return the study file; results that are there stay."""
    clips = sorted((SHIPPED / "clips").glob("*.mp4"))
    for source, target in [(SHIPPED / name, folder / name) for name in FILES] + [
        (clip, folder / "clips" / clip.name) for clip in clips
    ]:
        if not target.exists() or not filecmp.cmp(source, target, shallow=False):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return folder / "demo.toml"
