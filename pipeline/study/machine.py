"""What a study may use of this machine."""

from __future__ import annotations

import os


def cores() -> int:
    """Cores that this process may use, at least one."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def instruction_set() -> str:
    """The highest vector instructions of this processor by NumPy's name, and what CTranslate2 is held to, if anything.

    Arithmetic in int8 gives other numbers with and without VNNI (AVX512_ICL and above).
    """
    import numpy as np

    known = np.show_config(mode="dicts").get("SIMD Extensions", {})
    highest = [*known.get("baseline", ()), *known.get("found", ())][-1:] or ["unknown"]
    forced = os.environ.get("CT2_FORCE_CPU_ISA")
    return f"{highest[0]} ({forced})" if forced else str(highest[0])
