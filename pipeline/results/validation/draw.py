"""A stratified draw: how many units to hear, which ones, and how many of the study each stands for."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Z_95 = 1.959963984540054  # of the standard normal distribution, for 95 %
LEAST_A_STRATUM = 2  # below that, nothing is known of the variation within it
Stratum = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Draw:
    """What was drawn, as indices into the population, with the weight and the stratum of each."""

    chosen: tuple[int, ...]
    weights: tuple[float, ...]  # units of the population that each stands for; they add up to the population
    strata: tuple[Stratum, ...]
    by: tuple[str, ...]  # what the strata are made of
    left_out: tuple[str, ...]  # that would have made strata too small

    @property
    def effective(self) -> float:
        """The size of a simple random sample that tells as much (Kish 1965)."""
        weights = np.array(self.weights)
        return float(weights.sum() ** 2 / (weights**2).sum())

    def margin(self, population: int) -> float:
        """Half the width of the 95 % interval of a share of one half, 0–1."""
        rest = max(population - len(self.chosen), 0) / max(population - 1, 1)
        return Z_95 * math.sqrt(0.25 * rest / self.effective)


def size_for(margin: float, population: int) -> int:
    """How many units give a share to within `margin` (0–1) at 95 %, at worst, out of a population (Cochran 1977)."""
    endless = Z_95**2 * 0.25 / margin**2
    return min(population, math.ceil(endless / (1 + (endless - 1) / population)))


def draw_for(
    margin: float, units: Sequence[Mapping[str, str]], by: Sequence[str], seed: int, size: int | None = None
) -> Draw:
    """Draw as many units as the margin asks for with the weights that the strata bring, or `size` of them."""
    wanted = min(size, len(units)) if size is not None else size_for(margin, len(units))
    while True:
        found = draw(units, by, wanted, seed)
        if size is not None or wanted >= len(units) or found.margin(len(units)) <= margin:
            return found
        wanted = min(len(units), wanted + max(1, wanted // 20))


def draw(units: Sequence[Mapping[str, str]], by: Sequence[str], size: int, seed: int) -> Draw:
    """Draw `size` units at random within strata, in proportion to their sizes and at least two of each.

    While that is more than `size` allows, the grouping with the most groups is left out.
    """
    kept, left_out = list(by), []
    while (strata := _strata(units, kept)) and len(strata) * LEAST_A_STRATUM > size and kept:
        widest = max(kept, key=lambda name: len({unit[name] for unit in units}))
        kept.remove(widest)
        left_out.append(widest)
    generator = np.random.default_rng(seed)
    chosen, weights, of = [], [], []
    for stratum, count in zip(strata, _allocated([len(one) for one in strata.values()], size), strict=True):
        members = strata[stratum]
        for place in sorted(generator.choice(len(members), count, replace=False).tolist()):
            chosen.append(members[place])
            weights.append(len(members) / count)
            of.append(stratum)
    return Draw(tuple(chosen), tuple(weights), tuple(of), tuple(kept), tuple(left_out))


def _strata(units: Sequence[Mapping[str, str]], by: Sequence[str]) -> dict[Stratum, list[int]]:
    """The units of each stratum, in the order of their names."""
    found = defaultdict(list)
    for place, unit in enumerate(units):
        found[tuple(unit[name] for name in by)].append(place)
    return dict(sorted(found.items()))


def _allocated(sizes: Sequence[int], wanted: int) -> list[int]:
    """How many of each stratum: in proportion, but two where there are two, by largest remainders."""
    whole = sum(sizes)
    exact = [wanted * size / whole for size in sizes]
    found = [min(size, max(LEAST_A_STRATUM, math.floor(share))) for size, share in zip(sizes, exact, strict=True)]
    while sum(found) < min(wanted, whole):
        behind = [
            share - got if got < size else -math.inf for size, share, got in zip(sizes, exact, found, strict=True)
        ]
        found[int(np.argmax(behind))] += 1
    return found
