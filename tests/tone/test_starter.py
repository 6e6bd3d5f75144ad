"""The starter: the weights that ship, the recipe behind them, and figures for speakers it has not heard."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from pipeline import models
from pipeline.errors import UserError
from pipeline.tone import evaluation, starter_card, starter_corpus, starter_recipe, train_starter
from pipeline.tone.model import StarterTone
from pipeline.tone.starter_corpus import Corpus

EMOTIONS = ("angry", "happy", "neutral", "sad")
DIMS = 2048
SHIPPED = train_starter.STARTER_FOLDER


def corpus(speakers: int = 4, each: int = 8, noise: float = 1.0, seed: int = 0) -> Corpus:
    """Made-up embeddings: a direction for each emotion, an offset for each speaker, and noise."""
    generator = np.random.default_rng(seed)
    directions = generator.normal(size=(4, DIMS))
    rows, emotions, names = [], [], []
    for speaker in range(speakers):
        offset = generator.normal(size=DIMS)
        for number in range(each + speaker):  # as in real corpora, not every label as often
            emotion = number % 4
            rows.append(directions[emotion] + offset + noise * 8 * generator.normal(size=DIMS))
            emotions.append(EMOTIONS[emotion])
            names.append(f"s{speaker}")
    return Corpus(np.array(rows, dtype=np.float32), np.array(emotions), np.array(names))


# ---------------------------------------------------------------- what ships


@pytest.fixture(scope="module")
def starter() -> StarterTone:
    return StarterTone(models.locate("starter"))


def test_the_shipped_weights_give_probabilities_of_the_documented_labels(starter: StarterTone) -> None:
    embedding = np.random.default_rng(1).normal(size=DIMS).astype(np.float32)
    tone = starter.score(embedding)
    assert tone.probabilities is not None
    assert tuple(tone.probabilities) == models.MODELS["starter"].labels
    assert sum(tone.probabilities.values()) == pytest.approx(1.0, abs=1e-12)
    assert tone.probability == max(tone.probabilities.values()) == tone.probabilities[str(tone.label)]
    assert starter.score(embedding) == tone
    assert starter.encoder == "whisper-base/blocks-3-4"


def test_speechbrain_itself_reads_the_shipped_folder_and_agrees(starter: StarterTone) -> None:
    import torch
    from hyperpyyaml import load_hyperpyyaml

    hparams = load_hyperpyyaml((SHIPPED / "hyperparams.yaml").read_text(), {"pretrained_path": str(SHIPPED)})
    hparams["pretrainer"].collect_files()
    hparams["pretrainer"].load_collected()
    hparams["model"].eval()
    embedding = np.random.default_rng(2).normal(size=DIMS).astype(np.float32)
    logits = starter_recipe.logits(hparams, embedding[None])
    shares = evaluation.probabilities(logits, hparams["temperature"])[0]
    labels = hparams["label_encoder"].decode_torch(torch.arange(4))
    tone = starter.score(embedding)
    assert tone.probabilities == pytest.approx(dict(zip(labels, shares, strict=True)), abs=1e-6)


def test_the_card_says_what_the_weights_are(starter: StarterTone) -> None:
    card = (SHIPPED / "card.md").read_text()
    temperature = re.search(r"^temperature: (\S+)$", (SHIPPED / "hyperparams.yaml").read_text(), re.MULTILINE)
    assert temperature is not None
    assert f"({temperature[1]})" in card
    for needed in ("UAR", "not what a person feels", "ten", "CC0-1.0", "Not fit for statements about individuals"):
        assert needed in card
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 300_000


# ---------------------------------------------------------------- the recipe


def test_the_recipe_is_balanced_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    training, unheard = corpus(each=20), corpus(speakers=1, seed=5)
    reference = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=5000, tol=1e-8)
    ).fit(training.embeddings, training.emotions)
    trained = starter_recipe.train(training.embeddings, training.emotions, SHIPPED)
    ours = evaluation.probabilities(starter_recipe.logits(trained, unheard.embeddings))
    assert ours == pytest.approx(reference.predict_proba(unheard.embeddings), abs=1e-3)


def test_training_repeats_exactly() -> None:
    import torch

    data = corpus()
    one, other = (starter_recipe.train(data.embeddings, data.emotions, SHIPPED)["model"] for _ in range(2))
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name]), name


def test_a_saved_model_loads_with_the_same_scores(tmp_path: Path) -> None:
    data = corpus()
    trained = starter_recipe.train(data.embeddings, data.emotions, SHIPPED)
    train_starter.save(trained, 0.5, "card", tmp_path / "mine")
    model = StarterTone(tmp_path / "mine")
    expected = evaluation.probabilities(starter_recipe.logits(trained, data.embeddings), 0.5)
    scored = [list((model.score(row).probabilities or {}).values()) for row in data.embeddings]
    assert np.array(scored) == pytest.approx(expected, abs=1e-6)
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == sorted(
        file.name for file in models.MODELS["starter"].files
    )


def test_a_folder_without_temperature_is_refused(tmp_path: Path) -> None:
    for name in ("classifier.ckpt", "label_encoder.txt"):
        (tmp_path / name).write_bytes((SHIPPED / name).read_bytes())
    text = (SHIPPED / "hyperparams.yaml").read_text()
    (tmp_path / "hyperparams.yaml").write_text(re.sub(r"(?m)^temperature.*$", "", text))
    with pytest.raises(UserError, match="does not say temperature"):
        StarterTone(tmp_path)


# ---------------------------------------------------------------- speakers left out


def test_unheard_speakers_are_recognised_when_emotion_sounds_alike_in_all() -> None:
    data = corpus(each=16)
    held = train_starter.leave_speakers_out(data, SHIPPED)
    figures = starter_card.measure(held.logits, held.truth, held.own_temperature, data)
    assert evaluation.unweighted_average_recall(figures.counts) > 0.9
    assert figures.counts.sum() == len(data.emotions)
    assert figures.speakers == 4


def test_labels_that_mean_nothing_give_chance() -> None:
    data = corpus(each=40)
    shuffled = np.random.default_rng(3).permutation(data.emotions)
    held = train_starter.leave_speakers_out(Corpus(data.embeddings, shuffled, data.speakers), SHIPPED)
    counts = evaluation.confusion(held.truth, held.logits.argmax(axis=1), 4)
    assert evaluation.unweighted_average_recall(counts) == pytest.approx(0.25, abs=0.12)


def test_a_speaker_has_no_part_in_the_own_temperature_or_training() -> None:
    data = corpus(noise=2.0)
    mine = data.speakers == "s1"
    before = train_starter.leave_speakers_out(data, SHIPPED)
    changed = data.embeddings.copy()
    changed[mine] = np.random.default_rng(4).normal(size=changed[mine].shape) * 20
    after = train_starter.leave_speakers_out(Corpus(changed, data.emotions, data.speakers), SHIPPED)
    assert np.array_equal(before.own_temperature[mine], after.own_temperature[mine])
    assert not np.array_equal(before.own_temperature[~mine], after.own_temperature[~mine])
    assert not np.array_equal(before.logits[~mine], after.logits[~mine])


def test_two_speakers_are_too_few() -> None:
    with pytest.raises(UserError, match="at least 3 speakers, not 2"):
        train_starter.leave_speakers_out(corpus(speakers=2), SHIPPED)


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
    read = starter_corpus.read_corpus(tmp_path, Loudness())
    assert read.emotions.tolist() == ["sad", "angry"]
    assert read.speakers.tolist() == ["03", "08"]
    # no speech in a pure tone: the whole utterance counts
    assert read.embeddings == pytest.approx(np.array([[1.0, 0.25], [1.0, 0.5]]), abs=0.01)
    assert read.only(read.speakers == "08").emotions.tolist() == ["angry"]


def test_what_is_wrong_with_a_corpus_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no labels\.csv"):
        starter_corpus.read_corpus(tmp_path, Loudness())
    write_corpus(tmp_path, header="file,speaker,sentence,feeling")
    with pytest.raises(UserError, match="needs the columns emotion, file, speaker"):
        starter_corpus.read_corpus(tmp_path, Loudness())
    write_corpus(tmp_path, sample_rate=8_000)
    with pytest.raises(UserError, match="not mono 16000 Hz"):
        starter_corpus.read_corpus(tmp_path, Loudness())


# ---------------------------------------------------------------- the real thing


def emodb() -> Path:
    data = os.environ.get("CLIPTONE_DATA")
    if not data or not (Path(data) / "emodb4").is_dir():
        pytest.skip("CLIPTONE_DATA does not name a folder with emodb4/")
    if models.find("whisper-base") is None:
        pytest.skip("the Whisper base weights are not on this machine")
    return Path(data) / "emodb4"


@pytest.mark.model
@pytest.mark.slow
def test_the_command_reaches_the_documented_recall_and_makes_the_shipped_model_again(tmp_path: Path) -> None:
    import typer

    folder = emodb()
    app = typer.Typer()
    app.command()(train_starter.main)
    result = CliRunner().invoke(app, [str(folder), "--output", str(tmp_path)], catch_exceptions=False)
    recall = re.search(r"\(UAR\): (\d\.\d+)", result.output)
    errors = re.search(r"bins\): (\d\.\d+) before temperature scaling, (\d\.\d+) after", result.output)
    assert recall is not None
    assert errors is not None
    assert float(recall[1]) >= 0.94
    assert float(errors[2]) <= min(float(errors[1]), 0.05)
    card: Any = (SHIPPED / "card.md").read_text()
    assert recall[0] in card, "the shipped card states another recall than the command prints"
    embeddings = np.random.default_rng(0).normal(size=(5, DIMS)).astype(np.float32)
    shipped, again = StarterTone(SHIPPED), StarterTone(tmp_path)
    for embedding in embeddings:
        assert again.score(embedding).probabilities == pytest.approx(shipped.score(embedding).probabilities, abs=0.01)
