"""What the import of a large export costs.

`python -m pipeline.research.bench.imports` has `cliptone import` store exports of 20,000 and 200,000 posts, each in a
new study with pseudonyms, and prints its processor time and the peak of its memory. The posts are invented; their file
has the layout of Zeeschuimer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from pipeline.records import Seconds

SIZES = (20_000, 200_000)
AUTHORS = 5_000
STUDY = 'name = "imports"\n[[sources]]\nurls = ["https://www.tiktok.com/@_/video/7299999999999999999"]\n'
COMMAND = (sys.executable, "-c", "from pipeline.cli import main; main()")
MEBIBYTE = 1 << 20
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes in `ru_maxrss`


@dataclass(frozen=True, slots=True)
class ImportCost:
    """What one import took."""

    posts: int
    file_mb: float
    cpu_s: Seconds
    peak_mib: float


def write_export(path: Path, posts: int) -> None:
    """An export of so many posts."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{json.dumps(line)}\n" for line in _lines(posts))


def _lines(posts: int) -> Iterator[dict[str, object]]:
    for number in range(posts):
        author, post_id = number % AUTHORS, str(7_300_000_000_000_000_001 + 98_765_432 * number)
        caption = f"post {number} of a usual length with #two #hashtags and some words for @friend{author}"
        record = {
            "id": post_id, "desc": caption, "createTime": 1_767_225_600 + number,
            "author": {"id": str(6_000_000_000_000_000_001 + 7 * author), "uniqueId": f"user{author}"},
            "video": {"duration": 30}, "music": {"id": "7", "title": "original sound", "authorName": f"user{author}"},
            "stats": {"playCount": number, "diggCount": 1, "commentCount": 1, "shareCount": 1, "collectCount": 1},
        }  # fmt: skip
        collected = 1_767_312_000_000 + number
        yield {"source_platform": "tiktok.com", "item_id": post_id, "timestamp_collected": collected, "data": record}


def measure(folder: Path, posts: int) -> ImportCost:
    """Import an export of so many posts into a new study in `folder`."""
    export, study = folder / "posts.ndjson", folder / "imports.toml"
    write_export(export, posts)
    study.write_text(STUDY, encoding="utf-8")
    command = [*COMMAND, "import", str(export), "--study", str(study)]
    environment = {**os.environ, "CLIPTONE_KEYS": str(folder / "keys")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"the import ended with exit code {process.returncode}")
    cpu_s = usage.ru_utime + usage.ru_stime
    return ImportCost(posts, export.stat().st_size / 1e6, cpu_s, usage.ru_maxrss * RSS_UNIT / MEBIBYTE)


def main(
    posts: Annotated[list[int] | None, typer.Option(help="posts of the export; give it several times")] = None,
) -> None:
    """Print what imports cost, a line each."""
    typer.echo(f"{'posts':>10}{'file, MB':>10}{'CPU s':>8}{'ms a post':>11}{'peak, MiB':>11}")
    for count in posts or SIZES:
        with tempfile.TemporaryDirectory(prefix="cliptone-") as folder:
            cost = measure(Path(folder), count)
        each = 1000 * cost.cpu_s / count
        typer.echo(f"{count:>10,}{cost.file_mb:>10.0f}{cost.cpu_s:>8.1f}{each:>11.3f}{cost.peak_mib:>11.0f}")


if __name__ == "__main__":
    typer.run(main)
