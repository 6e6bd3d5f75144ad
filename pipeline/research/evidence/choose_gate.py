"""How the defaults of the evidence gate are chosen: from regions whose truth is known, of the half that chooses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline.analysis.tone.evidence_gate import Gate
from pipeline.errors import Reason, UserError
from pipeline.records import Decibels, SpeechRegionRow
from pipeline.research.evidence.material import Sound

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)
RATIOS = (0.5, 1.0, 2.0, 4.0, 8.0)
PROBABILITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
CLIPPING_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
CLEAN_KEPT = 0.95  # share of clean regions that the rule of music must keep
MUSIC_NULLED = 0.9  # share of regions at 0 dB and less that it must take
VOICE_KEPT = 0.99  # share of clean and telephone regions that voice activity must keep
CHANGES_ALLOWED = 0.1  # share of clipped clips that may have another tone than when clean
CROWD_MARGIN_DB: Decibels = 4.0  # above the crowd most like one voice: twice the error of the estimate in noise


@dataclass(frozen=True, slots=True)
class MeasuredRegion:
    """One speech region with the truth of its sound, and the tone that it was given without a gate."""

    sound: Sound
    row: SpeechRegionRow
    label: str | None
    clean_label: str | None  # of the same utterance when clean

    @property
    def changed(self) -> bool | None:
        """Whether its tone differs from that of the clean utterance; None where one of the two is not known."""
        return None if self.label is None or self.clean_label is None else self.label != self.clean_label


def choose(heard: Sequence[MeasuredRegion]) -> Gate:
    """The gate that fits the regions of the choosing half; length and level are not chosen here."""
    threshold, ratio = music_rule(heard)
    return Gate(
        min_speech_probability=least_probability(heard),
        max_clipping_share=most_clipping(heard),
        music_threshold=threshold,
        music_ratio=ratio,
        min_snr_db=least_snr_db(heard),
    )


def music_rule(heard: Iterable[MeasuredRegion]) -> tuple[float, float]:
    """Threshold and ratio that take the fewest regions at 10 dB over music and more, among the rules that are safe.

    A safe rule keeps 95 % of clean speech and takes 90 % of what is at 0 dB and less. Of equals, the one that takes
    more of the latter is chosen, then the highest threshold. Raises `UserError` if no rule is safe.
    """
    heard = list(heard)
    clean = [one for one in heard if one.sound.kind == "clean"]
    musical = [(one, one.sound.snr_db) for one in heard if one.sound.kind == "music" and one.sound.has_speech]
    clear = [one for one, snr_db in musical if snr_db is not None and snr_db >= 10]
    drowned = [one for one, snr_db in musical if snr_db is not None and snr_db <= 0]
    safe = [
        (threshold, ratio)
        for threshold in THRESHOLDS
        for ratio in RATIOS
        if covered_share(clean, threshold, ratio) <= 1 - CLEAN_KEPT
        and covered_share(drowned, threshold, ratio) >= MUSIC_NULLED
    ]
    if not safe:
        raise UserError("no rule keeps clean speech and takes speech under music: look at the scores of the tagger")
    return max(safe, key=lambda rule: (-covered_share(clear, *rule), covered_share(drowned, *rule), rule[0]))


def covered_share(heard: Sequence[MeasuredRegion], threshold: float, ratio: float) -> float:
    """Share of regions that a rule takes as covered by music, or by singing, 0–1."""
    gate = Gate(0.0, -math.inf, 0.0, 1.0, threshold, ratio, -math.inf)
    return share(heard, lambda one: gate.obstacle(one.row) in (Reason.MUSIC_OVER_SPEECH, Reason.SINGING))


def least_probability(heard: Iterable[MeasuredRegion]) -> float:
    """The highest probability of speech that still keeps 99 % of clean speech and of speech on the telephone."""
    voices = [one for one in heard if one.sound.kind in ("clean", "telephone")]
    kept = [
        least
        for least in PROBABILITIES
        if share(voices, lambda one, least=least: (one.row.speech_probability or 0.0) >= least) >= VOICE_KEPT  # type: ignore[misc]
    ]
    return max(kept, default=0.0)


def most_clipping(heard: Iterable[MeasuredRegion]) -> float:
    """The largest share of clipped samples up to which the tone stays what it was, in steps of 0.1."""
    clipped = [one for one in heard if one.sound.kind == "clipped" and one.changed is not None]
    allowed = 0.0
    for most in CLIPPING_SHARES:
        step = [one for one in clipped if most - 0.1 < (one.row.clipping_share or 0.0) <= most]
        if share(step, lambda one: bool(one.changed)) > CHANGES_ALLOWED:
            break
        allowed = most
    return allowed


def least_snr_db(heard: Iterable[MeasuredRegion]) -> Decibels:
    """A whole number of dB that no crowd reaches, with a margin."""
    crowds = [one.row.snr_db for one in heard if one.sound.kind == "crowd" and one.row.snr_db is not None]
    if not crowds:
        raise UserError("voice activity heard no crowd: nothing to choose the signal to noise on")
    return float(math.ceil(max(crowds) + CROWD_MARGIN_DB))


def share(heard: Sequence[MeasuredRegion], holds: Callable[[MeasuredRegion], bool]) -> float:
    """Share of regions for which something holds, 0–1; 0 without regions."""
    return sum(map(holds, heard)) / len(heard) if heard else 0.0
