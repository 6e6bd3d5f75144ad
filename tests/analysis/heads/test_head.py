"""A linear head's folder: what is saved comes back, what was altered is refused, and scores are as by hand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.heads.head import LABELS_FILE, WEIGHTS_FILE, identity, load
from pipeline.analysis.heads.save import save
from pipeline.analysis.heads.score import logits, probabilities
from pipeline.analysis.heads.study_heads import head_folder, is_head
from pipeline.analysis.heads.tone import HeadTone
from pipeline.analysis.models.catalogue import OVERLAP_FOLDER, STARTER_FOLDER
from pipeline.analysis.tone.hyperparams import HYPERPARAMS_FILE
from pipeline.errors import ModelCorrupt, ModelMissing, UserError
from tests.support.made_heads import HEAD


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    drawn = replace(
        HEAD,
        labels=('it\'s "loud"', "ruhig, müde", "a\nb"),
        weights=np.asfortranarray(generator.normal(size=(3, 3))),
        bias=generator.normal(size=3),
        mean=generator.normal(size=3),
        variance=generator.random(3),
        temperature=2.529297996446145,
        set_threshold=1e-5,
    )
    for number, head in enumerate((HEAD, drawn)):
        save(head, tmp_path / str(number))
        back = load(tmp_path / str(number))
        for name in ("labels", "encoder", "temperature", "set_threshold", "labels_sha256"):
            assert getattr(back, name) == getattr(head, name), name
        for name in ("mean", "variance", "weights", "bias"):
            assert np.array_equal(getattr(back, name), getattr(head, name)), name
        assert back.weights.flags.f_contiguous == head.weights.flags.f_contiguous, "sums end in the same last digit"


def test_the_same_head_has_the_same_identity_and_another_has_not(tmp_path: Path) -> None:
    other = replace(HEAD, weights=HEAD.weights + 1e-9)
    for name, head in (("one", HEAD), ("same", HEAD), ("other", other), ("named", replace(HEAD, labels=("a", "b")))):
        save(head, tmp_path / name)
    assert (tmp_path / "one" / WEIGHTS_FILE).read_bytes() == (tmp_path / "same" / WEIGHTS_FILE).read_bytes()
    assert identity(tmp_path / "one") == identity(tmp_path / "same")
    assert len({identity(tmp_path / name) for name in ("one", "other", "named")}) == 3


def test_a_head_keeps_the_identity_that_it_is_given(tmp_path: Path) -> None:
    save(HEAD, tmp_path, identity="ab" * 32)
    assert identity(tmp_path) == "ab" * 32


def test_saving_leaves_nothing_else(tmp_path: Path) -> None:
    for _ in range(2):
        save(HEAD, tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {HYPERPARAMS_FILE, WEIGHTS_FILE, LABELS_FILE}


@pytest.mark.parametrize("folder", [STARTER_FOLDER, OVERLAP_FOLDER], ids=["starter", "overlap"])
def test_what_ships_is_as_it_would_be_saved(tmp_path: Path, folder: Path) -> None:
    save(load(folder), tmp_path)
    for name in (HYPERPARAMS_FILE, LABELS_FILE):
        assert (tmp_path / name).read_text(encoding="utf-8") == (folder / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("file", [HYPERPARAMS_FILE, WEIGHTS_FILE, LABELS_FILE])
def test_what_was_altered_or_lost_is_refused(tmp_path: Path, file: str) -> None:
    save(HEAD, tmp_path)
    path = tmp_path / file
    content = path.read_bytes()
    for broken in (content[: len(content) // 2], b"", content.replace(b"0", b"x")):
        path.write_bytes(broken)
        with pytest.raises(ModelCorrupt, match="train it again"):
            load(tmp_path)
    path.unlink()
    with pytest.raises(ModelCorrupt):
        load(tmp_path)


@pytest.mark.parametrize(
    ("said", "instead"),
    [("embedding_dim: 3", "embedding_dim: 4"), ("out_n_neurons: 2", "out_n_neurons: 3"), ("    eps: 0.0\n", "")],
)
def test_settings_that_do_not_fit_the_files_are_refused(tmp_path: Path, said: str, instead: str) -> None:
    save(HEAD, tmp_path)
    text = (tmp_path / HYPERPARAMS_FILE).read_text(encoding="utf-8")
    assert said in text
    (tmp_path / HYPERPARAMS_FILE).write_text(text.replace(said, instead), encoding="utf-8")
    with pytest.raises(ModelCorrupt):
        load(tmp_path)


def test_names_of_heads(tmp_path: Path) -> None:
    assert is_head("heads/sarcasm")
    assert not is_head("starter")
    for name in ("heads/../x", "heads/", "heads/a b", "heads/a/b"):
        assert not is_head(name)
        with pytest.raises(UserError, match="letters, digits"):
            head_folder(name, tmp_path)
    save(HEAD, tmp_path / "sarcasm")
    assert head_folder("heads/sarcasm", tmp_path) == tmp_path / "sarcasm"
    for folder in (tmp_path / "elsewhere", None):
        with pytest.raises(ModelMissing, match="cliptone train-head"):
            head_folder("heads/sarcasm", folder)


def test_scores_by_hand() -> None:
    embeddings = np.array([[3.0, 9.0, 0.5], [1.0, 9.0, 2.0]], dtype=np.float32)  # standardised: (1, 9, 0), (0, 9, 1.5)
    assert logits(HEAD, embeddings).tolist() == [[1.5, 0.0], [-1.0, 0.0]]
    assert probabilities(HEAD, embeddings)[0].tolist() == pytest.approx(
        [1 / (1 + np.exp(-0.75)), 1 / (1 + np.exp(0.75))]
    )


def test_the_softmax_is_that_of_scipy_to_the_last_digit() -> None:
    from scipy.special import softmax

    embeddings = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32) * 50
    expected = softmax(logits(HEAD, embeddings) / HEAD.temperature, axis=1)
    assert np.array_equal(probabilities(HEAD, embeddings), expected)


def test_many_at_once_are_as_one_by_one(tmp_path: Path) -> None:
    save(HEAD, tmp_path)
    tone = HeadTone(tmp_path)
    embeddings = np.random.default_rng(0).normal(size=(3_000, 3)).astype(np.float32)
    together = probabilities(HEAD, embeddings)
    for index in (0, 1, 1_023, 1_024, 2_999):
        one = tone.score(embeddings[index])
        assert one.probabilities == pytest.approx(dict(zip(HEAD.labels, together[index], strict=True)))
        assert one.label == max(one.probabilities, key=lambda name: (one.probabilities or {})[name])  # type: ignore[arg-type]
        assert one.probability == max((one.probabilities or {}).values())
        assert one.prediction_set is None, "it has no threshold"
    assert tone.encoder == "made"


def test_a_head_with_a_threshold_gives_sets(tmp_path: Path) -> None:
    save(replace(HEAD, set_threshold=0.4), tmp_path)
    tone = HeadTone(tmp_path)
    undecided, decided = np.array([0.0, 0.0, 0.5]), np.array([9.0, 0.0, 0.5])
    assert set(tone.score(undecided.astype(np.float32)).prediction_set or ()) == {"plain", "sarcastic"}
    assert tone.score(decided.astype(np.float32)).prediction_set == ("plain",)


def test_none_at_all_is_none() -> None:
    assert probabilities(HEAD, np.zeros((0, 3), dtype=np.float32)).shape == (0, 2)


def test_embeddings_of_another_size_are_a_sentence() -> None:
    with pytest.raises(UserError, match="reads embeddings of 3 numbers, these have 2: run the stage embed with made"):
        logits(HEAD, np.zeros((1, 2), dtype=np.float32))


def test_reading_and_scoring_a_head_imports_neither_torch_nor_scipy() -> None:
    """Each worker does both, and would take seconds longer to start."""
    code = (
        "import sys, numpy as np; from pathlib import Path; from pipeline.analysis.heads.tone import HeadTone; "
        f"HeadTone(Path({str(STARTER_FOLDER)!r})).score(np.zeros(1024, dtype=np.float32)); "
        "sys.exit(', '.join({'torch', 'scipy', 'sklearn', 'speechbrain'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
