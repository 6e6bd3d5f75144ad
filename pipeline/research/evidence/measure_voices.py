"""How much speech is found at each intensity and acted tone, and how often music, noise and animals are taken for it.

`python -m pipeline.research.evidence.measure_voices [PAGE]` prints the table, and writes it into a document too, if one
is named. It needs the models of the extra `starter` and, in the folder that `CLIPTONE_DATA` names, `crema_d/` and
`librispeech_other40/`. Every second speaker, utterance and seed chooses the rule of rescue; the others report.
"""

from __future__ import annotations

import csv
import dataclasses
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.sound.tagger import TAGGERS
from pipeline.analysis.sound.voice_activity import VoiceActivityOptions, speech_probabilities, speech_regions
from pipeline.analysis.sound.voice_witness import NAME, VoiceWitness
from pipeline.analysis.sound.witnesses import RescueRule, Witnesses, witnesses
from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds
from pipeline.research.data import data_folder
from pipeline.research.docs.documents import replace_in
from pipeline.research.evidence import synthetic, voices
from pipeline.research.evidence.random_music import improvise

ACTED, READ = "crema_d", "librispeech_other40"
INTENSITIES = {
    "": "no stated intensity",
    "low": "low intensity",
    "medium": "medium intensity",
    "high": "high intensity",
}
ALONE_S: Seconds = 8.0
ALONE_SEEDS = 12
WHISPERED = "whispered"
NEARLY = 0.01  # of the speech that the best rule finds
FALSE_ALLOWED = 0.01  # share of the time of music, of noise and of animals
WITNESS_STEPS = (0.5, 0.7, 0.9)
ACTIVITY_STEPS = (0.05, 0.1, 0.2, 0.3)
TAG_STEPS = (0.3, 0.5, 0.7)  # below, the tagger is not sure of anything

# True speech in a clean recording, from its level alone
FRAME_SAMPLES, HOP_SAMPLES, FFT_SAMPLES = SAMPLE_RATE * 25 // 1000, SAMPLE_RATE // 100, 512
HOP_S: Seconds = HOP_SAMPLES / SAMPLE_RATE
BAND_HZ = (200.0, 4000.0)
MARGIN_DB: Decibels = 15.9  # speech is active down to this far below its active level (ITU-T P.56)
ABOVE_FLOOR_DB: Decibels = 10.0  # and nothing nearer to the quietest 5 % of the frames
HANGOVER_FRAMES = 20  # gaps up to 0.2 s belong to speech (ITU-T P.56)
CLICK_FRAMES = 8  # shorter sounds are none
SMOOTHED_FRAMES = 5


@dataclass(frozen=True, slots=True)
class HeardSound:
    """One sound: its half, the rows of the table that it belongs to, its true speech, and what the witnesses hear."""

    half: str  # choose or report
    names: tuple[str, ...]
    samples: int
    speech: NDArray[np.bool_]  # by frames of 10 ms; all False without speech
    heard: Witnesses


def main() -> None:
    """Measure and print."""
    data = data_folder(ACTED, READ)
    sounds = [*_acted(data), *_whispered(data), *_alone()]
    chosen = choose([one for one in sounds if one.half == "choose"])
    text = "\n".join(table([one for one in sounds if one.half == "report"], chosen))
    sys.stdout.write(f"{text}\n")
    for document in sys.argv[1:]:
        replace_in(Path(document), "voices", f"```text\n{text}\n```\n")


def choose(sounds: Sequence[HeardSound]) -> RescueRule:
    """The best rule with the second witness; where there is none, the least probability of voice activity for it."""
    best = _best(sounds, [RescueRule(witness, 2.0, tag) for witness, tag in product(WITNESS_STEPS, TAG_STEPS)])
    alone = [_without_second(one) for one in sounds]
    activity = _best(alone, [RescueRule(2.0, step, best.least_tag) for step in ACTIVITY_STEPS])
    return RescueRule(best.least_witness, activity.least_activity, best.least_tag)


