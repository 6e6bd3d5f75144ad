"""Speech by one voice and by two at once, made of recordings of single voices.

A label stands where a corpus has emotions, and the speakers of a sound are joined by "+". Both kinds go through the
same microphones, rooms, echoes, music, noise and codecs, so that none of these gives a second voice away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.overlap import ONE, SEVERAL
from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds
from pipeline.research.evidence.random_music import improvise
from pipeline.research.evidence.synthetic import LEVEL_DBFS, at_level, mix
from pipeline.research.starter import degrade
from pipeline.research.starter.codecs import round_trip
from pipeline.research.starter.copies import (
    JUDGING,
    LONGEST_S,
    NOISE_RATIO_DB,
    NOISE_SLOPES,
    SHORTEST_S,
    TRAINING_CODECS,
)
from pipeline.research.starter.corpus import Speech, read_folder
from pipeline.research.starter.degrade import Random

# training: how often each change happens, and how far it goes
CUT, OTHER_VOICE, MICROPHONE, ROOM, ECHOES = 0.35, 0.5, 0.5, 0.35, 0.35
FORMANT_OCTAVES, PITCH_OCTAVES, DURATIONS = 0.2, 0.35, (0.85, 1.18)
ECHO_COUNTS, ECHO_S, ECHO_GAINS = (1, 6), (0.01, 0.25), (0.1, 0.7)
MUSIC, NOISE = 0.4, 0.2
MUSIC_RATIO_DB: tuple[Decibels, Decibels] = (-5.0, 20.0)
SAME_AGAIN, ANOTHER_NEXT = 0.3, 0.2  # one voice: followed by itself, or by somebody else
PAUSE_S: Seconds = 0.35  # longest pause between two utterances
SEED = 1953

# two voices at once
DIFFERENCE_DB: tuple[Decibels, Decibels] = (0.0, 6.0)  # first voice over second
OVERLAP: tuple[float, float] = (0.6, 1.0)  # share of the first voice that the second one lies over

# judging
JUDGED_WAYS = ("clean", "music", "street", "stairwell")  # of the starter's: no training copy sounds like them
JUDGED_DB: tuple[Decibels, ...] = (0.0, 3.0, 6.0)
JUDGED_PIECE_S: Seconds = 8.0  # longer utterances are cut
JUDGING_SEED = 2003


def training_copy(speech: Speech, number: int, groups: Mapping[str, int]) -> Speech:
    """Each utterance twice, changed at random: as one voice, then with a second voice over it.

    In copies of even numbers the second voice is of the same group, so that a group left out still has mixtures. The
    same number gives the same copy.
    """
    ones, twos = [], []
    for index in range(len(speech.waveforms)):
        random = np.random.default_rng((SEED, number, index))
        among = _other_speakers(speech, index, groups if number % 2 == 0 else None)
        ones.append(_one_voice(speech, index, among, random))
        twos.append(_two_voices(speech, index, among, random))
    codec = TRAINING_CODECS[number % len(TRAINING_CODECS)]
    waveforms = [waveform for waveform, _ in ones + twos]
    return Speech(
        waveforms=tuple(round_trip(waveforms, codec) if codec else waveforms),
        emotions=np.repeat([ONE, SEVERAL], len(ones)),
        speakers=np.array([speakers for _, speakers in ones + twos]),
    )


def judging(speech: Speech, groups: Mapping[str, int]) -> Iterator[tuple[str, Speech]]:
    """Sounds to judge on, by a name such as "several voices at 3 dB, music"; partners are of the same group."""
    single = replace(speech, emotions=np.full(len(speech.waveforms), ONE))
    equal = _judged_pairs(speech, groups, 0.0)
    for way in JUDGED_WAYS:
        yield f"{ONE}, {way}", JUDGING[way](single)
        yield f"{SEVERAL} at 0 dB, {way}", JUDGING[way](equal)
    for difference in JUDGED_DB[1:]:
        yield f"{SEVERAL} at {difference:g} dB, clean", _judged_pairs(speech, groups, difference)
    yield f"{ONE} after another, clean", _judged_pairs(speech, groups, None)


def read_pieces(folder: Path) -> Speech:
    """FLAC files named SPEAKER-… as pieces of at most 8 s; `UserError` for a folder of another layout."""
    speech, names = read_folder(folder), [path.name for path in sorted(folder.glob("*.flac"))]
    if not all("-" in name for name in names):
        raise UserError(f"the files in {folder} must be named SPEAKER-….flac, or nobody knows who speaks")
    length, waveforms, speakers = round(JUDGED_PIECE_S * SAMPLE_RATE), [], []
    for name, waveform in zip(names, speech.waveforms, strict=True):
        pieces = [waveform[start : start + length] for start in range(0, waveform.size, length)]
        long_enough = [piece for piece in pieces if piece.size >= SHORTEST_S * SAMPLE_RATE]
        waveforms += long_enough
        speakers += [name.split("-")[0]] * len(long_enough)
    return Speech(tuple(waveforms), np.full(len(waveforms), ""), np.array(speakers))


def lay_over(first: Waveform, second: Waveform, difference_db: Decibels, random: Random) -> Waveform:
    """A second voice, so much quieter, over 60 to 100 % of the first, from some moment on; repeated if too short."""
    samples = max(1, round(random.uniform(*OVERLAP) * first.size))
    start = int(random.integers(0, first.size - samples, endpoint=True))
    together = at_level(first)
    together[start : start + samples] += at_level(np.resize(second, samples), LEVEL_DBFS - difference_db)
    return at_level(together)


def _judged_pairs(speech: Speech, groups: Mapping[str, int], difference_db: Decibels | None) -> Speech:
    """Each utterance with one of another speaker over it; half of each, one after the other, without a difference."""
    waveforms, speakers = [], []
    for index, waveform in enumerate(speech.waveforms):
        random = np.random.default_rng((JUDGING_SEED, index))
        other = int(random.choice(_other_speakers(speech, index, groups)))
        second = speech.waveforms[other]
        if difference_db is None:
            halves = [at_level(part[: part.size // 2]) for part in (waveform, second)]
            waveforms.append(np.concatenate(halves))
        else:
            waveforms.append(lay_over(waveform, second, difference_db, random))
        speakers.append(f"{speech.speakers[index]}+{speech.speakers[other]}")
    label = ONE if difference_db is None else SEVERAL
    return Speech(tuple(waveforms), np.full(len(waveforms), label), np.array(speakers))


def _other_speakers(speech: Speech, index: int, groups: Mapping[str, int] | None) -> NDArray[np.int64]:
    """Utterances of other speakers, of the same group if groups are given."""
    own = str(speech.speakers[index])
    return np.flatnonzero(
        [speaker != own and (groups is None or groups[speaker] == groups[own]) for speaker in speech.speakers.tolist()]
    )


def _one_voice(speech: Speech, index: int, among: NDArray[np.int64], random: Random) -> tuple[Waveform, str]:
    """One voice at a time: alone, followed by itself, or by somebody else."""
    first, speaker = _varied_voice(speech.waveforms[index], random), str(speech.speakers[index])
    chance = random.random()
    if chance < SAME_AGAIN:
        own = random.choice(np.flatnonzero(speech.speakers == speaker))
        first = _join_voices(first, at_level(speech.waveforms[own]), random)
    elif chance < SAME_AGAIN + ANOTHER_NEXT:
        other = int(random.choice(among))
        first, speaker = (
            _join_voices(first, _varied_voice(speech.waveforms[other], random), random),
            _pair_label(speech, index, other),
        )
    return _degraded(first, random), speaker


def _two_voices(speech: Speech, index: int, among: NDArray[np.int64], random: Random) -> tuple[Waveform, str]:
    """Two voices at once."""
    other = int(random.choice(among))
    first, second = _varied_voice(speech.waveforms[index], random), _varied_voice(speech.waveforms[other], random)
    if random.random() < SAME_AGAIN:
        own = random.choice(np.flatnonzero(speech.speakers == speech.speakers[index]))
        first = _join_voices(first, at_level(speech.waveforms[own]), random)
    together = lay_over(first, second, random.uniform(*DIFFERENCE_DB), random)
    return _degraded(together, random), _pair_label(speech, index, other)


def _pair_label(speech: Speech, index: int, other: int) -> str:
    return f"{speech.speakers[index]}+{speech.speakers[other]}"


def _join_voices(first: Waveform, second: Waveform, random: Random) -> Waveform:
    pause = np.zeros(round(random.uniform(0, PAUSE_S) * SAMPLE_RATE), dtype=np.float32)
    return np.concatenate([first, pause, second])[: round(LONGEST_S * SAMPLE_RATE)]


def _varied_voice(waveform: Waveform, random: Random) -> Waveform:
    """An utterance, sometimes cut and sometimes by another voice."""
    if random.random() < CUT:
        samples = round(max(SHORTEST_S * SAMPLE_RATE, random.uniform(0.4, 1.0) * waveform.size))
        start = random.integers(0, max(1, waveform.size - samples))
        waveform = waveform[start : start + samples]
    if random.random() < OTHER_VOICE:
        formants = 2 ** random.uniform(-FORMANT_OCTAVES, FORMANT_OCTAVES)
        pitch = 2 ** random.uniform(-PITCH_OCTAVES, PITCH_OCTAVES)
        return degrade.change_voice(waveform, formants, pitch, random.uniform(*DURATIONS))
    return at_level(waveform)


def _degraded(waveform: Waveform, random: Random) -> Waveform:
    """On its way into a video: microphone, room, echoes, music or noise."""
    if random.random() < MICROPHONE:
        waveform = degrade.through_microphone(waveform, random)
    if random.random() < ROOM:
        waveform = degrade.in_room(waveform, random)
    if random.random() < ECHOES:
        count = random.integers(*ECHO_COUNTS)
        echoes = zip(random.uniform(*ECHO_S, count), random.uniform(*ECHO_GAINS, count), strict=True)
        waveform = degrade.with_echoes(waveform, [(float(delay), float(gain)) for delay, gain in echoes])
    background = random.random()
    if background < MUSIC:
        return mix(waveform, improvise(waveform.size, random), random.uniform(*MUSIC_RATIO_DB))
    if background < MUSIC + NOISE:
        noise = degrade.coloured_noise(waveform.size, random.choice(NOISE_SLOPES), random)
        return mix(waveform, noise, random.uniform(*NOISE_RATIO_DB))
    return at_level(waveform)
