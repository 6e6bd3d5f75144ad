"""What a study's voices are read against: the mean and spread of its own speech embeddings, half-way to the training's.

A voice differs from the other voices of its study less by room, language and microphone than from those that a head was
trained on, so that a head finds tones of strangers more often. A study that is nearly of one tone makes that tone its
middle, which costs accuracy: so a reference goes half-way at most, less far the fewer regions and authors stand behind
it, and is taken only when somebody asks for it.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.analysis.heads.head import LinearHead
from pipeline.errors import ModelCorrupt
from pipeline.study import files
from pipeline.study.files import sha256_of

MOST_SHARE = 0.5  # of the study in the mean and spread that its embeddings are standardised by
HALF_REGIONS, HALF_AUTHORS = 20, 4  # with so many, the study counts half as much as with endlessly many
TRAINING = "training"  # `emotions.reference` of regions that were read against the training set
REMEDY = "give it up with `cliptone reference --remove`, run the study, and take it again"
DIGEST_LENGTH = 12  # of the digest that `emotions.reference` shows


@dataclass(frozen=True, eq=False)
class StudyReference:
    """Mean and variance of the speech embeddings of a study by one encoder, and how many stand behind them."""

    encoder: str
    mean: NDArray[np.float64]  # (dims,)
    variance: NDArray[np.float64]  # (dims,)
    regions: int
    authors: int

    @property
    def share(self) -> float:
        """How far a head goes from its training set towards this study, 0–0.5."""
        by_regions = self.regions / (self.regions + HALF_REGIONS)
        return MOST_SHARE * by_regions * self.authors / (self.authors + HALF_AUTHORS)


def against_study(head: LinearHead, reference: StudyReference) -> LinearHead:
    """The head as it reads the voices of a study; `ModelCorrupt` for a reference of another encoder."""
    if (reference.encoder, reference.mean.size) != (head.encoder, head.mean.size):
        raise ModelCorrupt(f"the study's reference is of {reference.encoder}, the head reads {head.encoder}: {REMEDY}")
    return read_against(head, reference.mean, reference.variance, reference.share)


def read_against(
    head: LinearHead, mean: NDArray[np.float64], variance: NDArray[np.float64], share: float
) -> LinearHead:
    """A head whose embeddings are standardised by a share of another mean and spread, the rest by its own."""
    spread = (1 - share) * np.sqrt(head.variance) + share * np.sqrt(variance)
    return replace(head, mean=(1 - share) * head.mean + share * mean, variance=np.square(spread))


def save(reference: StudyReference, path: Path) -> None:
    """Write a reference, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        np.savez(
            file,
            encoder=np.array(reference.encoder),
            mean=reference.mean,
            variance=reference.variance,
            counts=np.array([reference.regions, reference.authors]),
        )
    files.put(part, path)


def load(path: Path) -> StudyReference:
    """Read the reference of a study; `ModelCorrupt` for a file that is not one."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            regions, authors = (int(count) for count in stored["counts"])
            found = StudyReference(str(stored["encoder"]), stored["mean"], stored["variance"], regions, authors)
        _check(found)
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        TypeError,
        AttributeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ModelCorrupt(f"the study's reference {path} cannot be used ({error}): {REMEDY}") from error
    return found


def digest(path: Path) -> str:
    """Digest of a study's reference."""
    return sha256_of(path)


def _check(reference: StudyReference) -> None:
    """`ValueError` for numbers that no speech gives."""
    if reference.mean.ndim != 1 or reference.mean.shape != reference.variance.shape:
        raise ValueError("its mean and spread do not fit each other")
    if not (np.isfinite(reference.mean).all() and np.isfinite(reference.variance).all()):
        raise ValueError("it holds what is no number")
    if (reference.variance < 0).any() or reference.regions < 1 or reference.authors < 1:
        raise ValueError("it holds what cannot be counted or measured")
