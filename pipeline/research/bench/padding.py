"""What less padding and fewer beams cost in words, and save in time: `python -m pipeline.research.bench.padding`.

Each utterance of LibriSpeech test-other (English) and Emo-DB (German) in the folder `CLIPTONE_DATA`, and the demo's
English, Spanish and French, is decoded by itself: clean, over music, over noise, and several joined. Every second
utterance chooses the defaults (`--half choose`); the others report them. Packed, several utterances share one window
and its padding, with silence between them; words that end up with the neighbour are not counted as errors here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
import typer
from threadpoolctl import threadpool_limits

from pipeline.analysis.speech.ctranslate2_engine import CTranslate2Engine
from pipeline.analysis.speech.engine import FULL_S, Decoding, Segment
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds
from pipeline.research.bench.corpus import Recording, acted_speech, demo_speech, read_speech, voice
from pipeline.research.data import data_folder
from pipeline.research.evidence import synthetic
from pipeline.research.evidence.material import ACTED, READ
from pipeline.results.evaluation.transcripts import compare

LOOP = 2.4  # compression ratio from which a text repeats itself
ACTED_COUNT = 80  # utterances of Emo-DB, which are short and say ten sentences between them
JOINED = 3  # utterances in a row, for windows that are nearly full
BESIDE_DB: tuple[tuple[str, Decibels], ...] = (("band", 10.0), ("white noise", 10.0))
WHOLE = Decoding()
BALANCED, FAST = (
    Decoding(padding_s=10.0),
    Decoding(padding_s=4.0, seen_padding_s=2.0, beam_size=1, sure_log_prob=-1.0),
)
SETTINGS = {
    "30 s, beam 5": WHOLE,
    "30 s, greedy": replace(WHOLE, beam_size=1),
    **{f"{pad:g} s, beam 5": replace(WHOLE, padding_s=pad) for pad in (12.0, 10.0, 8.0, 6.0, 5.0)},
    **{f"10 s, beam {beams}": replace(BALANCED, beam_size=beams) for beams in (1, 2, 3)},
    "10 s, 3 s seen, beam 5": replace(BALANCED, seen_padding_s=3.0),
    "6 s, greedy, guarded": replace(FAST, padding_s=6.0, seen_padding_s=None),
    "6 s, 2 s seen, greedy, guarded": replace(FAST, padding_s=6.0),
    "4 s, 2 s seen, greedy, guarded": FAST,
    "10 s, beam 5, packed": BALANCED,
    "6 s, 2 s seen, greedy, guarded, packed": replace(FAST, padding_s=6.0),
}
BETWEEN_S: Seconds = 1.0  # of silence between two utterances that share a window


@dataclass(frozen=True, slots=True)
class Sample:
    """One waveform, what is said in it, and the group that it is counted in."""

    group: str
    language: str
    text: str
    waveform: Waveform


@dataclass
class Tally:
    """What one setting made of the samples."""

    errors: dict[str, int] = field(default_factory=dict)  # by group
    words: dict[str, int] = field(default_factory=dict)
    loops: int = 0
    seconds: Seconds = 0.0
    shifts: list[Seconds] = field(default_factory=list)  # of word starts against the first setting

    def error_rate(self, groups: Sequence[str]) -> float:
        """Word errors over true words of some groups."""
        return sum(self.errors[group] for group in groups) / sum(self.words[group] for group in groups)


def samples(half: str) -> Iterator[Sample]:
    """The chosen half of all speech in every group."""
    start = 0 if half == "choose" else 1
    data = data_folder(ACTED, READ)
    corpora = {"english": read_speech(data), "german": acted_speech(data)[:ACTED_COUNT]}
    for group, utterances in corpora.items():
        mine = utterances[start::2]
        spoken = [(utterance, voice(utterance.path)) for utterance in mine]
        for number, (utterance, waveform) in enumerate(spoken):
            yield Sample(group, utterance.language, utterance.text, waveform)
            for beside, snr_db in BESIDE_DB:
                yield Sample(
                    f"over {beside}", utterance.language, utterance.text, _mix_over(waveform, beside, snr_db, number)
                )
        for first in range(0, len(spoken), JOINED):
            yield _join_samples(spoken[first : first + JOINED])
    for language, utterances in demo_speech().items():
        for utterance in utterances:
            yield Sample(f"demo {language}", language, utterance.text, voice(utterance.path))


def _mix_over(waveform: Waveform, name: str, snr_db: Decibels, seed: int) -> Waveform:
    kinds: dict[str, Callable[[Seconds, int], Waveform]] = {**synthetic.MUSIC, **synthetic.NOISE}
    other = np.resize(kinds[name](waveform.size / SAMPLE_RATE, seed), waveform.size)
    mixed: Waveform = waveform + other.astype(np.float32) * np.float32(10 ** (-snr_db / 20))
    return mixed


def _join_samples(spoken: Sequence[tuple[Recording, Waveform]]) -> Sample:
    text = " ".join(utterance.text for utterance, _ in spoken)
    return Sample("joined", spoken[0][0].language, text, np.concatenate([waveform for _, waveform in spoken]))


def packed(alone: Iterable[Sample], longest_s: Seconds) -> Iterator[Sample]:
    """Samples of one group and language in a row, as many as share a window, with silence between them."""
    silence = np.zeros(round(BETWEEN_S * SAMPLE_RATE), np.float32)
    waiting: dict[tuple[str, str], Sample] = {}
    for sample in alone:
        before = waiting.get((sample.group, sample.language))
        both = sample
        if before is not None:
            waveform = np.concatenate([before.waveform, silence, sample.waveform])
            both = replace(sample, text=f"{before.text} {sample.text}", waveform=waveform)
            if waveform.size > longest_s * SAMPLE_RATE:
                yield before
                both = sample
        waiting[sample.group, sample.language] = both
    yield from waiting.values()


def measure(
    engine: CTranslate2Engine, spoken: Iterable[Sample], reference: dict[int, list[Segment]] | None = None
) -> Tally:
    """Decode all samples; word starts are compared with those of the reference, which the first call fills."""
    tally = Tally()
    first = reference == {}
    for number, sample in enumerate(spoken):
        began = time.process_time()
        with threadpool_limits(1):
            [segments] = engine.transcribe([sample.waveform], [sample.language])
        tally.seconds += time.process_time() - began
        heard = " ".join(segment.text for segment in segments)
        errors, words, _, _ = compare(sample.text, heard, sample.language)
        tally.errors[sample.group] = tally.errors.get(sample.group, 0) + errors
        tally.words[sample.group] = tally.words.get(sample.group, 0) + words
        tally.loops += any(segment.compression_ratio > LOOP for segment in segments)
        if reference is None:
            continue
        if first:
            reference[number] = segments
        ours, theirs = ([word for segment in each for word in segment.words] for each in (segments, reference[number]))
        if [word.text for word in ours] == [word.text for word in theirs]:
            tally.shifts += [abs(a.start_s - b.start_s) for a, b in zip(ours, theirs, strict=True)]
    return tally


def main(
    half: Annotated[str, typer.Option(help="choose or report")] = "report",
    only: Annotated[str, typer.Option(help="settings, separated by ;, beside the first")] = "",
) -> None:
    """Print a line for each setting: time, loops, shift of word times, and word error rate by group."""
    reference: dict[int, list[Segment]] = {}
    engine = CTranslate2Engine()
    base = 0.0
    for name, decoding in SETTINGS.items():
        if reference and only and name not in only.split(";"):
            continue
        engine.use(decoding)
        if name.endswith("packed"):
            tally = measure(engine, packed(samples(half), FULL_S - decoding.padding_s))
        else:
            tally = measure(engine, samples(half), reference)
        base = base or tally.seconds
        rates = "  ".join(f"{group} {100 * tally.error_rate([group]):.1f}" for group in tally.errors)
        late = f"95 % of word times within {np.quantile(tally.shifts, 0.95):.2f} s, " if tally.shifts else ""
        typer.echo(
            f"{name:38} {tally.seconds / base:.2f} of the time, {tally.loops} loops, {late}"
            f"WER {100 * tally.error_rate(list(tally.errors)):.2f} %: {rates}"
        )


if __name__ == "__main__":
    typer.run(main)
