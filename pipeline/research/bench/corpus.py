"""The clips that speed is measured on.

`python -m pipeline.research.bench.corpus FOLDER` builds them, with their true words.

Vertical mp4 clips (h264 + aac 44.1 kHz stereo) of 5 to 60 s, as phones make them: real speech with pauses, speech
under music, music, noise and silence alone, in four languages. Speech comes from the folder in the environment
variable `CLIPTONE_DATA` where there is one (LibriSpeech test-other, English; Emo-DB, German), and from the demo clips.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds
from pipeline.research.data import named_folder
from pipeline.research.demo_clips.make_clips import CLIPS_FOLDER, run_ffmpeg
from pipeline.research.evidence import synthetic
from pipeline.research.evidence.material import ACTED, READ, speech_of

TABLE = "references.csv"
EDGE_S: Seconds = 0.6  # before the first and after the last voice
PAUSES_S: tuple[Seconds, ...] = (0.4, 0.8, 1.5, 2.5)  # between two voices, in turn
MUSIC_SNR_DB: Decibels = 10.0  # of speech over the music that lies under it
SIZE, FRAME_RATE = "720x1280", 15  # pixels, the 9:16 of a phone held upright; frames a second
PEAK = 0.95  # of full scale, so that the encoder does not clip
#: How many clips of each kind there are, and how many utterances each holds.
ENGLISH, GERMAN, UNDER_MUSIC = (16, 3), (16, 5), (8, 2)
OTHER_LANGUAGES = 3  # clips each of Spanish and French
MUSIC, NOISE, SILENCE = 8, 4, 4
ALONE_S: tuple[Seconds, ...] = (8.0, 15.0, 25.0, 12.0)

#: The sentences of Emo-DB by their code (Burkhardt et al. 2005, table 1).
ACTED_SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute Abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording and what is said in it."""

    path: Path
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """What one clip of the corpus holds."""

    file: str
    kind: str  # speech, under_music, music, noise or silence
    language: str  # "" without speech
    utterances: int
    seconds: Seconds
    text: str  # the true words, "" without speech


def build(folder: Path) -> list[Reference]:
    """Write the clips that are missing and their table; the same sources give the same clips."""
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Reference] = []
    for kind, utterances, waveform in _planned_clips():
        file = f"{len(found):03d}_{kind}.mp4"
        if not (folder / file).exists():
            _encode_clip(waveform, folder / file, len(found))
        languages = {utterance.language for utterance in utterances}
        text = " ".join(utterance.text for utterance in utterances)
        seconds = round(waveform.size / SAMPLE_RATE, 2)
        found.append(Reference(file, kind, "".join(languages), len(utterances), seconds, text))
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as table:
        lines = csv.writer(table)
        lines.writerow(field.name for field in fields(Reference))
        lines.writerows(astuple(reference) for reference in found)
    return found


def read(folder: Path) -> list[Reference]:
    """The table of a corpus that was built."""
    with (folder / TABLE).open(encoding="utf-8", newline="") as table:
        return [
            Reference(
                file=row["file"],
                kind=row["kind"],
                language=row["language"],
                utterances=int(row["utterances"]),
                seconds=float(row["seconds"]),
                text=row["text"],
            )
            for row in csv.DictReader(table)
        ]


def scored(references: Sequence[Reference]) -> list[Reference]:
    """The clips whose words are compared: one recording in several clips alike would count several times."""
    first: dict[tuple[str, str], Reference] = {}
    for reference in references:
        first.setdefault((reference.kind, reference.text), reference)
    return [reference for reference in first.values() if reference.text]


def _planned_clips() -> Iterator[tuple[str, Sequence[Recording], Waveform]]:
    """Every clip as its kind, its utterances and its sound."""
    demo = demo_speech()
    data = named_folder()
    english = cycle(read_speech(data) if data else demo["en"])
    german = cycle(acted_speech(data) if data else demo["es"])
    for number, (voices, (clips, size)) in enumerate(((english, ENGLISH), (german, GERMAN), (english, UNDER_MUSIC))):
        for clip in range(clips):
            utterances = list(islice(voices, size))
            speech = _join_utterances(utterances, clip)
            is_mixed = number == 2
            yield (
                "under_music" if is_mixed else "speech",
                utterances,
                _under_music(speech, clip) if is_mixed else speech,
            )
    for language in ("es", "fr"):
        for clip, utterance in enumerate(islice(cycle(demo[language]), OTHER_LANGUAGES)):
            yield "speech", [utterance], _join_utterances([utterance], clip)
    yield from (("music", (), _alone(synthetic.MUSIC, seed)) for seed in range(MUSIC))
    yield from (("noise", (), _alone(synthetic.NOISE, seed)) for seed in range(NOISE))
    for seed in range(SILENCE):
        yield "silence", (), np.zeros(round(ALONE_S[seed] * SAMPLE_RATE), dtype=np.float32)


