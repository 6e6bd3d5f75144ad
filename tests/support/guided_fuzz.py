"""Readers of bytes under a fuzzer that is guided by coverage.

`python -m tests.support.guided_fuzz imports FOLDER -runs=10000`.

atheris (libFuzzer) changes good files byte by byte and keeps what reaches lines of the readers that nothing reached
before. Whatever it comes to, a reader gives values or one sentence; anything else ends the process with the input.
"""

from __future__ import annotations

import contextlib
import math
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

READERS = ["pipeline.sources.formats", "pipeline.sources.sidecars", "pipeline.analysis.text.lexicon",
    "pipeline.results.evaluation.labels", "pipeline.study.config",
           "pipeline.sources.platforms.captions", "pipeline.sources.post_fields"]  # fmt: skip
MEMORY = 2 << 30  # bytes

with atheris.instrument_imports(include=READERS):
    from pipeline.analysis.text.lexicon import read_lexicon
    from pipeline.errors import UserError
    from pipeline.results.evaluation.labels import read_labels
    from pipeline.sources.platforms.captions import read_webvtt
    from pipeline.sources.sidecars import read_info, read_sidecar
    from pipeline.stages import BY_NAME
    from pipeline.study.config import load_study
    from tests.sources.formats.test_fuzz import WHOLE, imported
    from tests.support.hostile_strategies import check_sentence


def _file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def imports(folder: Path, content: bytes) -> None:
    """Exports of other tools, in every format."""
    imported(folder / "file", content)


def captions(_: Path, content: bytes) -> None:
    """Captions of a platform."""
    for line in read_webvtt(content.decode("utf-8", "replace")):
        assert 0 <= line.start_s <= line.end_s < math.inf
        assert line.text


def own_files(folder: Path, content: bytes) -> None:
    """Files of the researcher's: sidecars, labels, lexicons and the study file."""
    (folder / "a.mp4").touch()
    _file(folder, "a.info.json", content)
    with _sentence():
        read_info(folder / "a.mp4", "folder 1")
    with _sentence():
        read_sidecar(_file(folder, "posts.csv", content))
    with _sentence():
        read_labels(_file(folder, "labels.csv", content))
    for name in ("lexicon.csv", "lexicon.toml"):
        with _sentence():
            read_lexicon(_file(folder, name, content))
    with _sentence():
        load_study(_file(folder, "study.toml", content), BY_NAME)


@contextlib.contextmanager
def _sentence():  # type: ignore[no-untyped-def]
    try:
        yield
    except UserError as error:
        check_sentence(error)


TARGETS: dict[str, Callable[[Path, bytes], None]] = {one.__name__: one for one in (imports, captions, own_files)}
SEEDS: dict[str, list[bytes]] = {
    "imports": WHOLE,
    "captions": [b"WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000 align:start\n<c>a</c> &amp; <00:00:01.500>b\n"],
    "own_files": [
        b'{"id": "7312345678901234567", "title": "a", "extractor_key": "TikTok", "timestamp": 1714557600}',
        b"file,platform,id,caption\na.mp4,tiktok,7312345678901234567,hello\n",
        b"clip_id,start_s,end_s,label\nfile:a.mp4,0.5,1.5,warm\n",
        b'[[terms]]\nterm = "bag"\nkind = "regex"\nlabel = "x"\nlanguage = "en"\n',
        b'schema = 1\nname = "x"\n[[sources]]\nurls = ["https://www.tiktok.com/@a/video/7312345678901234567"]\n',
    ],
}


def main() -> None:
    """Fuzz one kind of reader; the folder holds the corpus, which grows, and the file that is read."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    corpus = folder / "corpus"
    corpus.mkdir(parents=True)
    for number, seed in enumerate(SEEDS[kind]):
        _file(corpus, f"seed{number}", seed)
    target = TARGETS[kind]
    # libFuzzer's own limit looks at the peak that this process inherits from whoever started it.
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    atheris.Setup([sys.argv[0], "-rss_limit_mb=0", *sys.argv[3:], str(corpus)], lambda content: target(folder, content))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
