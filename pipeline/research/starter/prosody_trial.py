"""Whether prosody beside the embedding makes the starter better for strangers.

`python -m pipeline.research.starter.prosody_trial`.

The starter's recipe, training copies and judging copies, each speaker left out, four times: on the embedding, on
prosody, on both in one head, and on the two heads' probabilities multiplied (late fusion). It needs CLIPTONE_DATA.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.catalogue import STARTER_FOLDER
from pipeline.analysis.sound.praat import PitchRange, PraatSound, shortest_samples
from pipeline.analysis.speech.encoder import WhisperEncoder
from pipeline.analysis.tone import calibration
from pipeline.analysis.tone.hyperparams import HYPERPARAMS_FILE, read_hyperparams
from pipeline.media.audio import Waveform
from pipeline.research.starter import copies as training_copies
from pipeline.research.starter.corpus import Corpus, Speech, embed, read_speech
from pipeline.research.starter.leave_speakers_out import CALIBRATION, LEAST_SPEAKERS, Held, leave_speakers_out
from pipeline.research.starter.train import default_folder
from pipeline.results.evaluation import bootstrap

Numbers = NDArray[np.float64]

MEASURES = 6  # median, spread and range of pitch, spread of intensity, energy above 500 Hz, voiced share
WEIGHTS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0)  # of prosody's log probabilities in the late fusion
COVERAGE = 0.9  # of sets, which this trial does not look at
CLEAN, MUSIC = CALIBRATION  # the ways to judge: as recorded; music -5 to 15 dB under the voice, aac


def prosody(waveform: Waveform) -> list[float]:
    """Six measures of speech `(time,)`: semitones (the median above 1 Hz), dB and a share; NaN where there is none."""
    sound = PraatSound(waveform) if waveform.size >= shortest_samples(PitchRange()) else None
    pitch, intensity = (sound.pitch(), sound.intensity()) if sound else (None, None)
    if sound is None or pitch is None or intensity is None:
        return [np.nan] * MEASURES
    voice = [12 * float(np.log2(pitch.f0_median_hz)), pitch.f0_sd_semitones, pitch.f0_range_semitones]
    return [*voice, intensity.intensity_sd_db, sound.balance().hf500_db, sound.voicing().voiced_share]


def filled(copies: Mapping[str, Numbers], speakers: NDArray[np.str_]) -> dict[str, NDArray[np.float32]]:
    """Measures `(utterances, measures)` by copy with gaps as the mean of all, which knows no label.

    A measure that is missing for enough speakers to leave two out has a column besides: 1 where it is missing, else 0.
    """
    missing = np.isnan(np.stack(list(copies.values())))  # (copies, utterances, measures)
    means = np.nanmean(np.concatenate(list(copies.values())), axis=0)
    ever = np.any(missing, axis=0)  # (utterances, measures)
    marked = [np.unique(speakers[ever[:, number]]).size >= LEAST_SPEAKERS for number in range(ever.shape[1])]
    return {
        name: np.hstack([np.where(gaps, means, copy), gaps[:, marked]]).astype(np.float32)
        for (name, copy), gaps in zip(copies.items(), missing, strict=True)
    }


def trial(copies: Mapping[str, Corpus]) -> Held:
    """The starter's recipe on embeddings of any width: copies by name, all but `MUSIC` to train on."""
    width = f"embedding_dim: {copies[CLEAN].embeddings.shape[1]}"
    settings = (STARTER_FOLDER / HYPERPARAMS_FILE).read_text(encoding="utf-8")
    settings = re.sub(r"^embedding_dim: .*$", width, settings, flags=re.MULTILINE)
    training = [copy for name, copy in copies.items() if name != MUSIC]
    judging = {way: copies[way] for way in CALIBRATION}
    with TemporaryDirectory() as folder:
        (Path(folder) / HYPERPARAMS_FILE).write_text(settings, encoding="utf-8")
        return leave_speakers_out(training, judging, Path(folder), COVERAGE)


def calibrated(held: Held) -> dict[str, Numbers]:
    """Log probabilities `(utterances, labels)` by way to judge, at each speaker's own temperature."""
    temperature = held.own_calibration.temperature
    return {way: np.log(calibration.probabilities(logits, temperature)) for way, logits in held.logits.items()}


