"""A head's files: what is saved comes back, and what was altered is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.heads.head import SETTINGS_FILE, WEIGHTS_FILE, Head, head_folder, identity, is_head, load, save
from pipeline.analysis.heads.score import HeadTone, logits, probabilities
from pipeline.errors import ModelCorrupt, ModelMissing, UserError

HEAD = Head(
    labels=("plain", "sarcastic"),
    encoder="made",
    weights=np.array([[1.0, 0.0, -1.0], [0.0, 0.0, 0.0]]),
    bias=np.array([0.5, 0.0]),
    temperature=2.0,
    labels_sha256="ab" * 32,
)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    save(HEAD, tmp_path / "h")
    back = load(tmp_path / "h")
    assert (back.labels, back.encoder, back.temperature, back.labels_sha256) == (
        HEAD.labels, HEAD.encoder, HEAD.temperature, HEAD.labels_sha256,
    )  # fmt: skip
    assert np.array_equal(back.weights, HEAD.weights)
    assert np.array_equal(back.bias, HEAD.bias)


def test_the_same_head_has_the_same_identity_and_another_has_not(tmp_path: Path) -> None:
    other = Head(HEAD.labels, HEAD.encoder, HEAD.weights + 1e-9, HEAD.bias, HEAD.temperature, HEAD.labels_sha256)
    for name, head in (("one", HEAD), ("same", HEAD), ("other", other)):
        save(head, tmp_path / name)
    assert (tmp_path / "one" / WEIGHTS_FILE).read_bytes() == (tmp_path / "same" / WEIGHTS_FILE).read_bytes()
    assert identity(tmp_path / "one") == identity(tmp_path / "same")
    assert identity(tmp_path / "one") != identity(tmp_path / "other")


@pytest.mark.parametrize("file", [SETTINGS_FILE, WEIGHTS_FILE])
def test_what_was_altered_or_lost_is_refused(tmp_path: Path, file: str) -> None:
    save(HEAD, tmp_path)
    path = tmp_path / file
    content = path.read_bytes()
    for broken in (content[:-10], b"", content.replace(b"0", b"1")):
        path.write_bytes(broken)
        if broken != content and not (file == SETTINGS_FILE and broken == content.replace(b"0", b"1")):
            with pytest.raises(ModelCorrupt, match="train it again"):
                load(tmp_path)
    path.unlink()
    with pytest.raises(ModelCorrupt):
        load(tmp_path)


def test_weights_hold_no_pickle(tmp_path: Path) -> None:
    save(HEAD, tmp_path)
    settings = (tmp_path / SETTINGS_FILE).read_text(encoding="utf-8")
    old = __import__("hashlib").sha256((tmp_path / WEIGHTS_FILE).read_bytes()).hexdigest()
    np.savez(tmp_path / WEIGHTS_FILE, weights=np.array([{"a": 1}], dtype=object), bias=HEAD.bias)
    new = __import__("hashlib").sha256((tmp_path / WEIGHTS_FILE).read_bytes()).hexdigest()
    (tmp_path / SETTINGS_FILE).write_text(settings.replace(old, new), encoding="utf-8")
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
    embeddings = np.array([[1.0, 9.0, 0.0], [0.0, 9.0, 1.5]], dtype=np.float32)
    assert logits(HEAD, embeddings).tolist() == [[1.5, 0.0], [-1.0, 0.0]]
    assert probabilities(HEAD, embeddings)[0].tolist() == pytest.approx(
        [1 / (1 + np.exp(-0.75)), 1 / (1 + np.exp(0.75))]
    )


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
    assert tone.encoder == "made"


def test_none_at_all_is_none() -> None:
    assert probabilities(HEAD, np.zeros((0, 3), dtype=np.float32)).shape == (0, 2)


def test_embeddings_of_another_size_are_a_sentence() -> None:
    with pytest.raises(UserError, match="reads embeddings of 3 numbers, these have 2: run the stage embed with made"):
        logits(HEAD, np.zeros((1, 2), dtype=np.float32))
