"""A published study with everything that must not leak: handles, URLs, hostile captions, small authors."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from functools import cache
from itertools import groupby
from pathlib import Path

import duckdb

from pipeline.records import (
    ExclusionRow,
    ImportRow,
    MentionRow,
    ObservationRow,
    PlatformCaptionRow,
    ProvenanceRow,
    Row,
    SpeechEmbeddingRow,
    TextFeaturesRow,
    TombstoneRow,
    VisibilityRow,
    WordRow,
)
from pipeline.records.pseudonyms import pseudonym, tombstone
from pipeline.records.runs import AttemptRow, FingerprintRow, RunRow
from pipeline.results.codebook import ORIGINS
from pipeline.stages import BY_NAME
from pipeline.store import schema
from pipeline.study.config import Study, load_study
from pipeline.study.keys import key_for
from tests.conftest import write_study
from tests.support.report.generated_study import MODELS, clip, silent
from tests.support.small_study import MONDAY, row

NAME = "made"
HOSTILE = (
    'say "yes", or\nno\r\n; never',
    "=HYPERLINK(1)",
    "nul \x00 and bell \x07 here",
    "\u202eright to left\u202c مرحبا",
    "a --> b",
    "]]> & <b>bold</b> </ANNOTATION_VALUE>",
    "👩‍👩‍👧 #family @user_abcdefgh",
    "  007 ",
    "",
)
HANDLE = "anna.smith_92"
SENTENCE = "nobody else in the whole world ever wrote these ten words"


def post_id(number: int) -> str:
    return f"73{number:017d}"


def author(number: int) -> str:
    """The stored pseudonym of the author of a clip: six of 6 clips each, the others of fewer."""
    return pseudonym(key_for(NAME), "tiktok", f"account {number % 6 if number < 36 else number}")


def made_rows(clips: int = 40) -> list[Row]:
    """Clips with tone and words, and all that is known of their posts."""
    rows: list[Row] = []
    for number in range(clips):
        clip_id = f"tiktok:{post_id(number)}"
        post = {
            "url": f"https://www.tiktok.com/@_/video/{post_id(number)}",
            "caption": f"{SENTENCE} {number} {HOSTILE[number % len(HOSTILE)]} by @{HANDLE}",
            "hashtags": ("bag", "rare") if number == 1 else ("bag",),
            "mentions": ("user_abcdefgh",),
            "posted_at": MONDAY + timedelta(days=number % 9, seconds=number),
            "author_key": author(number),
            "sound_id": f"72{number:017d}",
            "sound_title": f"original sound of somebody number {number}",
            "declared_duration_s": 6.1234 + number,
        }
        text = f"{HOSTILE[number % len(HOSTILE)]} said @{HANDLE}"
        rows += clip(clip_id, words=text.split() or ["-"], number=number, text=text, **post)
        rows += _known_of(clip_id, number)
    rows += silent("file:home/anna.smith_92.mp4")
    return rows


def _known_of(clip_id: str, number: int) -> list[Row]:
    here = {"clip_id": clip_id}
    counted = {"counted_at": MONDAY + timedelta(days=10, seconds=number), "count_source": "csv"}
    return [
        row(ObservationRow, **here, **counted, views=12_345 + number, likes=0, comments=None),
        row(ProvenanceRow, **here, source="import", format="csv", file_row=number),
        row(MentionRow, **here, channel="speech", label="bag", term="bag", matched="this bag here"),
        row(SpeechEmbeddingRow, **here, encoder="e", embedding=(0.1, 0.25)),
        row(PlatformCaptionRow, **here, language="en", kind="stated", text=SENTENCE),
        row(TextFeaturesRow, **here, channel="caption", word_count=11, emoji=("👜",), sentiment=0.123456),
        row(VisibilityRow, **here, looked_at=MONDAY, state="public"),
        row(ExclusionRow, **here, rule="languages", message=f"the caption has @{HANDLE}"),
        row(
            AttemptRow, **here, attempt_id=1000 + number, stage="download", fingerprint="d", status="failed",
            reason="removed", message=f"https://www.tiktok.com/@{HANDLE} is gone",
        ),
    ] if number < 39 else []  # fmt: skip


def make_study(folder: Path, rows: list[Row] | None = None, body: str = "") -> Study:
    """Publish these rows as the results of a study beside its file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = write_study(folder, f'output = "."\n[[sources]]\nfolder = "clips"\n{body}', NAME)
    known: list[Row] = [
        row(FingerprintRow, fingerprint="e", stage="emotion", options=MODELS, models="{}", libraries="{}", version=1),
        row(RunRow, run_id=1, started_at=MONDAY, finished_at=MONDAY, cliptone_version="0.1.0"),
        row(ImportRow, file_name=f"{HANDLE}.json", format="tiktok", file_sha256="0" * 64),
        row(TombstoneRow, clip_key=tombstone("tiktok:forgotten", key_for(NAME)), cause="vanished"),
    ]
    stored = sorted([*known, *(made_rows() if rows is None else rows)], key=lambda one: one.table)
    (folder / "study.duckdb").write_bytes(_empty())
    with duckdb.connect(str(folder / "study.duckdb")) as connection:
        for _, group in groupby(stored, key=type):
            schema.insert(connection, list(group))
    return load_study(path, BY_NAME)


@cache
def _empty() -> bytes:
    """A database with all tables and views, and no rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.duckdb"
        with duckdb.connect(str(path)) as connection:
            schema.create_tables(connection, ORIGINS)
            schema.create_views(connection)
        return path.read_bytes()


def words_of(clip_id: str, words: list[tuple[float, float, str]]) -> list[Row]:
    """Words of a clip with their times."""
    return [
        row(WordRow, clip_id=clip_id, word_index=at, word=word, start_s=start, end_s=end)
        for at, (start, end, word) in enumerate(words)
    ]