def demo_speech() -> dict[str, list[Recording]]:
    """The speech of the demo clips by language, without what lies under music or is played faster or slower."""
    with (CLIPS_FOLDER.parent / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if row["file"] not in ("speech_under_music.mp4", "english_quick.mp4")
        ]
    found: dict[str, list[Recording]] = {}
    for row in rows:
        found.setdefault(row["language"], []).append(
            Recording(CLIPS_FOLDER / row["file"], row["language"], row["text"])
        )
    return found


def read_speech(data: Path) -> list[Recording]:
    with (data / READ / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        return [Recording(data / READ / row["file"], "en", row["transcript"]) for row in csv.DictReader(file)]


def acted_speech(data: Path) -> list[Recording]:
    """All of the corpus, in an order that mixes speakers and sentences and is always the same."""
    with (data / ACTED / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    order = np.random.default_rng(0).permutation(len(rows))
    return [Recording(data / ACTED / rows[n]["file"], "de", ACTED_SENTENCES[rows[n]["sentence"]]) for n in order]


def _join_utterances(utterances: Sequence[Recording], seed: int) -> Waveform:
    """Voices one after another at one level, with pauses between them and a short silence around them."""
    edge = _quiet(EDGE_S)
    parts = [edge]
    for number, utterance in enumerate(utterances):
        parts += [voice(utterance.path), _quiet(PAUSES_S[(seed + number) % len(PAUSES_S)])]
    return np.concatenate([*parts[:-1], edge]).astype(np.float32)


def voice(path: Path) -> Waveform:
    if path.suffix == ".flac":
        return speech_of(path)
    raw = run_ffmpeg(["-i", str(path), "-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-bitexact", "pipe:1"])
    return synthetic.at_level(np.frombuffer(raw, dtype="<f4"))


def _quiet(seconds: Seconds) -> Waveform:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)


def _under_music(speech: Waveform, seed: int) -> Waveform:
    make = list(synthetic.MUSIC.values())[seed % len(synthetic.MUSIC)]
    music = make(speech.size / SAMPLE_RATE, seed)[: speech.size]
    mixed = speech.copy()
    mixed[: music.size] += music * np.float32(10 ** (-MUSIC_SNR_DB / 20))
    return mixed


def _alone(kinds: dict[str, Callable[[Seconds, int], Waveform]], seed: int) -> Waveform:
    make = list(kinds.values())[seed % len(kinds)]
    return make(ALONE_S[seed % len(ALONE_S)], seed)


def _encode_clip(waveform: Waveform, path: Path, seed: int) -> None:
    """Encode a sound under a plain picture."""
    loudest = float(np.abs(waveform).max(initial=0.0))
    sound = waveform * np.float32(min(1.0, PEAK / loudest)) if loudest else waveform
    colour = f"0x{np.random.default_rng(seed).integers(0, 1 << 24):06x}"
    picture = ["-f", "lavfi", "-i", f"color=c={colour}:size={SIZE}:rate={FRAME_RATE}"]
    voice = ["-f", "f32le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", "pipe:0"]
    video = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-threads", "1"]
    audio = ["-c:a", "aac", "-b:a", "96k", "-ar", "44100", "-ac", "2"]
    part = path.with_suffix(".part.mp4")
    seconds = f"{waveform.size / SAMPLE_RATE:.3f}"
    run_ffmpeg(
        [*voice, *picture, "-map", "1:v", "-map", "0:a", *video, *audio, "-t", seconds, str(part)],
        stdin=sound.astype("<f4").tobytes(),
    )
    part.replace(path)


def main(folder: Annotated[Path, typer.Argument(help="where to write")]) -> None:
    """Build the corpus and say what is in it."""
    found = build(folder)
    speech = [one for one in found if one.text]
    typer.echo(
        f"{len(found)} clips, {sum(one.seconds for one in found):.0f} s, {min(one.seconds for one in found):.0f} to "
        f"{max(one.seconds for one in found):.0f} s; {sum(one.utterances for one in speech)} utterances with true words"
    )


if __name__ == "__main__":
    typer.run(main)
