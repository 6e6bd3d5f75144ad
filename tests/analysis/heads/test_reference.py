"""What a study's voices are read against: half-way at most, less far the less stands behind it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.analysis.heads import reference
from pipeline.analysis.heads.head import LinearHead
from pipeline.analysis.heads.reference import StudyReference, against_study, read_against
from pipeline.analysis.heads.score import logits
from pipeline.errors import ModelCorrupt

DIMS = 6


def head(encoder: str = "made") -> LinearHead:
    weights = np.random.default_rng(0).normal(size=(3, DIMS))
    return LinearHead(("a", "b", "c"), encoder, np.zeros(DIMS), np.ones(DIMS), weights, np.zeros(3), temperature=1.0)


def taken(regions: int = 10_000, authors: int = 10_000, encoder: str = "made") -> StudyReference:
    return StudyReference(encoder, np.full(DIMS, 4.0), np.full(DIMS, 9.0), regions, authors)


def test_a_large_study_is_read_half_way() -> None:
    read = against_study(head(), taken())
    assert read.mean == pytest.approx(2.0, rel=1e-2)
    assert np.sqrt(read.variance) == pytest.approx(2.0, rel=1e-2)  # half-way between spreads of 1 and 3


def test_few_regions_or_few_authors_hardly_move_the_head() -> None:
    shares = [taken(*counts).share for counts in ((0, 50), (20, 1), (20, 50), (1_000, 4), (1_000, 50), (10**9, 10**9))]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[1] == pytest.approx(0.05), "twenty regions of one voice say how that voice sounds, not the study"
    assert shares[-1] == pytest.approx(0.5)


def test_a_share_of_one_takes_room_and_level_out() -> None:
    """Voices of a study that differ from the training by a shift and a scale alone score as those of the training."""
    voices = np.random.default_rng(1).normal(size=(500, DIMS)).astype(np.float32)
    shifted = voices * 3 + 4
    read = read_against(head(), shifted.mean(axis=0), shifted.var(axis=0), 1.0)
    plain = read_against(head(), voices.mean(axis=0), voices.var(axis=0), 1.0)
    assert logits(read, shifted) == pytest.approx(logits(plain, voices), abs=1e-4)


def test_a_reference_of_another_encoder_is_refused() -> None:
    """Else a study would say that it was read against itself, and was not."""
    with pytest.raises(ModelCorrupt, match=r"reference is of made, the head reads other: .*--remove"):
        against_study(head("other"), taken())
    short = StudyReference("made", np.zeros(2), np.ones(2), 100, 10)
    with pytest.raises(ModelCorrupt):
        against_study(head(), short)


def test_it_is_stored_and_read_again_with_a_digest(tmp_path: Path) -> None:
    path = tmp_path / "heads" / "reference.npz"
    reference.save(taken(30, 7), path)
    first = reference.digest(path)
    back = reference.load(path)
    assert (back.encoder, back.regions, back.authors) == ("made", 30, 7)
    assert np.array_equal(back.mean, np.full(DIMS, 4.0))
    assert np.array_equal(back.variance, np.full(DIMS, 9.0))
    reference.save(taken(30, 7), path)
    assert reference.digest(path) == first, "the same study gives the same reference, so nothing is scored again"
    reference.save(taken(31, 7), path)
    assert reference.digest(path) != first


@pytest.mark.parametrize("content", [b"", b"not a file of numpy", b"PK\x03\x04 cut"])
def test_a_file_that_is_not_a_reference_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "reference.npz"
    path.write_bytes(content)
    with pytest.raises(ModelCorrupt, match="cliptone reference --remove"):
        reference.load(path)


def test_an_array_in_its_place_is_said(tmp_path: Path) -> None:
    path = tmp_path / "reference.npz"
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ModelCorrupt, match="cliptone reference --remove"):
        reference.load(path)


@pytest.mark.parametrize("position", range(0, 900, 60))
def test_a_changed_byte_gives_a_reference_or_a_sentence(tmp_path: Path, position: int) -> None:
    path = tmp_path / "reference.npz"
    reference.save(taken(30, 7), path)
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 0xFF
    path.write_bytes(content)
    with contextlib.suppress(ModelCorrupt):
        assert 0 <= reference.load(path).share <= 0.5


@pytest.mark.parametrize(
    ("mean", "variance", "regions", "authors"),
    [
        (np.zeros(3), np.ones(2), 10, 2), (np.full(3, np.nan), np.ones(3), 10, 2), (np.zeros(3), -np.ones(3), 10, 2),
        (np.zeros(3), np.full(3, np.inf), 10, 2), (np.zeros((1, 3)), np.ones((1, 3)), 10, 2),
        (np.zeros(3), np.ones(3), -20, 2), (np.zeros(3), np.ones(3), 10, -4),
    ],
    ids=["sizes", "no number", "negative spread", "infinite spread", "two dimensions", "regions", "authors"],
)  # fmt: skip
def test_numbers_that_no_speech_gives_are_refused(
    tmp_path: Path, mean: NDArray[np.float64], variance: NDArray[np.float64], regions: int, authors: int
) -> None:
    path = tmp_path / "reference.npz"
    reference.save(StudyReference("made", mean, variance, regions, authors), path)
    with pytest.raises(ModelCorrupt, match="cannot be used"):
        reference.load(path)
