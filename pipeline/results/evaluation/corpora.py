"""Labelled speech corpora in their usual folders: each file with its label in our words, its speaker and language."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import UserError
from pipeline.records.counted import counted
from pipeline.sources.formats.notes import Rejected
from pipeline.sources.formats.tables import csv_records, header

#: Labels of the corpora in our words. What stands in none of these has no agreed label ("xxx" of IEMOCAP).
EMODB = {"W": "angry", "L": "bored", "E": "disgusted", "A": "afraid", "F": "happy", "T": "sad", "N": "neutral"}
RAVDESS = {"01": "neutral", "02": "calm", "03": "happy", "04": "sad", "05": "angry", "06": "afraid",
           "07": "disgusted", "08": "surprised"}  # fmt: skip
CREMA_D = {"ANG": "angry", "DIS": "disgusted", "FEA": "afraid", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
NEMO = {"anger": "angry", "fear": "afraid", "happiness": "happy", "neutral": "neutral", "sadness": "sad",
        "surprise": "surprised", "surprised": "surprised"}  # fmt: skip
#: Excitement counts as happy, as in most work with four labels (Fayek et al. 2017).
IEMOCAP = {"ang": "angry", "hap": "happy", "exc": "happy", "neu": "neutral", "sad": "sad", "fru": "frustrated",
           "fea": "afraid", "sur": "surprised", "dis": "disgusted"}  # fmt: skip

EMODB_NAME = re.compile(r"(?P<speaker>\d{2})[abc]\d{2}(?P<label>[WLEAFTN])[a-z]?")
RAVDESS_NAME = re.compile(r"(?P<kind>\d{2}-\d{2})-(?P<label>0[1-8])-\d{2}-\d{2}-\d{2}-(?P<speaker>\d{2})")
RAVDESS_SPEECH = "03-01"  # audio alone, spoken; songs and films have other numbers
CREMA_D_NAME = re.compile(r"(?P<speaker>\d{4})_[A-Z]{3}_(?P<label>ANG|DIS|FEA|HAP|NEU|SAD)_(?:LO|MD|HI|XX|X)")
IEMOCAP_LINE = re.compile(
    r"\[[\d.]+ - [\d.]+\]\t(?P<name>(?P<dialog>Ses\d{2}[FM]_\w+?)_(?P<sex>[FM])\w*)\t(?P<label>\w+)\t"
)
AUDIO = (".wav", ".flac", ".mp3")
SHOWN = 4  # names of a folder in a sentence


@dataclass(frozen=True, slots=True)
class CorpusUtterance:
    """One file of a corpus; a label of None is one that its makers did not agree on."""

    path: Path
    label: str | None
    speaker: str
    language: str  # ISO 639-1, "" if the corpus does not say


@dataclass(frozen=True, slots=True)
class Layout:
    """How a corpus lies in its folder."""

    expected: str
    read: Callable[[Path], Iterator[CorpusUtterance]]


def read_corpus(name: str, folder: Path) -> list[CorpusUtterance]:
    """The utterances of a corpus, by path; `UserError` if its name or its folder is not known."""
    if name not in LAYOUTS:
        raise UserError(f"there is no corpus {name!r}; there are: {', '.join(LAYOUTS)}")
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}")
    layout = LAYOUTS[name]
    found = sorted(layout.read(folder), key=lambda one: one.path)
    if not found:
        names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
        there = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "") or "nothing"
        raise UserError(f"{folder} is not laid out as {name}: expected {layout.expected}; it holds {there}")
    gone = [one.path for one in found if not one.path.is_file()]
    if gone:
        raise UserError(
            f"{name} lists {gone[0]}, which is not there ({len(gone)} of {counted(len(found), 'file')} missing)"
        )
    return found


def _emodb(folder: Path) -> Iterator[CorpusUtterance]:
    for path, name in _matching_files(folder, EMODB_NAME):
        yield CorpusUtterance(path, EMODB[name["label"]], name["speaker"], "de")


def _ravdess(folder: Path) -> Iterator[CorpusUtterance]:
    for path, name in _matching_files(folder, RAVDESS_NAME):
        if name["kind"] == RAVDESS_SPEECH:
            yield CorpusUtterance(path, RAVDESS[name["label"]], name["speaker"], "en")


def _crema_d(folder: Path) -> Iterator[CorpusUtterance]:
    for path, name in _matching_files(folder, CREMA_D_NAME):
        yield CorpusUtterance(path, CREMA_D[name["label"]], name["speaker"], "en")


def _nemo(folder: Path) -> Iterator[CorpusUtterance]:
    table = next((path for path in (folder / "data.tsv", folder / "data.csv") if path.is_file()), None)
    for row in _table_rows(table, {"file_id", "emotion", "speaker_id"}) if table else ():
        name = row["file_id"].removesuffix(".wav")
        yield CorpusUtterance(folder / "samples" / f"{name}.wav", NEMO.get(row["emotion"]), row["speaker_id"], "pl")


def _iemocap(folder: Path) -> Iterator[CorpusUtterance]:
    for path in folder.glob("Session*/dialog/EmoEvaluation/*.txt"):
        sentences = path.parents[2] / "sentences" / "wav"
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            found = IEMOCAP_LINE.match(line)
            if found:
                speaker = found["dialog"][:5] + found["sex"]  # of two in a session, who speaks
                wav = sentences / found["dialog"] / f"{found['name']}.wav"
                yield CorpusUtterance(wav, IEMOCAP.get(found["label"]), speaker, "en")


def _labelled(folder: Path) -> Iterator[CorpusUtterance]:
    table = folder / "labels.csv"
    for row in _table_rows(table, {"file", "speaker", "emotion"}) if table.is_file() else ():
        yield CorpusUtterance(
            folder / row["file"], row["emotion"].strip() or None, row["speaker"], row.get("language") or ""
        )


def _matching_files(folder: Path, pattern: re.Pattern[str]) -> Iterator[tuple[Path, re.Match[str]]]:
    """Audio files below a folder whose names have the form of a corpus; one that several links lead to comes once."""
    seen: set[Path] = set()
    for path in sorted(_files_below(folder)):
        found = pattern.fullmatch(path.stem)
        if found and path.suffix.lower() in AUDIO and (file := path.resolve()) not in seen:
            seen.add(file)
            yield path, found


def _files_below(folder: Path) -> Iterator[Path]:
    """All files below a folder, also behind links to folders, each folder once."""
    entered: set[Path] = set()
    for name, folders, names in os.walk(folder, followlinks=True):
        if (here := Path(name).resolve()) in entered:
            folders.clear()  # links in a circle, or two to one folder
            continue
        entered.add(here)
        folders.sort()
        yield from (Path(name) / one for one in names)


def _table_rows(table: Path, columns: set[str]) -> Iterator[Mapping[str, str]]:
    """The lines of a table; `UserError` if a column is missing or a line cannot be read."""
    names = header(table)
    missing = sorted(columns - set(names))
    if missing:
        raise UserError(f"{table} has no column {', '.join(missing)}; it has {', '.join(names) or 'none'}")
    for line, record in csv_records(table):
        if isinstance(record, Rejected):
            raise UserError(f"{table}, line {line}: {record}; correct the line or leave it out")
        yield record


LAYOUTS: dict[str, Layout] = {
    "emodb": Layout("files like wav/03a01Fa.wav (speaker, sentence, emotion)", _emodb),
    "ravdess": Layout("files like Actor_01/03-01-05-01-02-01-01.wav", _ravdess),
    "crema-d": Layout("files like AudioWAV/1001_DFA_ANG_XX.wav", _crema_d),
    "nemo": Layout("data.tsv with file_id, emotion, speaker_id, and the folder samples", _nemo),
    "iemocap": Layout("Session1/dialog/EmoEvaluation/*.txt and Session1/sentences/wav/DIALOG/*.wav", _iemocap),
    "labelled": Layout("labels.csv with the columns file, speaker, emotion", _labelled),
}
