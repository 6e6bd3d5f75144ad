"""The starter: the weights that ship, the recipe behind them, and figures for corpora that it has not heard."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.heads.head import load
from pipeline.analysis.heads.novelty import STRANGE
from pipeline.analysis.heads.score import logits, probabilities
from pipeline.analysis.heads.tone import HeadTone
from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.catalogue import STARTER_FOLDER
from pipeline.analysis.speech.encoder import WhisperEncoder
from pipeline.analysis.tone import calibration
from pipeline.errors import UserError
from pipeline.research.starter import conformal, recipe, train
from pipeline.research.starter import corpus as starter_corpus
from pipeline.research.starter.corpus import Corpus, Speech
from pipeline.research.starter.leave_corpora_out import (
    Calibration,
    ReadAgainst,
    Scores,
    calibrate,
    four_tones,
    scores,
)

EMOTIONS = ("angry", "happy", "neutral", "sad")
LABELS = ("angry", "happy", "neutral", "other", "sad")
DIMS = 256
ENCODER = "whisper-base/block-2/float32/normed/mean-louder"
SHIPPED, SHIPPED_DIMS = STARTER_FOLDER, 1_024


def corpus(speakers: int = 4, each: int = 8, noise: float = 1.0, seed: int = 0) -> Corpus:
    """Made-up embeddings: a direction for each emotion, an offset for each speaker, and noise to hide them."""
    generator = np.random.default_rng(seed)
    directions = generator.normal(size=(4, DIMS))
    rows, emotions, names = [], [], []
    for speaker in range(speakers):
        offset = generator.normal(size=DIMS)
        for number in range(each + speaker):  # as in real corpora, not every label as often
            emotion = number % 4
            rows.append(directions[emotion] + offset + noise * 2 * generator.normal(size=DIMS))
            emotions.append(EMOTIONS[emotion])
            names.append(f"s{speaker}")
    return Corpus(np.array(rows, dtype=np.float32), np.array(emotions), np.array(names))


# ---------------------------------------------------------------- what ships


@pytest.fixture(scope="module")
def starter() -> HeadTone:
    return HeadTone(model_cache.locate("starter"))


def test_the_shipped_weights_give_probabilities_of_the_documented_labels(starter: HeadTone) -> None:
    embedding = np.random.default_rng(1).normal(size=SHIPPED_DIMS).astype(np.float32)
    tone = starter.score(embedding)
    assert tone.probabilities is not None
    assert tuple(tone.probabilities) == model_cache.MODELS["starter"].labels
    assert sum(tone.probabilities.values()) == pytest.approx(1.0, abs=1e-12)
    assert tone.probability == max(tone.probabilities.values()) == tone.probabilities[str(tone.label)]
    assert starter.score(embedding) == tone
    assert starter.encoder == ENCODER


def test_the_prediction_set_is_what_reaches_the_shipped_threshold(starter: HeadTone) -> None:
    head, sizes, strange = starter.head, set(), set()
    assert head.set_threshold is not None
    for seed in range(40):
        # from nothing but the mean of all speech, on which no label stands out, towards one label, then far from all
        towards = head.weights[seed % 5] / np.linalg.norm(head.weights[seed % 5])
        noise = np.random.default_rng(seed).normal(size=SHIPPED_DIMS)
        away = seed * towards if seed < 30 else 0.25 * seed * noise
        tone = starter.score((head.mean + np.sqrt(head.variance) * away).astype(np.float32))
        assert tone.probabilities is not None
        assert tone.prediction_set is not None
        assert tone.novelty is not None
        least = 0.0 if tone.novelty >= STRANGE else head.set_threshold
        assert set(tone.prediction_set) == {label for label, p in tone.probabilities.items() if p >= least}
        assert not tone.prediction_set or tone.prediction_set[0] == tone.label
        sizes.add(len(tone.prediction_set))
        strange.add(tone.novelty >= STRANGE)
    assert strange == {True, False}
    assert 1 in sizes
    assert len(sizes) > 1


def test_the_card_says_what_the_weights_are(starter: HeadTone) -> None:
    card = (SHIPPED / "card.md").read_text()
    head = starter.head
    assert head.labels == LABELS
    assert f"Temperature {head.temperature:.4f}, threshold of the sets {head.set_threshold:.4f}" in card
    assert f"{SHIPPED_DIMS:,} numbers" in card
    assert f"true one in {recipe.COVERAGE:.0%} of" in card
    assert f"{recipe.COPIES} changed copies" in card
    for needed in ("UAR", "not what a person feels", "CC0-1.0", "Not fit for statements about individuals"):
        assert needed in card
    assert "contains\n  information from CREMA-D, which is made available under the Open Database License" in card
    assert card.index("Figures on strangers") < card.index("Figures on unheard speakers"), "strangers come first"
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 300_000


# ---------------------------------------------------------------- the recipe


def taught(*parts: Corpus, heard: NDArray[np.float64] | None = None) -> recipe.Taught:
    return recipe.Taught(parts, heard)


def recall(found: Scores) -> float:
    said = found.logits.argmax(axis=1)
    return float(np.mean([np.mean(said[found.truth == one] == one) for one in np.unique(found.truth)]))


def test_a_head_tells_apart_what_it_was_taught() -> None:
    data = corpus(each=40)
    head = recipe.train([taught(data)], EMOTIONS, "made")
    assert (head.labels, head.encoder) == (EMOTIONS, "made")
    assert recall(scores(head, corpus(each=40, seed=0), ReadAgainst.TRAINING)) > 0.9


def test_corpora_are_read_against_themselves() -> None:
    """Two corpora with the same tones, each with other rooms: what tells the rooms apart tells nothing of the tone."""
    data = corpus(each=40)
    rooms = 40 * np.random.default_rng(5).normal(size=DIMS).astype(np.float32)
    shifted = Corpus(data.embeddings * 3 + rooms, data.emotions, data.speakers)
    one, both = recipe.train([taught(data)], EMOTIONS), recipe.train([taught(data), taught(shifted)], EMOTIONS)
    assert both.weights == pytest.approx(one.weights, abs=0.01)
    assert recall(scores(both, shifted, ReadAgainst.STUDY)) > 0.9
    assert recall(scores(one, shifted, ReadAgainst.TRAINING)) < 0.7, "without a reference, other rooms are lost"


def test_a_label_counts_as_much_as_any_other_however_rare() -> None:
    data = corpus(each=80)
    rare = data.only((data.emotions != "sad") | (np.arange(data.emotions.size) % 8 == 3))
    head = recipe.train([taught(rare)], EMOTIONS)
    found = scores(head, corpus(each=80, noise=2.0, seed=0), ReadAgainst.TRAINING)
    sad = found.truth == EMOTIONS.index("sad")
    assert np.mean(found.logits[sad].argmax(axis=1) == EMOTIONS.index("sad")) > 0.6


def test_what_listeners_heard_counts_beside_what_was_acted() -> None:
    """Utterances acted sad that all listeners hear as neutral: the head is in two minds about them."""
    data = corpus(each=40)
    heard = np.array([[emotion == label for label in EMOTIONS] for emotion in data.emotions], dtype=np.float64)
    heard[data.emotions == "sad"] = [0, 0, 1, 0]
    acted, both = (recipe.train([taught(data, heard=votes)], EMOTIONS) for votes in (None, heard))
    sad = data.embeddings[data.emotions == "sad"]
    place = EMOTIONS.index("neutral")
    assert probabilities(both, sad)[:, place].mean() > probabilities(acted, sad)[:, place].mean() + 0.1


def test_training_repeats_exactly() -> None:
    data = corpus()
    one, other = (recipe.train([taught(data)], EMOTIONS) for _ in range(2))
    for name in ("mean", "variance", "weights", "bias"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_a_saved_model_loads_with_the_same_scores(tmp_path: Path) -> None:
    data = corpus()
    head = recipe.train([taught(data)], EMOTIONS, "made")
    train.save(head, Calibration(0.5, 0.12504), "card", tmp_path / "mine")
    back = load(tmp_path / "mine")
    assert (back.labels, back.encoder, back.temperature, back.set_threshold) == (EMOTIONS, "made", 0.5, 0.125)
    expected = calibration.probabilities(logits(head, data.embeddings), 0.5)
    assert probabilities(back, data.embeddings) == pytest.approx(expected, abs=1e-12)
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == sorted(
        file.name for file in model_cache.MODELS["starter"].files
    )


# ---------------------------------------------------------------- corpora left out


def made_scores(size: int, clear: float, seed: int) -> Scores:
    """Logits of four labels: noise, and so much more for the true one."""
    random = np.random.default_rng(seed)
    truth = random.integers(4, size=size)
    return Scores(random.normal(size=(size, 4)) * 3 + clear * np.eye(4)[truth], truth)


def test_every_corpus_keeps_its_coverage_and_not_only_all_of_them_together() -> None:
    """One corpus is large and easy and one is small and hard: the sets hold the true label in either."""
    parts = [made_scores(4_000, 9.0, 0), made_scores(400, 3.0, 1)]
    found = calibrate(parts, 0.8)
    covered = []
    for part in parts:
        sets = conformal.label_sets(calibration.probabilities(part.logits, found.temperature), found.threshold)
        covered.append(conformal.measure_sets(sets, part.truth).coverage)
    assert covered[1] == pytest.approx(0.8, abs=0.01)
    assert covered[0] > 0.95


def test_each_corpus_counts_as_much_in_the_temperature_and_none_raises_confidence() -> None:
    hard, easy = made_scores(400, 1.0, 0), made_scores(4_000, 60.0, 1)
    alone = [calibration.fit_temperature(part.logits, part.truth) for part in (hard, easy)]
    assert alone[1] < 1 < alone[0]
    assert calibrate([easy], 0.8).temperature == 1.0
    assert calibrate([hard], 0.8).temperature == pytest.approx(alone[0])
    both = calibrate([hard, easy], 0.8).temperature
    assert both == pytest.approx(max(1.0, np.sqrt(alone[0] * alone[1])))


def test_utterances_of_labels_that_a_model_cannot_say_are_left_out() -> None:
    data = corpus(each=20)
    head = recipe.train([taught(data.only(data.emotions != "sad"))], ("angry", "happy", "neutral"))
    found = scores(head, data, ReadAgainst.TRAINING)
    assert found.truth.size == np.sum(data.emotions != "sad")


def test_the_four_tones_alone_are_judged_beside_other() -> None:
    found = Scores(np.zeros((3, 5)), np.array([0, LABELS.index("other"), 4]))
    assert four_tones(found, LABELS).truth.tolist() == [0, 4]
    assert four_tones(Scores(np.zeros((2, 4)), np.array([0, 3])), EMOTIONS).truth.tolist() == [0, 3]


# ---------------------------------------------------------------- the corpus


class Loudness:
    """A speech encoder of two numbers: length and level."""

    name = "loudness"
    dims = 2

    def embed(self, waveform: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array([waveform.size / 16_000, np.abs(waveform).max()], dtype=np.float32)


def write_corpus(folder: Path, sample_rate: int = 16_000, header: str = "file,speaker,sentence,emotion") -> None:
    import soundfile

    tone = np.sin(np.arange(sample_rate) / 10).astype(np.float32)
    for number in range(2):
        soundfile.write(folder / f"{number}.wav", tone * (number + 1) / 4, sample_rate, subtype="FLOAT")
    (folder / "labels.csv").write_text(f"{header}\n0.wav,03,a01,sad\n1.wav,08,a01,angry\n")


def test_utterances_keep_their_order_and_labels(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    speech = starter_corpus.read_speech(tmp_path)
    read = starter_corpus.embed(speech, Loudness())
    assert read.emotions.tolist() == ["sad", "angry"]
    assert read.speakers.tolist() == ["03", "08"]
    # no speech in a pure tone: the whole utterance counts
    assert read.embeddings == pytest.approx(np.array([[1.0, 0.25], [1.0, 0.5]]), abs=0.01)
    assert read.only(read.speakers == "08").emotions.tolist() == ["angry"]


def test_what_is_wrong_with_a_corpus_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no labels\.csv"):
        starter_corpus.read_speech(tmp_path)
    write_corpus(tmp_path, header="file,speaker,sentence,feeling")
    with pytest.raises(UserError, match="needs the columns file, speaker and emotion or acted"):
        starter_corpus.read_speech(tmp_path)
    write_corpus(tmp_path, sample_rate=8_000)
    with pytest.raises(UserError, match="not mono 16000 Hz"):
        starter_corpus.read_speech(tmp_path)


def test_unlabelled_speech_is_every_flac_file_of_a_folder(tmp_path: Path) -> None:
    import soundfile

    with pytest.raises(UserError, match="no FLAC files"):
        starter_corpus.read_folder(tmp_path)
    for name in ("b.flac", "a.flac"):
        soundfile.write(tmp_path / name, np.full(16_000 if name == "a.flac" else 8_000, 0.1), 16_000)
    speech = starter_corpus.read_folder(tmp_path)
    assert isinstance(speech, Speech)
    assert [waveform.size for waveform in speech.waveforms] == [16_000, 8_000]


def test_afraid_and_disgusted_voices_are_other_and_votes_are_shares(tmp_path: Path) -> None:
    write_corpus(tmp_path, header="file,speaker,sentence,acted")
    text = (
        "file,speaker,acted,votes_sad,votes_afraid,votes_disgusted,votes_angry,votes_happy,votes_neutral\n"
        "0.wav,1,afraid,2,3,5,0,0,0\n1.wav,2,sad,1,0,0,0,0,1\n"
    )
    (tmp_path / "labels.csv").write_text(text)
    assert starter_corpus.read_speech(tmp_path).emotions.tolist() == ["other", "sad"]
    heard = starter_corpus.read_heard(tmp_path, LABELS)
    assert heard is not None
    assert heard.tolist() == [[0, 0, 0, 0.8, 0.2], [0, 0, 0.5, 0, 0.5]]


# ---------------------------------------------------------------- the real thing


def data_of(name: str) -> Path:
    data = os.environ.get("CLIPTONE_DATA")
    if not data or not (Path(data) / name).is_dir():
        pytest.skip(f"CLIPTONE_DATA does not name a folder with {name}/")
    return Path(data) / name


@pytest.mark.model
@pytest.mark.slow
def test_the_shipped_weights_belong_to_the_encoder(whisper_encoder: WhisperEncoder, starter: HeadTone) -> None:
    known = starter_corpus.embed(starter_corpus.read_speech(data_of("emodb4")), whisper_encoder)
    said = [starter.score(embedding).label for embedding in known.embeddings]
    assert np.mean(np.array(said) == known.emotions) > 0.8  # of what it was trained on, so no figure to report


@pytest.mark.model
@pytest.mark.slow
def test_a_language_that_it_never_heard_is_far_above_chance(whisper_encoder: WhisperEncoder, starter: HeadTone) -> None:
    """Bangla speech has no part in training: read against the training set, and better against itself."""
    strangers = starter_corpus.embed(starter_corpus.read_speech(data_of("banglaser4")), whisper_encoder)
    alone = scores(starter.head, strangers, ReadAgainst.TRAINING)
    against_itself = scores(starter.head, strangers, ReadAgainst.STUDY)
    assert recall(alone) >= 0.5
    assert recall(against_itself) > recall(alone)
    shares = calibration.probabilities(alone.logits, starter.head.temperature)
    assert calibration.expected_calibration_error(shares, alone.truth) <= 0.15


@pytest.mark.model
@pytest.mark.slow
def test_noise_and_tones_are_strange_and_speech_is_not(whisper_encoder: WhisperEncoder, starter: HeadTone) -> None:
    time = np.arange(48_000) / 16_000
    noise = 0.1 * np.random.default_rng(0).normal(size=time.size)
    tones = [noise, 0.2 * np.sin(2 * np.pi * 440 * time), 0.1 * sum(np.sin(2 * np.pi * f * time) for f in (196, 247))]
    for sound in tones:
        tone = starter.score(whisper_encoder.embed(np.asarray(sound, dtype=np.float32)))
        assert tone.novelty is not None
        assert tone.novelty >= STRANGE
        assert len(tone.prediction_set or ()) == len(LABELS)
    speech = starter_corpus.read_speech(data_of("banglaser4")).waveforms[:20]
    found = [starter.score(whisper_encoder.embed(waveform)).novelty or 0.0 for waveform in speech]
    assert np.mean(np.array(found) >= STRANGE) < 0.2
