"""Groups of labelled spans: by language, platform, music in the clip, and the researcher's grouping of authors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.results.evaluation.labels import LabelledSpan
from pipeline.results.evaluation.stored import ClipGroups

ALL = "all"
UNKNOWN = "unknown"
THIRDS = (1 / 3, 2 / 3)

#: Name of each group, with its spans as a mask `(spans,)`.
Groups = dict[str, NDArray[np.bool_]]


def groups(spans: Sequence[LabelledSpan], known: Mapping[str, ClipGroups]) -> dict[str, Groups]:
    """Spans by grouping and group; `all` comes first, and every span is in one group of each grouping.

    Authors are grouped only where the file of labels has a column author_group.
    """
    found = [known[span.label.clip_id] for span in spans]
    by = {
        ALL: _group_by_name([ALL] * len(spans)),
        "language": _group_by_name([one.language or UNKNOWN for one in found]),
        "platform": _group_by_name([one.platform or UNKNOWN for one in found]),
        "music_share": _group_by_name(_music_thirds([one.music_share for one in found])),
    }
    if any(span.label.author_group for span in spans):
        by["author_group"] = _group_by_name([span.label.author_group or UNKNOWN for span in spans])
    return by


def _group_by_name(names: Sequence[str]) -> Groups:
    values = np.array(names)
    return {str(name): values == name for name in np.unique(values)}


def _music_thirds(shares: Sequence[float | None]) -> list[str]:
    """The third in which each share of music lies, by name; equal shares lie in the same."""
    known = [share for share in shares if share is not None]
    if not known:
        return [UNKNOWN] * len(shares)
    low, high = (float(edge) for edge in np.quantile(known, THIRDS))
    names = (f"to {low:.3g}", f"{low:.3g} to {high:.3g}", f"above {high:.3g}")
    return [UNKNOWN if one is None else names[int(one > low) + int(one > high)] for one in shares]
