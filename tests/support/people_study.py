"""A study of posts by four people, with everything that a run stores of them, in files without compression."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

from pipeline.records import MentionRow, PlatformCaptionRow, Row, SegmentRow, SpeechEmbeddingRow, TranscriptRow, WordRow
from pipeline.records.runs import AttemptRow, TraceRow
from pipeline.run.ingest import take_sources
from pipeline.run.progress import RunSummary
from pipeline.stages import BY_NAME, STAGES
from pipeline.store.store import Store
from pipeline.study.config import Study, load_study
from pipeline.study.folder import work_name
from pipeline.study.keys import key_for
from tests.conftest import write_study
from tests.support.small_study import row

AUTHORS = ("anna.smith_92", "Tom.The.Tailor", "lena_vogel_x", "mode_maria_1")  # handles
POSTS_EACH = 3
NUMBER = "212-555-0147"


def author_id(author: int) -> str:
    """The platform's id of an author."""
    return f"68{author:017d}"


def clip_id(author: int, post: int) -> str:
    return f"tiktok:{post_id(author, post)}"


def post_id(author: int, post: int) -> str:
    return f"73{author:08d}{post:09d}"


def words_of(author: int, post: int) -> str:
    """What is said in a post: nobody else says it."""
    return f"it was the morning after {author} blue and {post} green parrots left"


def caption_of(author: int, post: int) -> str:
    return f'ünique caption number {author * 10 + post} with "quotes" and ☂'


def secrets_of(author: int) -> list[str]:
    """Texts that lead to an author or are theirs alone."""
    found = [AUTHORS[author]]
    for post in range(POSTS_EACH):
        found += [clip_id(author, post), post_id(author, post), words_of(author, post), caption_of(author, post)]
        found.append(work_name(clip_id(author, post)))
    return found


def people_study(folder: Path, name: str = "people", body: str = "") -> Study:
    """Take the posts in, store what a run would, and publish; the export is the only source."""
    write_posts(folder / "posts.csv", range(len(AUTHORS)))
    source = '[[sources]]\nexport = "posts.csv"\nfetch = false\n'
    study = load_study(write_study(folder, source + body, name), BY_NAME)
    store = Store(study.folder.working, STAGES)
    store.tables.connection.execute("PRAGMA force_compression = 'uncompressed'")
    try:
        take_in(study, store)
        for kind in (TranscriptRow, SegmentRow, WordRow, PlatformCaptionRow, MentionRow, SpeechEmbeddingRow, AttemptRow,
                     TraceRow):  # fmt: skip
            store.add([one for one in _made_rows() if isinstance(one, kind)])
        store.tables.connection.execute("CHECKPOINT")
        store.publish(study.folder.published)
    finally:
        store.close()
    for author in range(len(AUTHORS)):
        for post in range(POSTS_EACH):
            _write_files(study, clip_id(author, post), caption_of(author, post))
    return study


def take_in(study: Study, store: Store) -> None:
    """Read the sources as a run does."""
    take_sources(study, store, key_for(study.file.name), None, RunSummary())


def write_posts(path: Path, authors: range, posts: int = POSTS_EACH) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("platform", "id", "url", "caption", "author", "author_id", "posted_at"))
        for author in authors:
            for post in range(posts):
                url = f"https://www.tiktok.com/@{AUTHORS[author]}/video/{post_id(author, post)}"
                writer.writerow(("tiktok", post_id(author, post), url, caption_of(author, post), AUTHORS[author],
                                 author_id(author), "2026-03-02T10:00:00Z"))  # fmt: skip


def _made_rows() -> Iterator[Row]:
    attempts = 0
    for author in range(len(AUTHORS)):
        for post in range(POSTS_EACH):
            here, text = {"clip_id": clip_id(author, post)}, words_of(author, post)
            yield row(TranscriptRow, **here, text=text, language="en")
            yield row(SegmentRow, **here, text=text, end_s=6.0)
            for at, word in enumerate(text.split()):
                yield row(WordRow, **here, word_index=at, word=word)
            yield row(PlatformCaptionRow, **here, language="en", kind="stated", text=f"call me at {NUMBER} or {text}")
            yield row(MentionRow, **here, channel="speech", label="bird", term="parrots?", matched="parrots")
            yield row(SpeechEmbeddingRow, **here, encoder="e", embedding=(0.1, author + post / 10))
            attempts += 1
            yield row(AttemptRow, **here, attempt_id=attempts, stage="download", fingerprint="d", status="failed",
                      reason="internal_error", message=f"{clip_id(author, post)}: a bug")  # fmt: skip
            yield row(TraceRow, attempt_id=attempts, trace=f"Traceback … {clip_id(author, post)}")


def _write_files(study: Study, name: str, caption: str) -> None:
    folder = study.folder.media / work_name(name)
    folder.mkdir(parents=True)
    (folder / "media.mp4").write_bytes(b"\x00video\x00")
    (folder / "media.info.json").write_text(json.dumps({"id": name, "description": caption}), encoding="utf-8")
    study.folder.audio_path(name).parent.mkdir(exist_ok=True)
    study.folder.audio_path(name).write_bytes(b"RIFF")
