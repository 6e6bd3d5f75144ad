"""Sounds with known truth to measure evidence and trust on.

`python -m pipeline.research.evidence.material FOLDER` writes them.

Speech comes from the folder in the environment variable `CLIPTONE_DATA`, with FLAC files of 16 kHz in `emodb4/` and
`librispeech_other40/`. Every second utterance, and every second sound without speech, chooses; the others report.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from pipeline.errors import UserError
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Decibels, Seconds
from pipeline.research.data import data_folder
from pipeline.research.evidence import synthetic

#: A kind of sound, what it is made of, how much of it there is, and the waveform.
Version = tuple[str, str, Decibels | None, Waveform]

ACTED, READ = "emodb4", "librispeech_other40"  # folders of speech
UTTERANCES = {ACTED: 24, READ: 12}
SNRS_DB: tuple[Decibels, ...] = (20.0, 10.0, 5.0, 0.0, -5.0)
REST_S: Seconds = 1.0  # without speech, before and after each utterance
ALONE_S: Seconds = 8.0  # of music, noise, crowd or silence without one voice in front
ALONE_SEEDS = 6
VOICES_IN_CROWD = (8, 12, 20)
TELEPHONE_HZ = (300.0, 3400.0)  # the band of a telephone line (ITU-T G.712)
CLIPPED_DB: tuple[Decibels, ...] = (10.0, 20.0, 26.0, 32.0, 40.0)  # gain that drives speech into full scale
HISS: Decibels = -40.0  # below the level of everything else
TABLE = "material.csv"


@dataclass(frozen=True, slots=True)
class Sound:
    """What one file holds."""

    file: str
    half: str  # choose or report
    corpus: str  # where its speech comes from, "" without speech
    utterance: str  # file of the speech, "" without speech
    kind: str  # clean, music, noise, telephone, clipped or second voice; without speech also crowd or silence
    made_of: str  # which music or noise
    snr_db: Decibels | None  # of speech against the rest, or the gain of clipped speech; None where there is none

    @property
    def has_speech(self) -> bool:
        """Whether one voice speaks in front."""
        return bool(self.utterance)


def spoken(data: Path, corpus: str) -> Iterator[tuple[Sound, Waveform]]:
    """Each utterance of a corpus clean and over music and noise at each ratio; acted ones spoilt in other ways too."""
    paths = utterances(data, corpus)
    for number, path in enumerate(paths):
        clean, second = _with_rest(speech_of(path)), speech_of(paths[number - 1])
        half = "choose" if number % 2 == 0 else "report"
        versions = [("clean", "", None, clean), *_mixes(clean, number)]
        versions += _spoilt(clean, second) if corpus == ACTED else ()
        for kind, made_of, snr_db, waveform in versions:
            name = f"{path.stem}_{kind.replace(' ', '-')}_{'none' if snr_db is None else f'{snr_db:g}'}.wav"
            yield Sound(name, half, corpus, path.name, kind, made_of, snr_db), waveform


def alone(data: Path) -> Iterator[tuple[Sound, Waveform]]:
    """Music, noise, crowds and silence of `ALONE_S`, without one voice in front."""
    voices = [speech_of(path) for path in sorted((data / READ).glob("*.flac"))]
    for seed in range(ALONE_SEEDS):
        sounds = [("music", name, make(ALONE_S, seed)) for name, make in synthetic.MUSIC.items()]
        sounds += [("noise", name, make(ALONE_S, seed)) for name, make in synthetic.NOISE.items()]
        sounds += [("crowd", f"{count} voices", crowd(voices, count, seed)) for count in VOICES_IN_CROWD]
        hiss = synthetic.at_level(synthetic.white_noise(ALONE_S, seed), synthetic.LEVEL_DBFS + HISS)
        sounds += [("silence", "hiss", hiss), ("silence", "digital silence", np.zeros_like(hiss))]
        for kind, made_of, waveform in sounds:
            name = f"{kind}_{made_of.replace(' ', '-')}_{seed}.wav"
            yield Sound(name, "choose" if seed % 2 == 0 else "report", "", "", kind, made_of, None), waveform


def crowd(voices: list[Waveform], count: int, seed: int) -> Waveform:
    """So many voices talking at once for `ALONE_S`, all as loud, shape `(time,)`."""
    rng = np.random.default_rng(seed)
    samples = round(ALONE_S * SAMPLE_RATE)
    together = np.zeros(samples)
    for number in rng.choice(len(voices), count, replace=False):
        together += np.resize(np.roll(voices[number], rng.integers(voices[number].size)), samples)
    return synthetic.at_level(together)


def write(sounds: Iterable[tuple[Sound, Waveform]], folder: Path) -> list[Sound]:
    """Write sounds as 16-bit WAV files, and what they are as a table beside them."""
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for sound, waveform in sounds:
        soundfile.write(folder / sound.file, np.clip(waveform, -1.0, 1.0), SAMPLE_RATE, subtype="PCM_16")
        written.append(sound)
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow([field.name for field in fields(Sound)])
        table.writerows([getattr(sound, field.name) for field in fields(Sound)] for sound in written)
    return written


def utterances(data: Path, corpus: str) -> list[Path]:
    """Files of a corpus, evenly taken from it."""
    paths = sorted((data / corpus).glob("*.flac"))
    if not paths:
        raise UserError(f"{data / corpus} holds no FLAC file: CLIPTONE_DATA names another folder")
    return paths[:: max(1, len(paths) // UTTERANCES[corpus])][: UTTERANCES[corpus]]


def speech_of(path: Path) -> Waveform:
    """An utterance at the level of everything made here, shape `(time,)`."""
    import soundfile

    return synthetic.at_level(soundfile.read(path, dtype="float32")[0])


def _mixes(clean: Waveform, seed: int) -> Iterator[Version]:
    """One utterance over one kind of music and of noise, at each ratio."""
    for kind, makers in (("music", synthetic.MUSIC), ("noise", synthetic.NOISE)):
        made_of = list(makers)[seed // 2 % len(makers)]  # so that both halves hear all of them
        other = makers[made_of](clean.size / SAMPLE_RATE, seed)[: clean.size]
        for snr_db in SNRS_DB:
            quiet = synthetic.at_level(other, synthetic.LEVEL_DBFS - snr_db)
            yield kind, made_of, snr_db, synthetic.at_level(clean + quiet)


def _spoilt(clean: Waveform, second: Waveform) -> Iterator[Version]:
    """One utterance on the telephone, with a second voice as loud, and driven into full scale."""
    yield "telephone", "", None, _telephone(clean)
    yield "second voice", "", 0.0, synthetic.at_level(clean + np.resize(second, clean.size))
    for gain_db in CLIPPED_DB:
        yield "clipped", "", gain_db, np.clip(clean * np.float32(10 ** (gain_db / 20)), -1.0, 1.0)


def _with_rest(speech: Waveform) -> Waveform:
    return np.pad(speech, round(REST_S * SAMPLE_RATE))


def _telephone(waveform: Waveform) -> Waveform:
    """The band of a telephone line alone."""
    low, high = TELEPHONE_HZ
    spectrum = np.fft.rfft(waveform)
    hertz = np.fft.rfftfreq(waveform.size, 1 / SAMPLE_RATE)
    spectrum[(hertz < low) | (hertz > high)] = 0.0
    return synthetic.at_level(np.fft.irfft(spectrum, waveform.size))


def main() -> None:
    """Write read speech and sounds without speech, for `python -m pipeline.research.measure_trust FOLDER`."""
    if len(sys.argv) != 2:
        raise UserError("python -m pipeline.research.evidence.material FOLDER: name one folder to write to")
    data = data_folder(ACTED, READ)
    written = write([*spoken(data, READ), *alone(data)], Path(sys.argv[1]))
    sys.stdout.write(f"{len(written)} sounds in {sys.argv[1]}\n")


if __name__ == "__main__":
    main()
