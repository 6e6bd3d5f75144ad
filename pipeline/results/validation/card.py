"""The measurement card of a study: what people checked, how far they agreed, and where each model fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.results.study import StudyReader
from pipeline.results.validation.coded import read_coded, samples_with_answers
from pipeline.results.validation.report import Agreement, agreement, labels_name

DIGITS = 3
LEAST_SOUNDS = 10  # of a group that is named as one where a model fails
LAST = """
    SELECT model, grouping, group_value, measure, label, value, ci_low, ci_high, n
    FROM evaluations
    WHERE labels_file = $file
    QUALIFY evaluated_at = max(evaluated_at) OVER (PARTITION BY model)
    ORDER BY model, grouping, group_value, measure, label
"""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """How right one model is against the majority of coders; None is unknown."""

    model: str
    n: int
    uar: float | None
    low: float | None
    high: float | None
    weakest_tone: tuple[str, float] | None  # recognised least often, and how often
    weakest_group: tuple[str, float] | None  # grouping and group with the lowest UAR


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of one sample."""

    sample: str
    sounds: int
    coders: int
    alphas: tuple[Agreement, ...]
    models: tuple[ModelCard, ...]


def cards(reader: StudyReader) -> Iterator[Card]:
    """A card for each sample that somebody has answered, from the published results alone."""
    for sample in samples_with_answers(reader):
        coded = read_coded(reader, sample)
        rows = reader.arrow(LAST, {"file": labels_name(sample)}).to_pylist()
        models = tuple(
            _model_card(model, [row for row in rows if row["model"] == model])
            for model in dict.fromkeys(row["model"] for row in rows)
        )
        alphas = tuple(one for one in agreement(coded) if one.measure.startswith("alpha"))
        yield Card(sample, len(coded.sounds), len(coded.coders), alphas, models)


def _model_card(model: str, rows: list[dict[str, Any]]) -> ModelCard:
    whole = next((row for row in rows if row["grouping"] == "all" and row["measure"] == "uar"), None)
    recalls = [(row["value"], row["label"]) for row in rows
               if row["grouping"] == "all" and row["measure"] == "recall" and row["value"] is not None]  # fmt: skip
    groups = [(row["value"], f"{row['grouping'].replace('_', ' ')} {row['group_value']}") for row in rows
              if row["grouping"] != "all" and row["measure"] == "uar" and row["value"] is not None
              and row["n"] >= LEAST_SOUNDS]  # fmt: skip
    value, low, high = (_rounded(whole[name] if whole else None) for name in ("value", "ci_low", "ci_high"))
    return ModelCard(model, whole["n"] if whole else 0, value, low, high, _least(recalls), _least(groups))


def _least(found: list[tuple[float, str]]) -> tuple[str, float] | None:
    if not found:
        return None
    value, name = min(found)
    return name, round(value, DIGITS)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
