"""Measures of a voice by openSMILE, an optional extra whose licence forbids commercial use."""

from __future__ import annotations

import math
import warnings
from importlib.metadata import PackageNotFoundError, version

from pipeline.errors import UserError, how_to_install
from pipeline.media.audio import SAMPLE_RATE, Waveform

PACKAGE = "opensmile"
MEAN_F0 = "F0semitoneFrom27.5Hz_sma3nz_amean"  # 0: no voiced frame
UNVOICED_LENGTH = "MeanUnvoicedSegmentLength"  # 0: no unvoiced stretch
VOICED_ALONE = ("sma3nz_", "V_sma3nz_")  # parts of the names of what is measured over voiced frames
UNVOICED_ALONE = ("UV_sma3nz_",)
VOICED_LENGTHS = ("MeanVoicedSegmentLengthSec", "StddevVoicedSegmentLengthSec")
UNVOICED_LENGTHS = (UNVOICED_LENGTH, "StddevUnvoicedSegmentLength")


def opensmile_version() -> str:
    """The version of openSMILE that is installed; `UserError` without it."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError as error:
        raise UserError(
            "the option `opensmile` of [acoustics] needs openSMILE, which is not installed: remove the option, or, if "
            f"your use is not commercial (its licence forbids that), {how_to_install('opensmile')}"
        ) from error


class OpenSmile:
    """The functionals of one feature set; eGeMAPS has 88 (Eyben et al. 2016, IEEE Trans. Affective Computing 7(2)).

    openSMILE by Eyben, Wöllmer and Schuller (2010, Proc. ACM Multimedia).
    """

    def __init__(self, feature_set: str) -> None:
        """Build from the name of a feature set; `UserError` when openSMILE is not installed."""
        opensmile_version()
        import opensmile

        self._smile = opensmile.Smile(
            feature_set=opensmile.FeatureSet[feature_set], feature_level=opensmile.FeatureLevel.Functionals
        )

    def measure(self, waveform: Waveform) -> dict[str, float] | None:
        """Features of speech `(time,)` at 16 kHz by openSMILE's own names; None when it is too short (below 60 ms).

        Features of voiced sound are left out where there is none, and likewise those of unvoiced sound: openSMILE
        writes 0 or -201 there.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # too short: it warns, and returns NaN
            found = self._smile.process_signal(waveform, SAMPLE_RATE).iloc[0].to_dict()
        values = {str(name): float(value) for name, value in found.items()}
        if not all(math.isfinite(value) for value in values.values()):
            return None
        absent = _of_voice(values) if values[MEAN_F0] == 0 else set()
        absent |= _of_unvoiced(values) if values[UNVOICED_LENGTH] == 0 else set()
        return {name: value for name, value in values.items() if name not in absent}


def _of_voice(names: dict[str, float]) -> set[str]:
    unvoiced = _of_unvoiced(names)
    voiced = {name for name in names if any(part in name for part in VOICED_ALONE)} - unvoiced
    return voiced.union(VOICED_LENGTHS)


def _of_unvoiced(names: dict[str, float]) -> set[str]:
    return {name for name in names if any(part in name for part in UNVOICED_ALONE)}.union(UNVOICED_LENGTHS)
