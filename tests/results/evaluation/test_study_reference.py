"""The reference of a study: of speech with enough evidence alone, by author, and as a command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.analysis.heads import reference
from pipeline.errors import UserError
from pipeline.results.evaluation.study_reference import take_reference
from pipeline.study.config import Study
from tests.support.command import cliptone, mistake
from tests.support.evaluation_study import ENCODER, clip, make_study
from tests.support.small_study import tones

FAR = 1_000.0


def study_of(folder: Path, clips: int) -> Study:
    """Clips of two scored regions each, by an author for every two clips, one of them without a name, and one region
    of a clip whose tone could not be scored."""
    generator = np.random.default_rng(0)
    rows = []
    for number in range(clips):
        drawn = generator.normal([1.0, 2.0, 3.0, 4.0], [1, 2, 3, 4], (2, 4))
        rows += clip(f"x:{number}", [(one, None) for one in drawn], author=f"a{number // 2}" if number else None)
        rows += tones(f"x:{number}", [{"warm": 0.9, "cold": 0.1}] * 2, "starter")
    rows += clip("x:noise", [(np.full(4, FAR), None)], author="z")
    rows += tones("x:noise", [None], "starter")
    return make_study(folder, rows)


def test_mean_and_spread_are_those_of_scored_speech(tmp_path: Path) -> None:
    study = study_of(tmp_path, 400)
    taken = take_reference(study.folder, ENCODER)
    assert (taken.encoder, taken.regions) == (ENCODER, 800)
    assert taken.authors == 201, "who is not known counts as one"
    assert taken.mean == pytest.approx([1, 2, 3, 4], abs=0.4), "what had no evidence has no part"
    assert np.sqrt(taken.variance) == pytest.approx([1, 2, 3, 4], rel=0.1)
    assert np.array_equal(reference.load(study.folder.reference).mean, taken.mean)


def test_too_little_speech_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    study = study_of(tmp_path, 4)
    with pytest.raises(UserError, match=r"at least 10 speech regions .* has 8"):
        take_reference(study.folder, ENCODER)
    assert not study.folder.reference.exists()


@pytest.mark.slow
def test_embeddings_of_another_version_are_not_taken(tmp_path: Path) -> None:
    study = study_of(tmp_path, 40)
    with pytest.raises(UserError, match=f"by today now, not by {ENCODER}: run the study first"):
        take_reference(study.folder, "today")
    assert "run the study first" in mistake(cliptone("reference", str(study.file.path), cwd=tmp_path))


@pytest.mark.slow
def test_a_reference_that_cannot_be_taken_again_stays_and_says_so(tmp_path: Path) -> None:
    study = study_of(tmp_path, 4)
    study.folder.reference.parent.mkdir(parents=True)
    study.folder.reference.write_bytes(b"damaged")
    with pytest.raises(UserError, match="has 8; the reference that was taken before stays"):
        take_reference(study.folder, ENCODER)
    assert "removed" in cliptone("reference", str(study.file.path), "--remove", cwd=tmp_path).stdout
    assert not study.folder.reference.exists()
    assert "none was taken" in cliptone("reference", str(study.file.path), "--remove", cwd=tmp_path).stdout
