"""Copies of the starter's corpus: changed at random to train on, and changed in other ways to judge on.

No music, codec, echo or change of speed of a judging copy occurs in a training copy, and no seed is shared. A copy
holds nobody but its own speaker, so that leaving a speaker out leaves out every copy of that voice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds
from pipeline.research.evidence.random_music import improvise
from pipeline.research.evidence.synthetic import MUSIC, at_level, mix
from pipeline.research.starter import degrade
from pipeline.research.starter.codecs import AAC_32, AAC_64, AMR_12, MP3_32, OPUS_16, Codec, round_trip
from pipeline.research.starter.corpus import Speech
from pipeline.research.starter.degrade import Random

# training: how often each change happens to an utterance, and how far it goes
JOINED, CUT = 0.4, 0.35  # joined with others of the same speaker and tone; cut short
MOST_JOINED = 3
PAUSE_S: Seconds = 0.35  # longest pause where utterances are joined
LONGEST_S: Seconds = 10.0  # as long as a speech region gets
SHORTEST_S: Seconds = 1.0  # as short as a region that is scored
OTHER_VOICE, MICROPHONE, ROOM = 0.7, 0.6, 0.4
FORMANT_OCTAVES, PITCH_OCTAVES = 0.28, 0.5  # either way
DURATIONS = (0.85, 1.18)
BACKGROUNDS = ("none", "music", "noise", "babble")
BACKGROUND_SHARES = (0.25, 0.4, 0.2, 0.15)
MUSIC_RATIO_DB: tuple[Decibels, Decibels] = (-5.0, 20.0)
NOISE_RATIO_DB: tuple[Decibels, Decibels] = (3.0, 25.0)
NOISE_SLOPES = (0.0, -1.0, -2.0, 1.0)
BABBLE_VOICES = 6
TRAINING_CODECS: tuple[Codec | None, ...] = (None, OPUS_16, MP3_32, AMR_12)  # one a copy, in turn
TRAINING_SEED = 1986

# judging
JUDGING_SEED = 2026
JUDGED_MUSIC_DB: tuple[Decibels, Decibels] = (-5.0, 15.0)  # voice over music
STREET_DB: tuple[Decibels, Decibels] = (5.0, 20.0)  # voice over white noise
STREET_BAND_HZ = (200.0, 4_500.0)
ECHOES = ((0.0194, 0.6), (0.0493, 0.5), (0.1083, 0.4), (0.1819, 0.3))  # (s, gain)
ECHO_BAND_HZ = (80.0, 3_000.0)
SPEEDS = (0.84, 1.19)
TELEPHONE_HZ = (300.0, 3_400.0)
TELEPHONE_DB: tuple[Decibels, Decibels] = (15.0, 30.0)  # voice over pink noise
TEMPI = (0.8, 1.25)  # durations of the same voice


def training_copy(speech: Speech, number: int) -> Speech:
    """The corpus once more, each utterance changed at random; the same number gives the same copy."""
    waveforms = [
        _changed_utterance(speech, index, np.random.default_rng((TRAINING_SEED, number, index)))
        for index in range(len(speech.waveforms))
    ]
    codec = TRAINING_CODECS[number % len(TRAINING_CODECS)]
    return replace(speech, waveforms=tuple(round_trip(waveforms, codec) if codec else waveforms))


def under_music(speech: Speech) -> Speech:
    """As a video has it: over chords, arpeggio, drums or band, voice to music -5 to 15 dB, aac at 64 kbit/s."""

    def change(waveform: Waveform, index: int, random: Random) -> Waveform:
        music = list(MUSIC.values())[index % len(MUSIC)](waveform.size / SAMPLE_RATE, int(random.integers(2**31)))
        return mix(waveform, np.resize(music, waveform.size), random.uniform(*JUDGED_MUSIC_DB))

    return _judging_copy(speech, change, AAC_64)


def in_the_street(speech: Speech) -> Speech:
    """Through a small microphone, with white noise 5 to 20 dB below the voice, aac at 32 kbit/s."""

    def change(waveform: Waveform, _: int, random: Random) -> Waveform:
        noise = degrade.coloured_noise(waveform.size, 0.0, random)
        return mix(degrade.band_limited(waveform, *STREET_BAND_HZ), noise, random.uniform(*STREET_DB))

    return _judging_copy(speech, change, AAC_32)


def in_a_stairwell(speech: Speech) -> Speech:
    """With four echoes, dull, aac at 32 kbit/s."""

    def change(waveform: Waveform, _index: int, _random: Random) -> Waveform:
        return degrade.band_limited(degrade.with_echoes(waveform, ECHOES), *ECHO_BAND_HZ)

    return _judging_copy(speech, change, AAC_32)


def by_strangers(speech: Speech) -> Speech:
    """Slower and deeper, or faster and higher, by three semitones: voices that are not in the corpus; aac at 64."""

    def change(waveform: Waveform, index: int, _: Random) -> Waveform:
        return degrade.change_speed(waveform, SPEEDS[index % len(SPEEDS)])

    return _judging_copy(speech, change, AAC_64)


def by_telephone(speech: Speech) -> Speech:
    """What a telephone leaves of a voice, with pink noise 15 to 30 dB below it, aac at 32 kbit/s."""

    def change(waveform: Waveform, _: int, random: Random) -> Waveform:
        noise = degrade.coloured_noise(waveform.size, -1.0, random)
        return mix(degrade.band_limited(waveform, *TELEPHONE_HZ), noise, random.uniform(*TELEPHONE_DB))

    return _judging_copy(speech, change, AAC_32)


def at_other_tempo(speech: Speech) -> Speech:
    """The same voice a quarter faster or slower; aac at 64 kbit/s."""

    def change(waveform: Waveform, index: int, _: Random) -> Waveform:
        return degrade.change_voice(waveform, 1.0, 1.0, TEMPI[index % len(TEMPI)])

    return _judging_copy(speech, change, AAC_64)


def degraded(speech: Speech) -> Speech:
    """Each utterance in one of the ways to judge but the clean one, in turn: what becomes of speech in videos."""
    ways = [way for name, way in JUDGING.items() if name != "clean"]
    waveforms = list(speech.waveforms)
    turns = (np.arange(len(waveforms)) + np.arange(len(waveforms)) // len(ways)) % len(ways)
    for number, way in enumerate(ways):
        mine = np.flatnonzero(turns == number)
        if mine.size:
            part = Speech(tuple(waveforms[index] for index in mine), speech.emotions[mine], speech.speakers[mine])
            for index, waveform in zip(mine, way(part).waveforms, strict=True):
                waveforms[index] = waveform
    return replace(speech, waveforms=tuple(waveforms))


#: Ways to judge, by the name that the figures carry; the clean corpus is the first of them.
JUDGING: dict[str, Callable[[Speech], Speech]] = {
    "clean": lambda speech: speech,
    "music": under_music,
    "street": in_the_street,
    "stairwell": in_a_stairwell,
    "other voice": by_strangers,
    "telephone": by_telephone,
    "tempo": at_other_tempo,
}


def _judging_copy(speech: Speech, change: Callable[[Waveform, int, Random], Waveform], codec: Codec) -> Speech:
    changed = [
        change(waveform, index, np.random.default_rng((JUDGING_SEED, index)))
        for index, waveform in enumerate(speech.waveforms)
    ]
    return replace(speech, waveforms=tuple(round_trip(changed, codec)))


def _changed_utterance(speech: Speech, index: int, random: Random) -> Waveform:
    """One utterance on its way: length, voice, microphone, room, background."""
    waveform = _of_other_length(speech, index, random)
    if random.random() < OTHER_VOICE:
        formants = 2 ** random.uniform(-FORMANT_OCTAVES, FORMANT_OCTAVES)
        pitch = 2 ** random.uniform(-PITCH_OCTAVES, PITCH_OCTAVES)
        waveform = degrade.change_voice(waveform, formants, pitch, random.uniform(*DURATIONS))
    if random.random() < MICROPHONE:
        waveform = degrade.through_microphone(waveform, random)
    if random.random() < ROOM:
        waveform = degrade.in_room(waveform, random)
    return _over_background(waveform, speech, index, random)


def _of_other_length(speech: Speech, index: int, random: Random) -> Waveform:
    """Joined with more of the same, cut, or as it is: a sad voice is slow, and length must not give it away."""
    waveform, chance = speech.waveforms[index], random.random()
    if chance < JOINED:
        same = (speech.speakers == speech.speakers[index]) & (speech.emotions == speech.emotions[index])
        same[index] = False
        others = random.permutation(np.flatnonzero(same))[: random.integers(1, MOST_JOINED, endpoint=True)]
        parts = [at_level(waveform)]
        for other in others:
            parts.append(np.zeros(round(random.uniform(0, PAUSE_S) * SAMPLE_RATE), dtype=np.float32))
            parts.append(at_level(speech.waveforms[other]))
        return np.concatenate(parts)[: round(LONGEST_S * SAMPLE_RATE)]
    if chance < JOINED + CUT:
        samples = round(max(SHORTEST_S * SAMPLE_RATE, random.uniform(0.4, 1.0) * waveform.size))
        start = random.integers(0, max(1, waveform.size - samples))
        return waveform[start : start + samples]
    return waveform


def _over_background(waveform: Waveform, speech: Speech, index: int, random: Random) -> Waveform:
    """Alone, or over music, noise, or babble of the speaker's own voice."""
    background = random.choice(BACKGROUNDS, p=BACKGROUND_SHARES)
    if background == "music":
        return mix(waveform, improvise(waveform.size, random), random.uniform(*MUSIC_RATIO_DB))
    if background == "noise":
        noise = degrade.coloured_noise(waveform.size, random.choice(NOISE_SLOPES), random)
        return mix(waveform, noise, random.uniform(*NOISE_RATIO_DB))
    if background == "babble":
        own = random.choice(np.flatnonzero(speech.speakers == speech.speakers[index]), BABBLE_VOICES)
        voices = degrade.babble([speech.waveforms[number] for number in own], waveform.size)
        return mix(waveform, voices, random.uniform(*NOISE_RATIO_DB))
    return at_level(waveform)
