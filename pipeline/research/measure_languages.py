"""Several languages in one clip, and what looking for them costs: `python -m pipeline.research.measure_languages`.

Clips are made of LibriSpeech test-other (English) and Emo-DB (German) in the folder `CLIPTONE_DATA`, and of the demo's
French and Spanish: two languages one after the other, and for comparison one language alone, clean and under music.
Half of the speakers, with French, choose the thresholds of `pipeline.analysis.speech.languages` (`--half choose`); the
others, with Spanish, report them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Annotated

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from pipeline.analysis.sound.voice_activity import speech_regions
from pipeline.analysis.speech.ctranslate2_engine import CTranslate2Engine
from pipeline.analysis.speech.engine import Decoding
from pipeline.analysis.speech.languages import TEXT_PROBABILITY, TEXT_WORDS, recognise_by_language
from pipeline.analysis.speech.spans import HeardSegment, joined_text, recognise, spans_of
from pipeline.analysis.speech.word_times import cut_to_speech
from pipeline.analysis.text.words import language_of
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Seconds
from pipeline.research.bench.corpus import Recording, acted_speech, demo_speech, read_speech, voice
from pipeline.research.data import data_folder
from pipeline.research.evidence import synthetic
from pipeline.research.evidence.material import ACTED, READ
from pipeline.results.evaluation.transcripts import compare

HALVES = ("choose", "report")
LENGTHS_S = (
    (12.0, 4.0),
    (5.0, 20.0),
    (20.0, 5.0),
    (4.0, 4.0),
    (8.0, 5.0),
)  # of speech in the first and second language
PAUSES_S = (0.4, 0.8, 0.1, 1.5)  # between the languages
BETWEEN_S, EDGE_S = 0.3, 0.3  # of silence between two utterances, and around a clip
ALONE_S = (6.0, 12.0, 20.0, 45.0)
MUSIC_SHARE = 10 ** (-10 / 20)  # music 10 dB below the speech
PADDING_S: Seconds = 10.0


@dataclass(frozen=True, slots=True)
class Turn:
    """Speech in one language inside a clip, and what is said in it."""

    language: str
    start_s: Seconds
    end_s: Seconds
    text: str


@dataclass
class Score:
    """What one way of decoding made of some clips."""

    right_s: Seconds = 0.0  # speech with words that stand in its own language
    speech_s: Seconds = 0.0
    whole: int = 0  # clips in which exactly the true languages were found
    clips: int = 0
    errors: int = 0
    words: int = 0
    cpu_s: Seconds = 0.0

    def line(self, name: str) -> str:
        """The score in a line."""
        return (
            f"{name:34}{self.clips:>4} clips, languages right in {self.whole:>3}, "
            f"{self.right_s / self.speech_s:.3f} of the speech in words of its language, "
            f"WER {100 * self.errors / max(self.words, 1):.2f} %, {self.cpu_s:.1f} CPU s"
        )


def main(
    half: Annotated[str, typer.Option(help="choose or report")] = "report",
    mixed: Annotated[int, typer.Option(help="clips of two languages")] = 30,
    alone: Annotated[int, typer.Option(help="clips of one language")] = 24,
) -> None:
    """Decode every clip once in its main language and once by language, and print a line for each."""
    engine = CTranslate2Engine(decoding=Decoding(padding_s=PADDING_S))
    language_of("the first text loads the model", TEXT_WORDS, TEXT_PROBABILITY)
    speech = recordings(half)
    groups = {
        "two languages": mixes(speech, mixed),
        "one language": singles(speech, alone),
        "one language, under music": (
            (under_music(sound, number), turns) for number, (sound, turns) in enumerate(singles(speech, alone // 2))
        ),
    }
    for name, clips in groups.items():
        before, after = Score(), Score()
        for waveform, turns in clips:
            regions = speech_regions(waveform)
            with threadpool_limits(1):
                began = time.process_time()
                [(_, first)] = recognise(engine, [(waveform, spans_of(regions, waveform.size / SAMPLE_RATE))])
                between = time.process_time()
                [(_, second)] = recognise_by_language(engine, [(waveform, regions)])
                ended = time.process_time()
            before.cpu_s, after.cpu_s = before.cpu_s + between - began, after.cpu_s + ended - between
            count(before, turns, regions, first)
            count(after, turns, regions, second)
        if not before.clips:
            continue
        typer.echo(before.line(f"{name}, as one language"))
        typer.echo(after.line(f"{name}, by language"))


def count(
    score: Score, turns: Sequence[Turn], regions: Sequence[tuple[Seconds, Seconds]], heard: Sequence[HeardSegment]
) -> None:
    """Add one clip to a score."""
    score.clips += 1
    score.whole += {turn.language for turn in turns} == {one.language.code for one in heard}
    for turn in turns:
        words = [
            word
            for one in heard
            if one.language.code == turn.language
            for word in cut_to_speech(one.segment, regions).words
        ]
        for start, end in ((max(turn.start_s, first), min(turn.end_s, last)) for first, last in regions):
            score.speech_s += max(0.0, end - start)
            score.right_s += sum(max(0.0, min(word.end_s, end) - max(word.start_s, start)) for word in words)
    errors, words_said, _, _ = compare(" ".join(turn.text for turn in turns), joined_text(heard), turns[0].language)
    if all(turn.text for turn in turns):
        score.errors, score.words = score.errors + errors, score.words + words_said


def recordings(half: str) -> dict[str, list[Recording]]:
    """The recordings of one half's speakers by language."""
    data, demo = data_folder(ACTED, READ), demo_speech()
    own = HALVES.index(half)
    english, german = read_speech(data), acted_speech(data)
    readers = sorted({one.path.name.split("-")[0] for one in english})
    actors = sorted({one.path.name[:2] for one in german})
    other = "fr" if half == "choose" else "es"
    return {
        "en": [one for one in english if readers.index(one.path.name.split("-")[0]) % 2 == own],
        "de": [one for one in german if actors.index(one.path.name[:2]) % 2 == own],
        other: demo[other],
    }


