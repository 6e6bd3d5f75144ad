"""What a speech engine is: from a waveform to a language, and to segments and words with times and confidences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from pipeline.analysis.speech.device import Device
from pipeline.media.audio import Waveform
from pipeline.records import Seconds

# The 99 languages of Whisper base and small, in Whisper's own order.
_CODES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml "
    "cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am "
    "yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su"
)
#: Codes that Whisper knows a language by: ISO 639-1 but for haw (Hawaiian) and jw (Javanese).
LANGUAGES = tuple(_CODES.split())
FULL_S: Seconds = 30.0  # the window that Whisper was trained on
FRAMES_PER_SECOND = 100  # of Whisper's log-mel spectrogram, in which its windows are counted
#: Languages written without spaces between words.
UNSPACED = frozenset({"zh", "ja", "th", "lo", "my"})


@dataclass(frozen=True, slots=True)
class Language:
    """The language of speech, as Whisper hears it."""

    code: str  # one of `LANGUAGES`
    probability: float | None  # 0–1; None when the language was given, not heard

    @property
    def unspaced(self) -> bool:
        """True when it is written without spaces between words."""
        return self.code in UNSPACED


@dataclass(frozen=True, slots=True)
class Word:
    """One word and its time from the start of the waveform."""

    text: str
    start_s: Seconds
    end_s: Seconds
    probability: float  # mean probability of its tokens, 0–1


@dataclass(frozen=True, slots=True)
class Segment:
    """One phrase and its time from the start of the waveform, with Whisper's own confidences."""

    text: str
    start_s: Seconds
    end_s: Seconds
    words: tuple[Word, ...]
    avg_logprob: float
    no_speech_prob: float  # 0–1
    compression_ratio: float
    temperature: float
    window_s: Seconds = 0.0  # start of the 30 s window that it was decoded from


@dataclass(frozen=True, slots=True)
class Decoding:
    """How text is decoded, the same in every engine (names and thresholds of Radford et al. 2022, section 4.5)."""

    beam_size: int = 5
    temperatures: tuple[float, ...] = (0.0,)  # no sampling, so that the same clip gives the same text
    condition_on_previous_text: bool = False  # a loop in one window must not spread to the next
    compression_ratio_threshold: float = 2.4
    log_prob_threshold: float = -1.0
    no_speech_threshold: float = 0.6
    padding_s: Seconds = FULL_S  # silence that is encoded after a window's sound, up to 30 s of both, as trained
    seen_padding_s: Seconds | None = None  # silence that the decoder sees of it at least; None: all
    sure_log_prob: float = -0.6  # a window with less padding whose text is less probable is decoded with all of it


class SpeechEngine(Protocol):
    """Anything that recognises speech; it is built once in a worker and called many times."""

    decoding: Decoding
    packages: ClassVar[tuple[str, ...]]  # distributions whose version can change its numbers

    def __init__(
        self, model: str, models_folder: Path | None, decoding: Decoding, compute_type: str, device: Device
    ) -> None:
        """Load the weights; `ModelMissing` when they are not here and cannot be fetched, `UserError` without a GPU."""

    @classmethod
    def weights(cls, model: str, models_folder: Path | None) -> str:
        """Name in `pipeline.analysis.models.cache` of the weights that it loads for `model`."""

    def detect_languages(self, waveforms: Sequence[Waveform]) -> list[Language]:
        """The language of the first 30 s of each waveform `(time,)` at 16 kHz."""

    def language_probabilities(self, waveforms: Sequence[Waveform]) -> list[dict[str, float]]:
        """The probability of each language, by its code, in the first 30 s of each waveform `(time,)` at 16 kHz."""

    def transcribe(
        self, waveforms: Sequence[Waveform], languages: Sequence[str], prompt: str | None = None
    ) -> list[list[Segment]]:
        """Recognise speech, each waveform in its language; one without words gives no segments.

        `prompt` is a text that stands before every window for the decoder, so that it goes on in its script.
        """
