"""Clips joined into groups that lie on one clock each: union-find (Tarjan 1975) that also keeps distances in time."""

from __future__ import annotations

from pipeline.records import Seconds


class Timelines:
    """Groups of clips by number; in a group it is known when each clip begins on the clock of the others."""

    def __init__(self, clips: int) -> None:
        self._above = list(range(clips))
        self._begins = [0.0] * clips  # on the clock of the one above
        self._sizes = [1] * clips

    def root(self, clip: int) -> int:
        """The clip that stands for the group."""
        path = []
        while self._above[clip] != clip:
            path.append(clip)
            clip = self._above[clip]
        # what is far from the root is hung directly below it, from the top down
        for one in reversed(path):
            above = self._above[one]
            if above != clip:
                self._begins[one] += self._begins[above]
                self._above[one] = clip
        return clip

    def begins(self, clip: int) -> Seconds:
        """When a clip begins on the clock of its group's root."""
        return 0.0 if self.root(clip) == clip else self._begins[clip]

    def join(self, first: int, second: int, offset_s: Seconds) -> None:
        """Have two clips be in one group; the second begins `offset_s` after the first."""
        one, other = self.root(first), self.root(second)
        if one == other:
            return
        apart = self.begins(first) + offset_s - self.begins(second)  # of the other's root, on the one's clock
        if self._sizes[one] < self._sizes[other]:
            one, other, apart = other, one, -apart
        self._above[other], self._begins[other] = one, apart
        self._sizes[one] += self._sizes[other]

    def groups(self) -> list[list[int]]:
        """The groups of two clips and more, each and all in the order of their numbers."""
        found: dict[int, list[int]] = {}
        for clip in range(len(self._above)):
            if self._sizes[self.root(clip)] > 1:
                found.setdefault(self.root(clip), []).append(clip)
        return list(found.values())
