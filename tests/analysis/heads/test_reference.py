"""What a study's voices are read against: half-way at most, less far the less stands behind it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.heads import reference
from pipeline.analysis.heads.head import LinearHead
from pipeline.analysis.heads.reference import Reference, against_study, read_against
from pipeline.analysis.heads.score import logits
from pipeline.errors import ModelCorrupt

DIMS = 6


def head(encoder: str = "made") -> LinearHead:
    weights = np.random.default_rng(0).normal(size=(3, DIMS))
    return LinearHead(("a", "b", "c"), encoder, np.zeros(DIMS), np.ones(DIMS), weights, np.zeros(3), temperature=1.0)


def taken(regions: int = 10_000, authors: int = 10_000, encoder: str = "made") -> Reference:
    return Reference(encoder, np.full(DIMS, 4.0), np.full(DIMS, 9.0), regions, authors)


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


def test_a_reference_of_another_encoder_changes_nothing() -> None:
    mine = head("other")
    assert against_study(mine, taken()) is mine


def test_it_is_stored_and_read_again_with_a_digest(tmp_path: Path) -> None:
    path = tmp_path / "heads" / "reference.npz"
    assert reference.digest(path) is None
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
    with pytest.raises(ModelCorrupt, match="cliptone reference"):
        reference.load(path)
