"""Apply the filters of a study: which posts are excluded before any media is fetched, by which rule and why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from pipeline.analysis.text.words import language_of
from pipeline.records import ClipRow, ObservationRow
from pipeline.study.filters import FilterOptions

MIN_WORDS = 4  # fewer words do not show a language
MIN_LANGUAGE_PROBABILITY = 0.9


class PostFilter:
    """The filters of one study, applied to its posts."""

    def __init__(self, options: FilterOptions) -> None:
        self._options = options

    def keeps_out(self, clip: ClipRow, counts: ObservationRow | None) -> tuple[str, str] | None:
        """The rule that excludes a post, with a sentence on what was found; None if it stays in."""
        length, likes = clip.declared_duration_s, counts.likes if counts else None
        day = clip.posted_at.date() if clip.posted_at else None
        rules: Iterable[tuple[str, object, bool]] = (
            ("min_duration_s", length, _below(length, self._options.min_duration_s)),
            ("max_duration_s", length, _below(self._options.max_duration_s, length)),
            ("posted_from", day, _below(day, self._options.posted_from)),
            ("posted_until", day, _below(self._options.posted_until, day)),
            ("min_likes", likes, _below(likes, self._options.min_likes)),
            ("max_likes", likes, _below(self._options.max_likes, likes)),
        )
        for rule, found, out in rules:
            if out:
                return rule, f"{found} is outside {rule} = {getattr(self._options, rule)}"
        return self._by_caption(clip)

    def _by_caption(self, clip: ClipRow) -> tuple[str, str] | None:
        if self._options.languages:
            language = _language_of_clip(clip)
            if language is not None and language not in self._options.languages:
                return "languages", f"the language {language} is not among {', '.join(self._options.languages)}"
        if clip.caption is None:
            return None
        if self._options.caption_matches and not self._wanted.search(clip.caption):
            return "caption_matches", "the caption does not match"
        if self._options.caption_excludes and self._unwanted.search(clip.caption):
            return "caption_excludes", "the caption matches"
        return None

    @cached_property
    def _wanted(self) -> re.Pattern[str]:
        return re.compile(self._options.caption_matches or "", re.IGNORECASE)

    @cached_property
    def _unwanted(self) -> re.Pattern[str]:
        return re.compile(self._options.caption_excludes or "", re.IGNORECASE)

    def not_drawn(self, clips: Iterable[ClipRow], settled: Iterable[str]) -> Mapping[str, str]:
        """Clips that the sample leaves out, with a sentence; those in `settled` were drawn before and stay.

        The draw takes the smallest hashes of seed and clip id: each clip has the same chance in any order, and a clip
        that is found later does not change how the others rank.
        """
        if self._options.sample is None:
            return {}
        first = set(settled)
        strata: dict[str, list[str]] = {}
        for clip in clips:
            strata.setdefault(self.stratum(clip), []).append(clip.clip_id)
        left_out: dict[str, str] = {}
        for name, clip_ids in strata.items():
            ranked = sorted(
                clip_ids, key=lambda clip_id: (clip_id not in first, _draw_value(self._options.seed, clip_id))
            )
            among = f" of {self._options.sample_by} {name}" if self._options.sample_by else ""
            for clip_id in ranked[self._options.sample :]:
                if clip_id not in first:
                    left_out[clip_id] = f"not among the {self._options.sample} drawn from {len(clip_ids)} posts{among}"
        return left_out

    def stratum(self, clip: ClipRow) -> str:
        """The stratum of a clip; clips whose value is unknown form one stratum."""
        week = clip.posted_at.strftime("%G-W%V") if clip.posted_at else None
        values = {
            "platform": clip.platform,
            "author": clip.author_key,
            "language": _language_of_clip(clip),
            "week": week,
        }
        return (values[self._options.sample_by] if self._options.sample_by else "") or "unknown"


def _language_of_clip(clip: ClipRow) -> str | None:
    """The language that the platform states, or that the caption shows; None where neither is clear."""
    return clip.declared_language or language_of(clip.caption or "", MIN_WORDS, MIN_LANGUAGE_PROBABILITY)


def _below(value: object, least: object) -> bool:
    """Whether a value is below a limit; False where either is unknown."""
    return value is not None and least is not None and value < least  # type: ignore[operator]


def _draw_value(seed: str, clip_id: str) -> float:
    return int.from_bytes(hashlib.sha256(f"{seed}|{clip_id}".encode()).digest()[:8]) / 2**64
