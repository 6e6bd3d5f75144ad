"""Lanes to the platforms with the pace that a study wants, and the check of one post as a job of a lane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.errors import StageError
from pipeline.records import Seconds
from pipeline.run.executors.platform_lanes import LOCAL, Job, Lane, LaneState
from pipeline.sources.platforms.failures import MINUTE_S
from pipeline.sources.platforms.options import DownloadOptions
from pipeline.sources.platforms.rate_limit import PACES, Pace
from pipeline.sources.platforms.urls import platform_of
from pipeline.sources.platforms.visibility import VisibilityAnswer, check_visibility

LOOK_DEADLINE_S: Seconds = 60.0


def lane_to(
    platform: str, options: DownloadOptions, overrides: Mapping[str, Any], watch: Callable[[LaneState], None]
) -> Lane:
    """A lane with the pace, the patience and the canary that a study wants for a platform."""
    pace = Pace(options.paces.get(platform, PACES.get(platform, (0.0, 0.0))))
    url = options.canaries.get(platform)
    canary = visibility_job(url, url, options, overrides, lambda _: None) if url else None
    return Lane(platform, pace, float(options.patience_minutes * MINUTE_S), canary, watch)


def visibility_job(
    name: str,
    url: str,
    options: DownloadOptions,
    overrides: Mapping[str, Any],
    deliver: Callable[[VisibilityAnswer], None],
) -> Job:
    """Checking one post again, as a job of a lane."""
    return Job(
        name=name,
        function=check_visibility,
        arguments=(url, options, overrides),
        deadline_s=LOOK_DEADLINE_S,
        lost=lambda reason, message: VisibilityAnswer("unknown", reason, message, None, None),
        deliver=deliver,
    )


def platform_or_other(location: str) -> str:
    """The platform whose lane a URL belongs to."""
    try:
        return platform_of(location)
    except StageError:
        return LOCAL