def fused(one: Mapping[str, Numbers], other: Mapping[str, Numbers], held: Held, speakers: NDArray[np.str_]) -> Numbers:
    """Log probabilities of one head plus a weight times those of another, `(ways, utterances, labels)`.

    Each speaker's weight and temperature are the likeliest for the other speakers (`speakers`: `(utterances,)`).
    """
    first, second = (np.stack([scores[way] for way in CALIBRATION]) for scores in (one, other))
    result = np.empty_like(first)
    for speaker in np.unique(speakers):
        mine = speakers == speaker
        truth = np.tile(held.truth[~mine], len(CALIBRATION))
        fits = []
        for weight in WEIGHTS:
            scores = np.concatenate(first[:, ~mine] + weight * second[:, ~mine])
            temperature = calibration.fit_temperature(scores, truth)
            likely = np.log(calibration.probabilities(scores, temperature)[np.arange(truth.size), truth]).mean()
            fits.append((float(likely), weight, temperature))
        _, weight, temperature = max(fits)
        result[:, mine] = (first[:, mine] + weight * second[:, mine]) / temperature
    return result


def gain(before: Numbers, after: Numbers, truth: NDArray[np.int64], speakers: NDArray[np.str_]) -> bootstrap.Estimate:
    """How much higher the UAR of one set of scores `(utterances, labels)` is, with its interval over speakers."""
    true = np.eye(before.shape[1])[truth]
    right = [true * (scores.argmax(axis=1) == truth)[:, np.newaxis] for scores in (before, after)]

    def difference(totals: Numbers) -> Numbers:
        count, earlier, later = np.split(totals, 3, axis=1)
        with np.errstate(invalid="ignore"):  # a resample without a label is left out
            change: Numbers = ((later - earlier) / count).mean(axis=1)
        return change

    return bootstrap.estimate(bootstrap.by_cluster(np.hstack([true, *right]), speakers), difference)


def table(copies: Mapping[str, Corpus], measures: Mapping[str, Numbers]) -> str:
    """The four heads in Markdown, from embeddings and measures by copy."""
    speakers = copies[CLEAN].speakers
    sounds = filled(measures, speakers)
    alone = {name: replace(copy, embeddings=sounds[name]) for name, copy in copies.items()}
    both = {name: np.hstack([copy.embeddings, sounds[name]]) for name, copy in copies.items()}
    beside = {name: replace(copy, embeddings=both[name]) for name, copy in copies.items()}
    plain = trial(copies)
    heads = {"embedding": calibrated(plain), "prosody": calibrated(trial(alone)), "both": calibrated(trial(beside))}
    together = fused(heads["embedding"], heads["prosody"], plain, speakers)
    heads["late fusion"] = dict(zip(CALIBRATION, together, strict=True))
    lines = ["| head | UAR clean | change (95 %) | UAR music | change (95 %) | ECE |", "|---|---|---|---|---|---|"]
    for name, scores in heads.items():
        cells = []
        for way in (CLEAN, MUSIC):
            counts = calibration.confusion(plain.truth, scores[way].argmax(axis=1), len(plain.labels))
            change = gain(heads["embedding"][way], scores[way], plain.truth, speakers)
            cells.append(f"{calibration.unweighted_average_recall(counts):.3f}")
            cells.append(f"{change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f})")
        shares = calibration.probabilities(np.concatenate([scores[way] for way in CALIBRATION]))
        error = calibration.expected_calibration_error(shares, np.tile(plain.truth, len(CALIBRATION)))
        lines.append(f"| {name} | {' | '.join(cells)} | {error:.3f} |")
    return "\n".join(lines)


def main() -> None:
    """Print what prosody adds to the starter on speakers that it has not heard; about five minutes."""
    import torch

    torch.set_num_threads(1)  # sums in the same order each time
    speech, encoder = read_speech(default_folder()), WhisperEncoder(model_cache.locate("whisper-base"))
    changes: dict[str, Callable[[Speech], Speech]] = {way: training_copies.JUDGING[way] for way in CALIBRATION}
    for number in range(int(read_hyperparams(STARTER_FOLDER)["training_copies"])):
        changes[f"copy {number}"] = partial(training_copies.training_copy, number=number)
    copies, measures = {}, {}
    for name, change in changes.items():
        copy = change(speech)
        copies[name] = embed(copy, encoder)
        measures[name] = np.array([prosody(waveform) for waveform in copy.waveforms])
    sys.stdout.write(table(copies, measures) + "\n")


if __name__ == "__main__":
    main()