def table(sounds: Sequence[HeardSound], chosen: RescueRule) -> list[str]:
    """The measures of the reporting half: voice activity alone, with the tagger, and with the second witness."""
    rule = RescueRule()
    shares = [
        shares_of([_activity_alone(one) for one in sounds], rule),
        shares_of([_without_second(one) for one in sounds], rule),
        shares_of(sounds, rule),
    ]
    columns = ("activity", "and tagger", "and witness")
    lines = [f"rule: {rule}", f"this run would choose: {chosen}", ""]
    lines += ["share of true speech inside regions", _line("", columns)]
    spoken = [name for name in shares[0] if name in _spoken_names(sounds)]
    lines += [_line(name, [f"{share[name]:.3f}" for share in shares]) for name in spoken]
    tones = [name for name in spoken if name.startswith("acted ")]
    spread = [max(share[name] for name in tones) - min(share[name] for name in tones) for share in shares]
    lines.append(_line("largest difference of tones", [f"{value:.3f}" for value in spread]))
    lines += ["", "share of the time inside regions where nobody speaks", _line("", columns)]
    silent = [name for name in shares[0] if name not in spoken]
    return lines + [_line(name, [f"{share[name]:.4f}" for share in shares]) for name in silent]


def shares_of(sounds: Sequence[HeardSound], rule: RescueRule) -> dict[str, float]:
    """By row of the table: share of true speech inside regions, or of all time for sounds without speech."""
    inside: dict[str, float] = defaultdict(float)
    whole: dict[str, float] = defaultdict(float)
    for one in sounds:
        regions = regions_of(one, rule)
        if one.speech.any():
            middles = (np.arange(one.speech.size) + 0.5) * HOP_S + HOP_S / 2
            found = np.zeros_like(one.speech)
            for start, end in regions:
                found |= (middles >= start) & (middles < end)
            part, of = float((found & one.speech).sum()), float(one.speech.sum())
        else:
            part, of = sum(end - start for start, end in regions), one.samples / SAMPLE_RATE
        for name in one.names:
            inside[name] += part
            whole[name] += of
    return {name: inside[name] / whole[name] for name in whole}


def regions_of(one: HeardSound, rule: RescueRule) -> list[tuple[Seconds, Seconds]]:
    """The speech regions of a sound under a rule."""
    threshold = VoiceActivityOptions().threshold
    return speech_regions(np.zeros(one.samples, np.float32), None, one.heard.speech(threshold, rule))


