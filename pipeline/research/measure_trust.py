"""How well trust separates spoken from invented text: `python -m pipeline.research.measure_trust FOLDER`.

FOLDER is what `python -m pipeline.research.evidence.material FOLDER` writes; the true words are `transcripts.csv` of
`librispeech_other40/` in the folder that the environment variable `CLIPTONE_DATA` names. Whisper base hears every sound
as a whole, also where nobody speaks, and `speech_overlap` is left out: trust must do without voice activity here. One
half of the sounds chooses the weights and the least trust, the other half is reported.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from pipeline.analysis.speech.ctranslate2_engine import CTranslate2Engine
from pipeline.analysis.speech.engine import Segment
from pipeline.analysis.speech.spans import SpeechSpan
from pipeline.analysis.speech.trust import MIN_TRUST, WEIGHTS, Parts, parts_of
from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, read_audio
from pipeline.research.data import data_folder

CORPUS = "librispeech_other40"
SPEECH = {("clean", ""), *((kind, level) for kind in ("music", "noise") for level in ("10.0", "0.0", "-5.0"))}
CHOSEN = ("token_probability", "voice_probability", "incompressible", "variety", "originality", "language_probability")
GRID = (0.5, 1.0, 2.0)
RIGHT_WORDS = 0.5  # a segment is right when at least half of its words were said
RIGHT_KEPT = 0.99  # share of right segments that the least trust must keep: little that was said may be lost
WORTH = 0.01  # a smaller gain in area is chance on so few segments, so all parts keep equal weights
STEPS = [round(0.05 * step, 2) for step in range(20)]


@dataclass(frozen=True, slots=True)
class JudgedSegment:
    """One segment with its parts, and whether it was said."""

    chooses: bool
    kind: str  # speech, or music, noise, crowd or silence without one voice in front
    parts: Parts
    right: bool


def main(
    folder: Annotated[Path, typer.Argument(help="what pipeline.research.evidence.material wrote", exists=True)],
) -> None:
    """Choose weights and least trust on one half, and print what they are worth on the other."""
    judged = list(judge(folder))
    chosen_on = [one for one in judged if one.chooses]
    report = [one for one in judged if not one.chooses]
    weights = choose_weights(chosen_on)
    typer.echo(f"weights of this run: {weights}\ndefaults:            {dict(WEIGHTS)}")
    typer.echo(f"least trust of this run: {choose_least(chosen_on, weights)}, default: {MIN_TRUST}\n")
    typer.echo("reporting half, with the defaults\narea under the curve, right against invented")
    for name, only in [("trust", WEIGHTS), *((part, single(part)) for part in CHOSEN)]:
        typer.echo(f"  {name:<22}{area(report, only):.3f}")
    typer.echo("segments / share with enough trust")
    for name, group in groups(report).items():
        kept = np.mean([one.parts.trust() >= MIN_TRUST for one in group]) if group else float("nan")
        typer.echo(f"  {name:<22}{len(group):>4} {kept:.3f}")


def judge(folder: Path) -> Iterator[JudgedSegment]:
    """Every segment that Whisper base writes on the material."""
    engine = CTranslate2Engine()
    truth = transcripts()
    with (folder / "material.csv").open(encoding="utf-8", newline="") as file:
        sounds = [row for row in csv.DictReader(file) if not row["utterance"] or (row["kind"], row["snr_db"]) in SPEECH]
    for sound in sounds:
        waveform = read_audio(folder / sound["file"])
        whole = SpeechSpan(0.0, waveform.size / SAMPLE_RATE)
        [language] = engine.detect_languages([waveform])
        [segments] = engine.transcribe([waveform], [language.code])
        rights = said(segments, truth[sound["utterance"]]) if sound["utterance"] else [False] * len(segments)
        for segment, right in zip(segments, rights, strict=True):
            parts = replace(parts_of(segment, whole, (), language), speech_overlap=1.0)
            yield JudgedSegment(
                sound["half"] == "choose", "speech" if sound["utterance"] else sound["kind"], parts, right
            )


def said(segments: Sequence[Segment], truth: str) -> list[bool]:
    """Which segments were said: half of their words at least stand in the alignment of all with the true words."""
    import jiwer
    from whisper.normalizers import EnglishTextNormalizer

    normalise = EnglishTextNormalizer()
    words = [(number, word) for number, segment in enumerate(segments) for word in normalise(segment.text).split()]
    if not words:
        return [False] * len(segments)
    aligned = jiwer.process_words(normalise(truth), " ".join(word for _, word in words)).alignments[0]
    equal = {index for part in aligned if part.type == "equal" for index in range(part.hyp_start_idx, part.hyp_end_idx)}
    found = []
    for number in range(len(segments)):
        own = [index for index, (owner, _) in enumerate(words) if owner == number]
        found.append(bool(own) and len(equal & set(own)) / len(own) >= RIGHT_WORDS)
    return found


def choose_weights(judged: Sequence[JudgedSegment]) -> dict[str, float]:
    """Weights of a small grid with the largest area under the curve; all alike if they gain too little by it."""
    tried = []
    for values in itertools.product(GRID, repeat=len(CHOSEN)):
        weights = {**dict.fromkeys(WEIGHTS, 1.0), **dict(zip(CHOSEN, values, strict=True))}
        tried.append((round(area(judged, weights), 3), -float(np.abs(np.log(values)).sum()), weights))
    best = max(tried, key=lambda one: one[:2])[2]
    alike = dict.fromkeys(WEIGHTS, 1.0)
    return best if area(judged, best) - area(judged, alike) >= WORTH else alike


def choose_least(judged: Sequence[JudgedSegment], weights: Mapping[str, float]) -> float:
    """The highest least trust, in steps of 0.05, that keeps 95 % of what was said."""
    right = np.array([one.parts.trust(weights) for one in judged if one.right])
    return max((step for step in STEPS if np.mean(right >= step) >= RIGHT_KEPT), default=0.0)


def area(judged: Sequence[JudgedSegment], weights: Mapping[str, float]) -> float:
    """Chance that a right segment has more trust than an invented one, equals counted half (area under the ROC)."""
    right = np.array([one.parts.trust(weights) for one in judged if one.right])
    wrong = np.array([one.parts.trust(weights) for one in judged if not one.right])
    if not right.size or not wrong.size:
        raise UserError(
            "the material gives no segment of both kinds: write it again with pipeline.research.evidence.material"
        )
    above = right[:, np.newaxis] - wrong
    return float(np.mean((above > 0) + 0.5 * (above == 0)))


def single(part: str) -> dict[str, float]:
    """Weights that leave one part alone."""
    return {field.name: float(field.name == part) for field in fields(Parts)}


def groups(judged: Sequence[JudgedSegment]) -> dict[str, list[JudgedSegment]]:
    """Segments by what they are: said, misheard speech, or invented where nobody speaks in front."""
    found: dict[str, list[JudgedSegment]] = {"said": [], "speech, misheard": []}
    for one in judged:
        name = one.kind if one.kind != "speech" else "said" if one.right else "speech, misheard"
        found.setdefault(name, []).append(one)
    return found


def transcripts() -> dict[str, str]:
    """The true words of the corpus, by file; `UserError` when no folder is named."""
    with (data_folder(CORPUS) / CORPUS / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["transcript"] for row in csv.DictReader(file)}


if __name__ == "__main__":
    typer.run(main)
