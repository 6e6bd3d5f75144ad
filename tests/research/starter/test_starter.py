"""The starter: the weights that ship, the recipe behind them, and figures for speakers it has not heard."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.heads.head import load
from pipeline.analysis.heads.score import logits, probabilities
from pipeline.analysis.heads.tone import HeadTone
from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.models.catalogue import STARTER_FOLDER
from pipeline.analysis.speech.encoder import WhisperEncoder
from pipeline.analysis.tone import calibration
from pipeline.errors import UserError
from pipeline.research.starter import card as starter_card
from pipeline.research.starter import conformal, recipe, train
from pipeline.research.starter import corpus as starter_corpus
from pipeline.research.starter.corpus import Corpus, Speech
from pipeline.research.starter.leave_speakers_out import Held, StarterCalibration, leave_speakers_out

EMOTIONS = ("angry", "happy", "neutral", "sad")
DIMS = 256
ENCODER = "whisper-base/block-3/normed/mean-louder"
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
    head, sizes = starter.head, set()
    assert head.set_threshold == 0.8362
    for seed in range(40):
        # from nothing but the mean of all speech, on which no label stands out, to far from it
        scale = 0.05 * seed
        noise = np.random.default_rng(seed).normal(size=SHIPPED_DIMS)
        tone = starter.score((head.mean + scale * np.sqrt(head.variance) * noise).astype(np.float32))
        assert tone.probabilities is not None
        assert tone.prediction_set is not None
        assert set(tone.prediction_set) == {label for label, p in tone.probabilities.items() if p >= head.set_threshold}
        assert not tone.prediction_set or tone.prediction_set[0] == tone.label
        sizes.add(len(tone.prediction_set))
    assert 1 in sizes
    assert len(sizes) > 1


def test_the_card_says_what_the_weights_are(starter: HeadTone) -> None:
    card = (SHIPPED / "card.md").read_text()
    head = starter.head
    assert f"Temperature {head.temperature:.4f}, threshold of the sets {head.set_threshold:.4f}" in card
    assert f"{SHIPPED_DIMS:,} numbers" in card
    assert f"true one in {recipe.COVERAGE:.0%} of" in card
    assert f"{recipe.COPIES} changed copies" in card
    assert f"shrunk by {recipe.SHRINKAGE:g} towards the diagonal" in card
    for needed in ("UAR", "not what a person feels", "ten", "CC0-1.0", "Not fit for statements about individuals"):
        assert needed in card
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 300_000


# ---------------------------------------------------------------- the recipe


@pytest.mark.parametrize("kinds", [2, 3])
@pytest.mark.parametrize("shrinkage", [0.0, 0.4, 1.0])
def test_the_recipe_is_discriminant_analysis_with_equal_labels(kinds: int, shrinkage: float) -> None:
    """By the formula: weights S⁻¹m and bias -½ mᵀS⁻¹m, m the mean of a label, S the shrunk covariance within labels."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(kinds), [50, 200, 90][:kinds])
    size = (labels.size, 6)
    inputs = generator.normal(size=(3, 6))[labels] + generator.normal(size=size) @ generator.normal(size=(6, 6))
    means = np.stack([inputs[labels == kind].mean(axis=0) for kind in range(kinds)])
    within = np.mean([np.cov(inputs[labels == kind], rowvar=False, ddof=0) for kind in range(kinds)], axis=0)
    shrunk = (1 - shrinkage) * within + shrinkage * np.diag(np.diag(within))
    expected = np.linalg.solve(shrunk, means.T).T
    scores = inputs @ expected.T - 0.5 * np.sum(means * expected, axis=1)
    weights, bias = recipe.discriminants(inputs, labels, shrinkage)
    ours = calibration.probabilities(inputs @ weights.T + bias)
    assert ours == pytest.approx(calibration.probabilities(scores), abs=1e-9)


def test_full_shrinkage_takes_the_numbers_as_independent() -> None:
    generator = np.random.default_rng(1)
    labels = np.repeat([0, 1], 100)
    inputs = labels[:, None] + generator.normal(size=(200, 3)) @ generator.normal(size=(3, 3))
    weights, bias = recipe.discriminants(inputs, labels, 1.0)
    means = np.stack([inputs[labels == label].mean(axis=0) for label in (0, 1)])
    variance = np.mean([inputs[labels == label].var(axis=0) for label in (0, 1)], axis=0)
    densities = np.stack([-0.5 * np.sum((inputs - mean) ** 2 / variance, axis=1) for mean in means], axis=1)
    scores = inputs @ weights.T + bias
    assert scores[:, 1] - scores[:, 0] == pytest.approx(densities[:, 1] - densities[:, 0])