def mixes(speech: dict[str, list[Recording]], clips: int) -> Iterator[tuple[Waveform, list[Turn]]]:
    """Clips of two languages, each pair in both orders."""
    chosen = random.Random(0)  # noqa: S311 - material, no secret
    pairs = [(one, other) for one in speech for other in speech if one != other]
    for number, pair in enumerate(islice(cycle(pairs), clips)):
        lengths = LENGTHS_S[number // len(pairs) % len(LENGTHS_S)]
        yield joined(
            [block(speech[language], length, chosen) for language, length in zip(pair, lengths, strict=True)],
            pair,
            PAUSES_S[number % len(PAUSES_S)],
        )


def singles(speech: dict[str, list[Recording]], clips: int) -> Iterator[tuple[Waveform, list[Turn]]]:
    """Clips of one language."""
    chosen = random.Random(1)  # noqa: S311 - material, no secret
    for number, language in enumerate(islice(cycle(speech), clips)):
        length = ALONE_S[number // len(speech) % len(ALONE_S)]
        yield joined([block(speech[language], length, chosen)], [language], 0.0)


def under_music(waveform: Waveform, seed: int) -> Waveform:
    """A clip with music under it."""
    kinds = list(synthetic.MUSIC.values())
    music = kinds[seed % len(kinds)](waveform.size / SAMPLE_RATE, seed)
    mixed: Waveform = waveform + np.resize(music, waveform.size).astype(np.float32) * np.float32(MUSIC_SHARE)
    return mixed


def block(spoken: Sequence[Recording], length_s: Seconds, chosen: random.Random) -> tuple[Waveform, str]:
    """So much speech of one language, and its words; of a long recording a part, whose words are not known."""
    parts: list[Waveform] = []
    texts: list[str] = []
    while sum(part.size for part in parts) < length_s * SAMPLE_RATE:
        one = chosen.choice(spoken)
        sound = voice(one.path)
        if sound.size > length_s * SAMPLE_RATE and len(spoken) == 1:
            start = chosen.randrange(sound.size - round(length_s * SAMPLE_RATE))
            return sound[start : start + round(length_s * SAMPLE_RATE)], ""
        parts += [sound, silence(BETWEEN_S)]
        texts.append(one.text)
    return np.concatenate(parts[:-1]), " ".join(texts)


def joined(
    blocks: Sequence[tuple[Waveform, str]], languages: Sequence[str], pause_s: Seconds
) -> tuple[Waveform, list[Turn]]:
    """Blocks of speech one after the other in one clip."""
    parts, turns, now = [silence(EDGE_S)], [], EDGE_S
    for (sound, text), language in zip(blocks, languages, strict=True):
        turns.append(Turn(language, now, now + sound.size / SAMPLE_RATE, text))
        parts += [sound, silence(pause_s)]
        now = turns[-1].end_s + pause_s
    return np.concatenate([*parts, silence(EDGE_S)]), turns


def silence(seconds: Seconds) -> Waveform:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)


if __name__ == "__main__":
    typer.run(main)
