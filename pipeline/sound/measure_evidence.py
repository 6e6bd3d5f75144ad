"""How well the evidence tells speech from music: `python -m pipeline.sound.measure_evidence` prints the tables.

It needs the tagger YAMNet and a folder of speech in the environment variable `CLIPTONE_DATA`, with FLAC files of
16 kHz in `librispeech_other40/` and `emodb4/`. Every second file chooses the rule, the others report it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline import models
from pipeline.errors import UserError
from pipeline.media import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds
from pipeline.sound import synthetic
from pipeline.sound.tags import MUSIC, SPEECH
from pipeline.sound.voice_activity import speech_regions
from pipeline.sound.yamnet import Yamnet

SNRS_DB: tuple[Decibels | None, ...] = (None, 20.0, 10.0, 5.0, 0.0, -5.0)  # None is clean speech
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)
RATIOS = (0.5, 1.0, 2.0, 4.0, 8.0)
CLEAN_KEPT = 0.95  # share of clean regions that a rule must keep
MUSIC_NULLED = 0.9  # share of regions at 0 dB and less that a rule must take
FILES_PER_CORPUS = 40
ALONE_S: Seconds = 20.0  # of music, noise or silence without speech
SEEDS = 5


@dataclass(frozen=True, slots=True)
class Region:
    """Scores of one speech region in one mix."""

    corpus: str
    chosen_on: bool  # its file chooses the rule; otherwise it reports
    other: str  # what sounds with the speech, "nothing" when clean
    snr_db: Decibels | None
    speech_score: float
    music_score: float

    def nulled(self, threshold: float, ratio: float) -> bool:
        """True if the rule takes the region's tone away: music over speech."""
        return self.music_score >= threshold and self.music_score > self.speech_score * ratio


def main() -> None:
    """Measure and print."""
    named = os.environ.get("CLIPTONE_DATA")
    if not named:
        raise UserError("CLIPTONE_DATA is not set: name a folder with librispeech_other40/ and emodb4/")
    tagger = Yamnet(models.locate("yamnet"))
    regions = [
        region for corpus in ("librispeech_other40", "emodb4") for region in measure(Path(named), corpus, tagger)
    ]
    threshold, ratio = choose([region for region in regions if region.chosen_on])
    report = [region for region in regions if not region.chosen_on]
    lines = [
        *score_table(report),
        "",
        f"rule: NULL when music_score >= {threshold} and music_score > {ratio} * speech_score",
        *rule_table(report, threshold, ratio),
        "",
        *alone_table(),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def measure(data: Path, corpus: str, tagger: Yamnet) -> Iterator[Region]:
    """Scores of the speech regions of each file, clean and in mixes; regions are those of the clean file."""
    import soundfile

    files = sorted((data / corpus).glob("*.flac"))
    for number, path in enumerate(files[:: max(1, len(files) // FILES_PER_CORPUS)]):
        speech = synthetic.at_level(soundfile.read(path, dtype="float32")[0])
        stretches = speech_regions(speech)
        for other, make in {**synthetic.MUSIC, **synthetic.NOISE}.items():
            beside = make(speech.size / SAMPLE_RATE, number)[: speech.size]
            for snr_db in SNRS_DB:
                if snr_db is None and other != "chords":
                    continue  # clean speech is measured once
                waveform = speech if snr_db is None else synthetic.mix(speech, beside, snr_db)
                tags = tagger.tag(waveform)
                for start, end in stretches:
                    speech_score = tags.mean_within(SPEECH, start, end)
                    music_score = tags.mean_within(MUSIC, start, end)
                    if speech_score is not None and music_score is not None:
                        name = "nothing" if snr_db is None else other
                        yield Region(corpus, number % 2 == 0, name, snr_db, speech_score, music_score)


def choose(regions: list[Region]) -> tuple[float, float]:
    """Threshold and ratio that take the fewest regions at 10 dB over music and more, among the rules that are safe.

    A safe rule keeps 95 % of clean speech and takes 90 % of what is at 0 dB and less. Of equals, the one that takes
    more of the latter is chosen, then the highest threshold. Raises `UserError` if no rule is safe.
    """
    clean = [region for region in regions if region.snr_db is None]
    musical = [(region, region.snr_db) for region in regions if region.other in synthetic.MUSIC]
    clear = [region for region, snr_db in musical if snr_db is not None and snr_db >= 10]
    drowned = [region for region, snr_db in musical if snr_db is not None and snr_db <= 0]
    safe = [
        (threshold, ratio)
        for threshold in THRESHOLDS
        for ratio in RATIOS
        if nulled_share(clean, threshold, ratio) <= 1 - CLEAN_KEPT
        and nulled_share(drowned, threshold, ratio) >= MUSIC_NULLED
    ]
    if not safe:
        raise UserError("no rule keeps clean speech and takes speech under music: look at the scores of the tagger")
    return max(safe, key=lambda rule: (-nulled_share(clear, *rule), nulled_share(drowned, *rule), rule[0]))


def nulled_share(regions: list[Region], threshold: float, ratio: float) -> float:
    """Share of regions that the rule takes, 0–1."""
    return float(np.mean([region.nulled(threshold, ratio) for region in regions]))


def score_table(regions: list[Region]) -> list[str]:
    """Median scores by what sounds with the speech, corpora together."""
    lines = ["median speech_score / music_score", _heading()]
    for other in ("nothing", *synthetic.MUSIC, *synthetic.NOISE):
        cells = []
        for snr_db in SNRS_DB:
            here = [region for region in regions if region.other == other and region.snr_db == snr_db]
            speech = np.median([region.speech_score for region in here]) if here else None
            music = np.median([region.music_score for region in here]) if here else None
            cells.append("-" if speech is None else f"{speech:.2f}/{music:.2f}")
        lines.append(_line(other, cells))
    return lines


def rule_table(regions: list[Region], threshold: float, ratio: float) -> list[str]:
    """Share of regions that the rule takes, by what sounds with the speech and by corpus."""
    lines = ["share of regions without a tone score", _heading()]
    corpora = sorted({region.corpus for region in regions})
    for corpus in corpora:
        for other in ("nothing", *synthetic.MUSIC, *synthetic.NOISE):
            cells = []
            for snr_db in SNRS_DB:
                here = [r for r in regions if (r.corpus, r.other, r.snr_db) == (corpus, other, snr_db)]
                cells.append(f"{nulled_share(here, threshold, ratio):.2f}" if here else "-")
            lines.append(_line(f"{corpus[:5]} {other}", cells))
    return lines


def alone_table() -> list[str]:
    """Share of time in which voice activity fires though nobody speaks."""
    lines = ["share of time in speech regions without any speech"]
    for name, make in {**synthetic.MUSIC, **synthetic.NOISE}.items():
        shares = [_speech_share(make(ALONE_S, seed)) for seed in range(SEEDS)]
        lines.append(f"{name:<18}{np.mean(shares):.3f}")
    silence = np.zeros(round(ALONE_S * SAMPLE_RATE), np.float32)
    return [*lines, f"{'silence':<18}{_speech_share(silence):.3f}"]


def _speech_share(waveform: Waveform) -> float:
    return sum(end - start for start, end in speech_regions(waveform)) * SAMPLE_RATE / waveform.size


def _heading() -> str:
    return _line("", ["clean" if snr_db is None else f"{snr_db:+.0f} dB" for snr_db in SNRS_DB])


def _line(name: str, cells: list[str]) -> str:
    return f"{name:<18}" + "".join(f"{cell:>11}" for cell in cells)


if __name__ == "__main__":
    main()
