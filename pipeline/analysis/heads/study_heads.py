"""Heads that were trained on a study's own labels: their names, and their folders in the study's folder of heads."""

from __future__ import annotations

from pathlib import Path

from pipeline.analysis.heads import old_format
from pipeline.analysis.tone.hyperparams import HYPERPARAMS_FILE
from pipeline.errors import ModelMissing, UserError
from pipeline.study.config import NAME

PREFIX = "heads/"  # of the name that a study file and `emotions.model` give it


def is_head(model: str) -> bool:
    """True for the name of a head, as in heads/sarcasm."""
    return model.startswith(PREFIX) and NAME.fullmatch(model.removeprefix(PREFIX)) is not None


def check_name(name: str) -> str:
    """A head's own name; `UserError` unless it holds letters, digits, - and _ alone."""
    if not NAME.fullmatch(name):
        raise UserError(f"a head's name may hold letters, digits, - and _ alone, not {name!r}")
    return name


def head_folder(model: str, heads: Path | None) -> Path:
    """The folder of heads/NAME in a study's folder of heads; `ModelMissing` if it is not there.

    A head that an earlier version wrote is rewritten in today's format first.
    """
    name = check_name(model.removeprefix(PREFIX))
    if heads is not None:
        old_format.convert(heads / name)
    if heads is None or not (heads / name / HYPERPARAMS_FILE).is_file():
        raise ModelMissing(f"this study has no head {name!r}: train it with `cliptone train-head LABELS.csv`")
    return heads / name
