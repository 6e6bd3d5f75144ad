"""Which spans of which clips a head was trained on, stored beside it, so that it is never judged on them.

A clip stands there under a digest with a key that lies in the study's folder for work: whoever is handed the head
alone cannot tell which clips it heard. An earlier version stored no spans.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.records import Seconds
from pipeline.study import files
from pipeline.study.folder import StudyFolder

SPANS_FILE = "training.json"  # in the folder of a head
KEY_FILE = "training.key"  # in the study's folder for work
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class ClipSpan:
    """A span of a clip."""

    clip_id: str
    start_s: Seconds
    end_s: Seconds


@dataclass(frozen=True, slots=True)
class TrainingSpans:
    """The spans that a head was trained on, by the digest of their clip."""

    key: bytes
    spans: Mapping[str, tuple[tuple[Seconds, Seconds], ...]]

    def holds(self, spans: Iterable[ClipSpan]) -> bool:
        """True if any of the spans has a moment in common with one that the head was trained on."""
        return any(
            start_s < span.end_s and span.start_s < end_s
            for span in spans
            for start_s, end_s in self.spans.get(_digest(self.key, span.clip_id), ())
        )


def write_spans(folder: StudyFolder, head: Path, spans: Iterable[ClipSpan]) -> None:
    """Store beside a head what it was trained on."""
    key = _key(folder) or _make_key(folder)
    found: dict[str, list[tuple[Seconds, Seconds]]] = {}
    for span in spans:
        found.setdefault(_digest(key, span.clip_id), []).append((span.start_s, span.end_s))
    content = {"key": _name_of(key), "spans": dict(sorted(found.items()))}
    files.write(head / SPANS_FILE, json.dumps(content, indent=1) + "\n")


def read_spans(folder: StudyFolder, head: Path) -> TrainingSpans | None:
    """What a head of the study was trained on; None where that is not stored, or not under the study's key."""
    key = _key(folder)
    try:
        content = json.loads((head / SPANS_FILE).read_text(encoding="utf-8"))
        if key is None or content["key"] != _name_of(key):
            return None
        spans = {
            str(clip): tuple((float(start), float(end)) for start, end in of) for clip, of in content["spans"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return TrainingSpans(key, spans)


def _digest(key: bytes, clip_id: str) -> str:
    return hmac.digest(key, f"clip|{clip_id}".encode(), "sha256").hex()


def _name_of(key: bytes) -> str:
    """What tells keys apart and says nothing of them."""
    return hmac.digest(key, b"key", "sha256").hex()


def _key(folder: StudyFolder) -> bytes | None:
    path = folder.work / KEY_FILE
    return path.read_bytes() if path.is_file() else None


def _make_key(folder: StudyFolder) -> bytes:
    path = folder.work / KEY_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key := secrets.token_bytes(KEY_BYTES))
    files.put(part, path)
    return key
