"""Compare the speech engines.

`python -m pipeline.research.engine_parity FOLDER`, with `--corpus` against true transcripts.
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from threadpoolctl import threadpool_limits

from pipeline.analysis.speech.ctranslate2_engine import CTranslate2Engine
from pipeline.analysis.speech.engine import SpeechEngine
from pipeline.analysis.speech.openai_engine import OpenAIEngine
from pipeline.analysis.speech.spans import joined_text, recognise, spans_of
from pipeline.errors import StageError
from pipeline.media.audio import SAMPLE_RATE, Waveform, read_audio
from pipeline.media.ffmpeg import decode
from pipeline.records import Seconds

MAX_CLIP_S: Seconds = 900.0
TRANSCRIPTS = "transcripts.csv"  # columns file and transcript


@dataclass
class EngineTranscripts:
    """What one engine made of a folder, clip by clip."""

    name: str
    engine: SpeechEngine
    texts: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    seconds: Seconds = 0.0

    def hear(self, waveform: Waveform, regions: Sequence[tuple[Seconds, Seconds]]) -> None:
        """Transcribe one clip as the stage does."""
        began = time.perf_counter()
        spans = spans_of(regions, waveform.size / SAMPLE_RATE)
        with threadpool_limits(1):  # as in a worker
            [(language, heard)] = recognise(self.engine, [(waveform, spans)])
        self.seconds += time.perf_counter() - began
        self.texts.append(joined_text(heard))
        self.languages.append(language.code)


def word_error_rate(references: Sequence[str], hypotheses: Sequence[str]) -> float | None:
    """Word errors over reference words, all clips together, after Whisper's normaliser of English; None without words.

    The normaliser is that of Radford et al. 2022, appendix C: case, punctuation, spelling and numbers do not count.
    """
    import jiwer
    from whisper.normalizers import EnglishTextNormalizer

    normalise = EnglishTextNormalizer()
    expected = [normalise(text) for text in references]
    if not any(expected):
        return None
    return float(jiwer.wer(expected, [normalise(text) for text in hypotheses]))


def agreement(first: Sequence[str], second: Sequence[str]) -> float:
    """Share of clips for which two engines say the same, 0–1."""
    return sum(one == other for one, other in zip(first, second, strict=True)) / len(first)


def speech_regions(waveform: Waveform) -> list[tuple[Seconds, Seconds]]:
    """Where somebody speaks (Silero VAD with faster-whisper's own settings), as start and end."""
    from faster_whisper.vad import get_speech_timestamps

    found = get_speech_timestamps(waveform)
    return [(region["start"] / SAMPLE_RATE, region["end"] / SAMPLE_RATE) for region in found]


def waveform_of(path: Path) -> Waveform:
    """Decode a media file; `StageError` if it is not one."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "audio.wav"
        decode(path, target, MAX_CLIP_S)
        return read_audio(target)


def clips_of(folder: Path) -> list[Path]:
    """The files of a folder, by name; only those in its transcripts if it is a corpus."""
    transcripts = folder / TRANSCRIPTS
    return [folder / name for name in references(folder)] if transcripts.is_file() else sorted(folder.glob("*.*"))


def references(folder: Path) -> dict[str, str]:
    """The true words of each file of a corpus."""
    with (folder / TRANSCRIPTS).open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["transcript"] for row in csv.DictReader(file)}


def main(
    folder: Annotated[Path, typer.Argument(help="a folder of media", exists=True, file_okay=False)],
    corpus: Annotated[bool, typer.Option("--corpus", help="it has a transcripts.csv: give each engine's WER")] = False,
    compute_type: Annotated[str, typer.Option(help="arithmetic of CTranslate2: int8 or float32")] = "int8",
) -> None:
    """Print how far the two engines agree on a folder of media, and with `--corpus` how far they are right."""
    fast = EngineTranscripts(f"ctranslate2 ({compute_type})", CTranslate2Engine(compute_type=compute_type))
    reference = EngineTranscripts("openai-whisper (float32)", OpenAIEngine())
    used: list[str] = []
    audio_s = 0.0
    for path in clips_of(folder):
        try:
            waveform = waveform_of(path)
        except StageError as error:
            typer.echo(f"left out {path.name}: {error.message}")
            continue
        # An utterance of a corpus is speech throughout; a clip is gated as it is in a study.
        regions = [(0.0, waveform.size / SAMPLE_RATE)] if corpus else speech_regions(waveform)
        if not regions:
            typer.echo(f"left out {path.name}: no speech")
            continue
        for heard in (fast, reference):
            heard.hear(waveform, regions)
        used.append(path.name)
        audio_s += waveform.size / SAMPLE_RATE
        if fast.texts[-1] != reference.texts[-1]:
            typer.echo(f"{path.name}\n  {fast.name}: {fast.texts[-1]}\n  {reference.name}: {reference.texts[-1]}")
    if not used:
        typer.echo("no speech to compare")
        raise typer.Exit(1)
    typer.echo(f"{len(used)} clips, {audio_s:.0f} s")
    _print_agreement(fast, reference)
    if corpus:
        truth = references(folder)
        for heard in (fast, reference):
            error_rate = word_error_rate([truth[name] for name in used], heard.texts)
            typer.echo(f"{heard.name}: WER {_percent(error_rate)}, {heard.seconds:.0f} s")


def _print_agreement(fast: EngineTranscripts, reference: EngineTranscripts) -> None:
    typer.echo(f"WER of {fast.name} against {reference.name}: {_percent(word_error_rate(reference.texts, fast.texts))}")
    typer.echo(f"same language: {_percent(agreement(fast.languages, reference.languages))}")


def _percent(share: float | None) -> str:
    return "unknown, no words" if share is None else f"{100 * share:.2f} %"


if __name__ == "__main__":
    typer.run(main)
