"""How wrong the pitch of a voice under music and noise is, and what the gate of pitch leaves of it.

`python -m pipeline.research.evidence.measure_pitch [PAGE]` prints the table, and writes it into a document too, if one
is named. It needs the models of the extra `starter` and, in the folder that `CLIPTONE_DATA` names,
`librispeech_other40/`. Every second utterance chooses the gate; the others report. The truth is Praat's own median of
the same region when clean.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from pipeline.analysis.sound.pitch_gate import PitchGate
from pipeline.analysis.sound.praat import PraatSound
from pipeline.analysis.sound.voice_activity import speech_regions
from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Hertz, Seconds, SpeechRegionRow
from pipeline.research.data import data_folder
from pipeline.research.docs.documents import replace_in
from pipeline.research.evidence import material, synthetic
from pipeline.research.evidence.material import READ
from pipeline.research.evidence.random_music import improvise
from pipeline.stage import Setting
from pipeline.stages import evidence
from pipeline.stages.evidence import Evidence, EvidenceOptions

RATIOS_DB: tuple[Decibels, ...] = (30.0, 20.0, 10.0, 5.0, 0.0, -5.0)
SHORTEST_S: Seconds = 0.5
WRONG_SEMITONES = 1.0  # a median that is further off is wrong
WRONG_ALLOWED = 0.03  # share of what the gate leaves
MUSIC_SNRS_DB = (10.0, 12.0, 15.0, 18.0, 20.0)
MUSIC_RATIOS = (0.5, 1.0, 2.0)
LEAST_SNRS_DB = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0)


@dataclass(frozen=True, slots=True)
class MeasuredPitch:
    """One region under one sound: how far its median pitch is from that of the clean region, and its evidence."""

    half: str
    kind: str  # clean, music or noise
    ratio_db: Decibels | None
    error_semitones: float
    region: SpeechRegionRow

    @property
    def is_wrong(self) -> bool:
        """Whether the median is off by more than a semitone."""
        return not self.error_semitones <= WRONG_SEMITONES


def main() -> None:
    """Measure and print."""
    measured = list(measure(data_folder(READ)))
    chosen = choose([one for one in measured if one.half == "choose"])
    text = "\n".join(table([one for one in measured if one.half == "report"], chosen))
    sys.stdout.write(f"{text}\n")
    for document in sys.argv[1:]:
        replace_in(Path(document), "pitch", f"```text\n{text}\n```\n")


def choose(measured: Sequence[MeasuredPitch]) -> PitchGate:
    """The gate that leaves most, among those under which few of what is left are wrong; first of noise, then of music.

    Raises `UserError` if there is none.
    """
    noisy = [PitchGate(min_snr_db=least) for least in LEAST_SNRS_DB]
    least = _most_kept([one for one in measured if one.kind != "music"], noisy).min_snr_db
    steps = product(MUSIC_SNRS_DB, MUSIC_RATIOS)
    gates = [PitchGate(music_snr_db=snr_db, music_ratio=ratio, min_snr_db=least) for snr_db, ratio in steps]
    return _most_kept([one for one in measured if one.kind != "noise"], gates)


def table(measured: Sequence[MeasuredPitch], chosen: PitchGate) -> list[str]:
    """For each sound: share of wrong medians, the same of what the gate leaves, and the share that it leaves."""
    lines = [f"gate: {PitchGate()}", f"this run would choose: {chosen}", ""]
    lines.append("regions whose median pitch is off by more than a semitone / of those that are kept / kept")
    lines.append(_line("", [f"{ratio:+.0f} dB" for ratio in RATIOS_DB]))
    lines += [_line(kind, [_cell(measured, kind, ratio) for ratio in RATIOS_DB]) for kind in ("music", "noise")]
    return [*lines, _line("clean", [_cell(measured, "clean", None)])]


def measure(data: Path) -> Iterator[MeasuredPitch]:
    """The regions of every utterance, clean and under music and noise at each ratio."""
    options = EvidenceOptions()
    if not evidence.tagger_name(options, Setting()) or not evidence.witness_name(options, Setting()):
        raise UserError("the sound tagger or the second witness is not on this machine: install the extra `starter`")
    stage = Evidence(options, Setting())
    for number, path in enumerate(sorted((data / READ).glob("*.flac"))):
        half = "choose" if number % 2 == 0 else "report"
        clean = material.speech_of(path)
        truth = {region: hertz for region in speech_regions(clean) if (hertz := _median_hz(clean, region)) is not None}
        for kind, ratio_db, waveform in _versions(clean, number):
            rows = stage.measured(path.name, waveform, list(truth))
            for (region, hertz), row in zip(truth.items(), rows, strict=True):
                found = _median_hz(waveform, region)
                error = abs(12 * np.log2(found / hertz)) if found else np.inf
                yield MeasuredPitch(half, kind, ratio_db, float(error), row)


def _versions(clean: Waveform, number: int) -> Iterator[tuple[str, Decibels | None, Waveform]]:
    """One utterance clean, and over one kind of music and of noise at each ratio."""
    yield "clean", None, clean
    seconds = clean.size / SAMPLE_RATE + 0.1
    music = [make(seconds, number) for make in synthetic.MUSIC.values()]
    music += [improvise(round(seconds * SAMPLE_RATE), np.random.default_rng((number, piece))) for piece in range(3)]
    noise = [make(seconds, number) for make in synthetic.NOISE.values()]
    for kind, sounds in (("music", music), ("noise", noise)):
        other = sounds[number // 2 % len(sounds)][: clean.size]  # so that both halves hear all of them
        for ratio_db in RATIOS_DB:
            yield kind, ratio_db, synthetic.mix(clean, other, ratio_db)


def _median_hz(waveform: Waveform, region: tuple[Seconds, Seconds]) -> Hertz | None:
    """The median pitch of a region; None where it is short or has none."""
    start, end = (round(second * SAMPLE_RATE) for second in region)
    if end - start < SHORTEST_S * SAMPLE_RATE:
        return None
    pitch = PraatSound(waveform[start:end]).pitch()
    return pitch.f0_median_hz if pitch else None


def _most_kept(measured: Sequence[MeasuredPitch], gates: Sequence[PitchGate]) -> PitchGate:
    """The gate that keeps most with few wrong; the first of equals."""
    kept = [[one for one in measured if gate.obstacle(one.region) is None] for gate in gates]
    safe = [
        (len(left), gate)
        for gate, left in zip(gates, kept, strict=True)
        if sum(one.is_wrong for one in left) <= WRONG_ALLOWED * len(left)
    ]
    if not safe:
        raise UserError("no gate leaves few wrong pitches: look at the scores of the witnesses")
    return max(safe, key=lambda one: one[0])[1]


def _cell(measured: Sequence[MeasuredPitch], kind: str, ratio_db: Decibels | None) -> str:
    found = [one for one in measured if (one.kind, one.ratio_db) == (kind, ratio_db)]
    kept = [one for one in found if PitchGate().obstacle(one.region) is None]
    shares = [f"{np.mean([one.is_wrong for one in part]):.2f}" if part else "-" for part in (found, kept)]
    return f"{shares[0]}/{shares[1]}/{len(kept) / len(found):.2f}"


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:<10}" + "".join(f"{cell:>17}" for cell in cells)


if __name__ == "__main__":
    main()
