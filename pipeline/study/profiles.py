"""Profiles: how much work a study spends on accuracy. A profile sets options that the study file leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Profile = Literal["reference", "balanced", "fast"]

#: By profile and stage, options other than the stage's own defaults, which are those of `balanced`.
PROFILES: Mapping[Profile, Mapping[str, Mapping[str, Any]]] = {
    "reference": {"transcribe": {"compute_type": "float32", "padding_s": 30.0}},
    "balanced": {},
    "fast": {
        "audio": {"loudness": False},
        "transcribe": {"beam_size": 1, "padding_s": 4.0, "seen_padding_s": 2.0, "sure_log_prob": -1.0},
        "acoustics": {"formants": False, "mfcc": False},
        "emphasis": {"measure": False},
    },
}


def completed(content: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """A study file's content, completed with the options of a profile that it does not set."""
    found = dict(content)
    for stage, options in PROFILES[profile].items():
        own = found.get(stage, {})
        if isinstance(own, Mapping):  # anything else is an error that validation reports
            found[stage] = {**options, **own}
    return found