def true_speech(waveform: Waveform) -> NDArray[np.bool_]:
    """Whether somebody speaks in each 10 ms of a clean recording of one voice, shape `(frames,)`, by level alone."""
    frames = np.lib.stride_tricks.sliding_window_view(waveform.astype(np.float64), FRAME_SAMPLES)[::HOP_SAMPLES]
    hertz = np.fft.rfftfreq(FFT_SAMPLES, 1 / SAMPLE_RATE)
    band = (hertz >= BAND_HZ[0]) & (hertz <= BAND_HZ[1])
    power = (np.abs(np.fft.rfft(frames * np.hanning(FRAME_SAMPLES), FFT_SAMPLES)) ** 2)[:, band].sum(axis=1)
    around = np.pad(power, SMOOTHED_FRAMES // 2, mode="edge")
    power = np.convolve(around, np.full(SMOOTHED_FRAMES, 1 / SMOOTHED_FRAMES), "valid") + 1e-12
    level = 10 * np.log10(power)
    least = max(_active_threshold(level, power), float(np.percentile(level, 5)) + ABOVE_FLOOR_DB)
    return _without_clicks(_bridged(level >= least))


def _active_threshold(level: NDArray[np.float64], power: NDArray[np.float64]) -> Decibels:
    """The highest level that lies `MARGIN_DB` below the mean of what reaches it."""
    for least in np.arange(level.max(), level.min(), -0.5):
        if 10 * np.log10(power[level >= least].mean()) - least >= MARGIN_DB:
            return float(least)
    return float(level.min())


def _bridged(active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    where = np.flatnonzero(active)
    found = active.copy()
    for first, last in pairwise(where):
        if last - first <= HANGOVER_FRAMES:
            found[first:last] = True
    return found


def _without_clicks(active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    edges = np.flatnonzero(np.diff(np.r_[False, active, False].astype(int)))
    found = active.copy()
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first < CLICK_FRAMES:
            found[first:last] = False
    return found


def _acted(data: Path) -> Iterator[HeardSound]:
    hear = _Hearing()
    with (data / ACTED / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            waveform = _read(data / ACTED / row["file"])
            names = (INTENSITIES[row["intensity"]], f"acted {row['acted']}")
            yield hear(_half(int(row["speaker"])), names, waveform, true_speech(waveform))


def _whispered(data: Path) -> Iterator[HeardSound]:
    hear = _Hearing()
    paths = sorted((data / READ).glob("*.flac"))
    for number, (path, order) in enumerate(product(paths, voices.LPC_ORDERS)):
        spoken = _read(path)
        waveform = synthetic.at_level(voices.whispered(spoken, number, order), -30.0)
        hiss = synthetic.at_level(np.random.default_rng(number).standard_normal(waveform.size), -70.0)
        yield hear(_half(number // 2), (f"{WHISPERED}, order {order}",), waveform + hiss, true_speech(spoken))


def _alone() -> Iterator[HeardSound]:
    hear = _Hearing()
    families = (
        ("music", synthetic.MUSIC),
        ("noise", synthetic.NOISE),
        ("animals", voices.ANIMALS),
        ("laughter and crying", voices.WORDLESS),
    )
    for seed in range(ALONE_SEEDS):
        for name, makers in families:
            for make in makers.values():
                yield hear(_half(seed), (name,), make(ALONE_S, seed))
        for piece in range(3):
            random = np.random.default_rng((seed, piece))
            yield hear(_half(seed), ("music",), improvise(round(ALONE_S * SAMPLE_RATE), random))


class _Hearing:
    """Asks every witness about a sound once."""

    def __init__(self) -> None:
        folders = {name: model_cache.find(name) for name in ("yamnet", NAME)}
        missing = [name for name, folder in folders.items() if folder is None]
        if missing:
            raise UserError(f"{' and '.join(missing)} is not on this machine: install the extra `starter`")
        self._tagger = TAGGERS["yamnet"](folders["yamnet"] or Path())
        self._witness = VoiceWitness(folders[NAME] or Path())

    def __call__(
        self, half: str, names: tuple[str, ...], waveform: Waveform, speech: NDArray[np.bool_] | None = None
    ) -> HeardSound:
        heard = witnesses(speech_probabilities(waveform), self._tagger.tag(waveform), self._witness.hear(waveform))
        return HeardSound(half, names, waveform.size, np.zeros(1, bool) if speech is None else speech, heard)


def _best(sounds: Sequence[HeardSound], rules: Sequence[RescueRule]) -> RescueRule:
    """Of the rules that take little for speech and find nearly all that any finds, the one that takes the least.

    What a rule finds is the share of the kind of acted speech that it finds least of; of equals the one that finds
    most wins, then the one surest of the witness, and content with least of the tagger.
    """
    spoken = {name for name in _spoken_names(sounds) if not name.startswith(WHISPERED)}
    false = {"music", "noise", "animals"}

    def worst(shares: Mapping[str, float]) -> float:
        return min(shares[name] for name in spoken)

    found = [(rule, shares_of(sounds, rule)) for rule in rules]
    safe = [(rule, shares) for rule, shares in found if all(shares[name] <= FALSE_ALLOWED for name in false)]
    if not safe:
        raise UserError("no rule keeps music, noise and animals out: look at the scores of the witnesses")
    most = max(worst(shares) for _, shares in safe)
    near = [(rule, shares) for rule, shares in safe if worst(shares) >= most - NEARLY]

    def rank(one: tuple[RescueRule, Mapping[str, float]]) -> tuple[float, ...]:
        rule, shares = one
        taken = round(sum(shares[name] for name in false), 4)
        return -taken, round(worst(shares), 3), rule.least_witness, rule.least_activity, -rule.least_tag

    return max(near, key=rank)[0]


def _spoken_names(sounds: Sequence[HeardSound]) -> set[str]:
    return {name for one in sounds if one.speech.any() for name in one.names}


def _activity_alone(one: HeardSound) -> HeardSound:
    return dataclasses.replace(one, heard=Witnesses(one.heard.activity))


def _without_second(one: HeardSound) -> HeardSound:
    return dataclasses.replace(one, heard=dataclasses.replace(one.heard, second=None))


def _half(number: int) -> str:
    return "choose" if number % 2 == 0 else "report"


def _read(path: Path) -> Waveform:
    import soundfile

    waveform: Waveform = soundfile.read(path, dtype="float32")[0]
    return waveform


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:<30}" + "".join(f"{cell:>14}" for cell in cells)


if __name__ == "__main__":
    main()