def test_training_standardises_and_balances() -> None:
    data = corpus(each=20)
    head = recipe.train(data.embeddings, data.emotions)
    rows = data.embeddings.astype(np.float64)
    standardised = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    labels = np.unique(data.emotions, return_inverse=True)[1]
    weights, bias = recipe.discriminants(standardised, labels, recipe.SHRINKAGE)
    assert logits(head, data.embeddings) == pytest.approx(standardised @ weights.T + bias, abs=0.05, rel=1e-3)


def test_what_varies_within_a_label_is_discounted() -> None:
    """Two numbers tell the labels apart equally well, one of them varies more: it must count less."""
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], 500)
    inputs = labels[:, None] + generator.normal(size=(1_000, 2)) * np.array([0.5, 2.0])
    weights, bias = recipe.discriminants(inputs, labels, 0.2)
    steady, wavering = weights[1] - weights[0]
    assert steady / wavering == pytest.approx(16.0, rel=0.25)
    middle = weights @ np.array([0.5, 0.5]) + bias
    assert middle[0] == pytest.approx(middle[1], abs=0.3)


def test_training_repeats_exactly() -> None:
    data = corpus()
    one, other = (recipe.train(data.embeddings, data.emotions) for _ in range(2))
    for name in ("mean", "variance", "weights", "bias"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_a_saved_model_loads_with_the_same_scores(tmp_path: Path) -> None:
    data = corpus()
    head = recipe.train(data.embeddings, data.emotions, "made")
    train.save(head, StarterCalibration(0.5, 0.12504), "card", tmp_path / "mine")
    back = load(tmp_path / "mine")
    assert (back.labels, back.encoder, back.temperature, back.set_threshold) == (EMOTIONS, "made", 0.5, 0.125)
    expected = calibration.probabilities(logits(head, data.embeddings), 0.5)
    assert probabilities(back, data.embeddings) == pytest.approx(expected, abs=1e-12)
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == sorted(
        file.name for file in model_cache.MODELS["starter"].files
    )


# ---------------------------------------------------------------- speakers left out


def trial(training: Corpus, judged: Corpus | None = None, coverage: float = 0.8) -> Held:
    """The corpus judged clean and, with more noise or as given, in the way "music"."""
    noisy = training.embeddings + np.random.default_rng(9).normal(size=training.embeddings.shape) * 2
    music = judged or Corpus(noisy.astype(np.float32), training.emotions, training.speakers)
    return leave_speakers_out([training], {"clean": training, "music": music}, coverage)


def recall(held: Held, way: str) -> float:
    said = held.logits[way].argmax(axis=1)
    return calibration.unweighted_average_recall(calibration.confusion(held.truth, said, 4))


def test_unheard_speakers_are_recognised_when_emotion_sounds_alike_in_all() -> None:
    held = trial(corpus(each=16))
    assert held.labels == EMOTIONS
    assert recall(held, "clean") > 0.9
    text = starter_card.figures_text(held, 4, 0.8)
    assert f"| clean | {recall(held, 'clean'):.3f} |" in text
    assert f"| music | {recall(held, 'music'):.3f} |" in text
    assert "| clean and music | " in text
    assert "4 speakers" in text


def test_a_model_that_knows_only_its_own_speakers_is_at_chance() -> None:
    """Every speaker has other directions for the four emotions: what the others taught must not help."""
    parts = [corpus(speakers=1, each=40, seed=seed) for seed in range(4)]
    each = [np.full(len(part.emotions), f"s{number}") for number, part in enumerate(parts)]
    data = Corpus(
        np.concatenate([part.embeddings for part in parts]),
        np.concatenate([part.emotions for part in parts]),
        np.concatenate(each),
    )
    assert recall(trial(data), "clean") == pytest.approx(0.25, abs=0.12)


def test_a_speaker_has_no_part_in_the_own_calibration_or_training() -> None:
    data = corpus(each=16)
    mine = data.speakers == "s1"
    before = trial(data)
    changed = data.embeddings.copy()
    changed[mine] = np.random.default_rng(4).normal(size=changed[mine].shape) * 20
    after = trial(Corpus(changed, data.emotions, data.speakers))
    for field in ("temperature", "threshold"):
        own, others = getattr(before.own_calibration, field), getattr(after.own_calibration, field)
        assert np.array_equal(own[mine], others[mine]), field
        assert not np.array_equal(own[~mine], others[~mine]), field
    assert not np.array_equal(before.logits["clean"][~mine], after.logits["clean"][~mine])


def test_training_copies_of_a_speaker_are_left_out_with_the_speaker() -> None:
    data = corpus()
    mine = data.speakers == "s1"
    wild = data.embeddings.copy()
    wild[mine] = np.random.default_rng(4).normal(size=wild[mine].shape) * 20
    copy = Corpus(wild, data.emotions, data.speakers)
    plain = leave_speakers_out([data, data], {"clean": data, "music": data}, 0.8)
    other = leave_speakers_out([data, copy], {"clean": data, "music": data}, 0.8)
    assert np.array_equal(plain.logits["clean"][mine], other.logits["clean"][mine])
    assert not np.array_equal(plain.logits["clean"][~mine], other.logits["clean"][~mine])


def test_sets_cover_unheard_speakers_as_stated() -> None:
    held = trial(corpus(speakers=6, each=50, noise=2.5), coverage=0.8)
    covered = []
    for scores in held.logits.values():
        shares = calibration.probabilities(scores, held.own_calibration.temperature)
        sets = conformal.label_sets(shares, held.own_calibration.threshold)
        covered.append(conformal.measure_sets(sets, held.truth).coverage)
    assert np.mean(covered) == pytest.approx(0.8, abs=0.06)


def test_two_speakers_are_too_few() -> None:
    with pytest.raises(UserError, match="at least 3 speakers, not 2"):
        trial(corpus(speakers=2))


def test_reading_is_counted_by_label_with_what_it_is_sure_of() -> None:
    scores = np.log(np.array([[0.9, 0.05, 0.04, 0.01], [0.4, 0.35, 0.2, 0.05], [0.01, 0.01, 0.08, 0.9]]))
    text = starter_card.reading_text("mine", scores, EMOTIONS, StarterCalibration(1.0, 0.3))
    assert (
        "of mine, 3 utterances: angry 2 (sure of 1), happy 0 (sure of 0), neutral 0 (sure of 0), sad 1 (sure of 1)"
        in text
    )
    assert text.endswith("unsure of 1.")


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
    with pytest.raises(UserError, match="needs the columns emotion, file, speaker"):
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


# ---------------------------------------------------------------- the real thing


def emodb() -> Path:
    data = os.environ.get("CLIPTONE_DATA")
    if not data or not (Path(data) / "emodb4").is_dir():
        pytest.skip("CLIPTONE_DATA does not name a folder with emodb4/")
    return Path(data) / "emodb4"


@pytest.fixture(scope="module")
def real(whisper_encoder: WhisperEncoder) -> Corpus:
    return starter_corpus.embed(starter_corpus.read_speech(emodb()), whisper_encoder)


@pytest.mark.model
@pytest.mark.slow
def test_real_speakers_are_recognised_by_a_model_that_never_heard_them(real: Corpus) -> None:
    """Trained on clean speech alone: the command adds the changed copies, which takes minutes."""
    held = leave_speakers_out([real], {"clean": real}, 0.9)
    shares = calibration.probabilities(held.logits["clean"], held.own_calibration.temperature)
    sets = conformal.label_sets(shares, held.own_calibration.threshold)
    assert recall(held, "clean") >= 0.95
    assert calibration.expected_calibration_error(shares, held.truth) <= 0.05
    assert conformal.measure_sets(sets, held.truth).coverage == pytest.approx(0.9, abs=0.04)


@pytest.mark.model
@pytest.mark.slow
def test_the_shipped_weights_belong_to_the_encoder(real: Corpus, starter: HeadTone) -> None:
    said = [starter.score(embedding).label for embedding in real.embeddings]
    assert np.mean(np.array(said) == real.emotions) > 0.97  # of what it was trained on, so no figure to report
