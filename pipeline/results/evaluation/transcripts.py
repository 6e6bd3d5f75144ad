"""Evaluate a study's transcripts against true ones: word and character error rates by language, with intervals.

Texts are compared as Radford et al. (2022, appendix C) do it: case, punctuation and, in English, spelling and numbers
do not count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import UserError
from pipeline.results.evaluation import results, stored
from pipeline.results.evaluation.groups import ALL, UNKNOWN
from pipeline.results.evaluation.labels import NO_CLIP, LeftOut, left_out_lines
from pipeline.results.evaluation.measures import Figure, share
from pipeline.results.evaluation.results import Evaluation
from pipeline.results.study import StudyReader
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.reading import digest
from pipeline.sources.formats.tables import csv_records, header
from pipeline.study.folder import StudyFolder

COLUMNS = ("clip_id", "text", "language", "file")  # the last is for people
ENGLISH = "en"
NO_WORDS = "the true text has no words"
NOT_TRANSCRIBED = "the clip has not passed the stage transcribe"
STORED = """
    SELECT clips.clip_id, author_key, transcripts.clip_id IS NOT NULL AS is_done, text, language, engine, model
    FROM clips
    LEFT JOIN transcripts USING (clip_id)
"""


@dataclass(frozen=True, slots=True)
class TrueText:
    """The true transcript of a clip."""

    line: int
    clip_id: str
    text: str
    language: str | None  # None: as the study found it


@dataclass(frozen=True, slots=True)
class Compared:
    """Errors of one transcript, beside the length of the true text."""

    language: str
    cluster: str
    word_errors: int | None  # None: the study has no text
    words: int
    character_errors: int | None
    characters: int


def evaluate_transcripts(folder: StudyFolder, path: Path) -> Evaluation:
    """Compare stored transcripts with the true ones of a file; the figures are stored in the study.

    Raises `UserError` where no line of the file has a stored transcript.
    """
    truths, left_out = read_texts(path)
    with StudyReader(folder.published) as reader:
        rows = {row["clip_id"]: row for row in reader.arrow(STORED, {}).to_pylist()}
        fingerprint = stored.fingerprint(reader, "transcribe")
    compared: list[Compared] = []
    for true in truths:
        row = rows.get(true.clip_id)
        one = _compare_clip(true, row) if row is not None and row["is_done"] else None
        if one is None:
            reason = NO_CLIP if row is None else NO_WORDS if row["is_done"] else NOT_TRANSCRIBED
            left_out.append(LeftOut(true.line, true.clip_id, reason))
        else:
            compared.append(one)
    if not compared:
        why = "; ".join(left_out_lines(left_out)) or "it has no lines"
        raise UserError(f"no text of {path} can be compared: {why}")
    engine = next(f"{row['engine']} {row['model']}" for row in rows.values() if row["is_done"])
    about = results.subject(engine, fingerprint, path, digest(path))
    found = results.rows_of(about, ALL, ALL, figures(compared), _count_without_text(compared))
    for language in sorted({one.language for one in compared}):
        group = [one for one in compared if one.language == language]
        found += results.rows_of(about, "language", language, figures(group), _count_without_text(group))
    results.store(folder, found)
    return Evaluation(tuple(found), tuple(sorted(left_out, key=lambda one: one.line)), ())


def read_texts(path: Path) -> tuple[list[TrueText], list[LeftOut]]:
    """Read a CSV file with clip_id, text and perhaps language and file; `UserError` if it is another file."""
    if not path.is_file():
        raise UserError(f"there is no file of true texts {path}")
    names = header(path)
    if not {"clip_id", "text"} <= set(names) <= set(COLUMNS):
        raise UserError(
            f"{path} needs the columns clip_id and text, and may have language and file; "
            f"it has {', '.join(names) or 'none'}"
        )
    found: list[TrueText] = []
    left_out: list[LeftOut] = []
    for line, record in csv_records(path):
        if isinstance(record, Rejected):
            left_out.append(LeftOut(line, "", str(record)))
        else:
            clip_id, language = record["clip_id"].strip(), record.get("language", "").strip()
            found.append(TrueText(line, clip_id, record["text"], language or None))
    return found, left_out


def figures(compared: Sequence[Compared]) -> list[Figure]:
    """Coverage, WER and CER: errors over the length of the true texts, of all clips that have a transcript."""
    clusters = np.array([one.cluster for one in compared])
    heard = [one for one in compared if one.word_errors is not None]
    there = np.array([[one.word_errors is not None, 1] for one in compared], dtype=np.float64)
    found = [Figure("coverage", None, share(there, clusters), len(compared))]
    if not heard:
        return found
    of_heard = np.array([one.cluster for one in heard])
    words = _error_parts([(one.word_errors, one.words) for one in heard])
    characters = _error_parts([(one.character_errors, one.characters) for one in heard])
    return [
        *found,
        Figure("wer", None, share(words, of_heard), len(heard)),
        Figure("cer", None, share(characters, of_heard), len(heard)),
    ]


def compare(true: str, heard: str, language: str) -> tuple[int, int, int, int]:
    """Word errors, words, character errors and characters of a text, `(errors, length, errors, length)`.

    Errors are substitutions, deletions and insertions (Levenshtein); the true text has at least one word.
    """
    import jiwer

    normalise = normaliser(language)
    expected, said = normalise(true).strip(), normalise(heard).strip()
    by_word, by_character = jiwer.process_words(expected, said), jiwer.process_characters(expected, said)
    return (*_errors_and_length(by_word), *_errors_and_length(by_character))


@cache
def normaliser(language: str) -> Callable[[str], str]:
    """Whisper's normaliser of a language: English has its own, all others share one."""
    from whisper.normalizers import BasicTextNormalizer, EnglishTextNormalizer

    found: Callable[[str], str] = EnglishTextNormalizer() if language == ENGLISH else BasicTextNormalizer()
    return found


def _compare_clip(true: TrueText, row: Mapping[str, Any]) -> Compared | None:
    """One clip's comparison; None if the true text has no words once it is normalised."""
    language = true.language or row["language"] or UNKNOWN
    cluster = row["author_key"] or true.clip_id
    if not any(character.isalnum() for character in normaliser(language)(true.text)):
        return None
    errors, words, character_errors, characters = compare(true.text, row["text"] or "", language)
    if row["text"] is None:
        return Compared(language, cluster, None, words, None, characters)
    return Compared(language, cluster, errors, words, character_errors, characters)


def _errors_and_length(alignment: Any) -> tuple[int, int]:
    errors = alignment.substitutions + alignment.deletions + alignment.insertions
    return errors, alignment.hits + alignment.substitutions + alignment.deletions


def _error_parts(pairs: Sequence[tuple[int | None, int]]) -> NDArray[np.float64]:
    return np.array(pairs, dtype=np.float64)


def _count_without_text(compared: Sequence[Compared]) -> int:
    return sum(one.word_errors is None for one in compared)
