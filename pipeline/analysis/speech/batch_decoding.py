"""Whisper on several sounds at once: windows are encoded one by one, and decoded together.

For each token the decoder reads all of its weights, once for the whole batch. The text of a window does not depend on
the windows beside it. The steps for one sound are those of faster-whisper's `generate_segments`, with the few options
of `Decoding`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.analysis.speech.engine import FRAMES_PER_SECOND, FULL_S, Decoding, Segment, Word
from pipeline.analysis.speech.padding import padded, seen_frames
from pipeline.records import Seconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

# windows decoded together: twice as many are hardly faster, and need twice the memory
BATCH = 8  # with one beam
BATCH_OF_BEAMS = 4
TIME_STEP_S = 0.02  # between two of Whisper's timestamps
FIRST_TIME_S = 1.0  # latest start of a window's first text, as in Whisper's own decoding
BEFORE, AFTER = "\"'“¿([{-", "\"'.。,，!！?？:：”)]}、"  # punctuation that is timed with the word after or before it


@dataclass
class DecodingState:
    """The decoding of one sound so far: its spectrogram, position, segments, and next window once encoded."""

    features: NDArray[np.float32]  # (mels, frames)
    encoded: Any = None  # the next window `(1, frames, width)`; None until it is encoded
    tokenizer: Any = None
    prompt: str | None = None  # what the decoder takes for the text before each window
    seek: int = 0  # frame at which the next window starts
    last_speech_s: Seconds = 0.0
    segments: list[Segment] = field(default_factory=list)

    def window(self, longest: int) -> NDArray[np.float32]:
        """The next window `(mels, frames)`, without padding."""
        # The last frame of the spectrogram lies beyond the sound.
        return self.features[:, self.seek : min(self.seek + longest, self.features.shape[1] - 1)]

    @property
    def start_tokens(self) -> list[int]:
        """What the decoder is given before the text."""
        before = [self.tokenizer.sot_prev, *self.tokenizer.encode(f" {self.prompt}")] if self.prompt else []
        return [*before, *self.tokenizer.sot_sequence]

    @property
    def finished(self) -> bool:
        """Whether it is decoded to its end."""
        return bool(self.seek >= self.features.shape[1] - 1)


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text of one window, as tokens, and Whisper's confidences."""

    encoded: Any  # `(1, frames, width)`, what the text was decoded from
    tokens: list[int]
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float


class BatchDecoder:
    """Decodes several sounds at once with faster-whisper's model."""

    def __init__(self, whisper: Any, decoding: Decoding) -> None:
        self.decoding = decoding
        self._whisper = whisper
        self._longest: int = whisper.feature_extractor.nb_max_frames

    def hear(self, sounds: Sequence[DecodingState]) -> None:
        """Decode all sounds to their ends."""
        # One window of each sound a round: the text of a window decides where the next one starts.
        while waiting := [sound for sound in sounds if not sound.finished]:
            for sound in waiting:
                # Language detection has encoded the first window already.
                if sound.encoded is None:
                    sound.encoded = self.encode(sound)
            for batch in _alike_batches(waiting, BATCH if self.decoding.beam_size == 1 else BATCH_OF_BEAMS):
                for sound, decoded in zip(batch, self._decode_guarded(batch), strict=True):
                    self._advance(sound, decoded)

    def encode(self, sound: DecodingState, whole: bool = False) -> Any:
        """Encode a sound's next window as the decoder sees it, `(1, frames, width)`; `whole`: with 30 s of padding."""
        window, longest = sound.window(self._longest), self._longest
        encoded_s = FULL_S if whole else self.decoding.padding_s
        seen_s = encoded_s if whole or self.decoding.seen_padding_s is None else self.decoding.seen_padding_s
        encoded = self._whisper.encode(padded(window, encoded_s, seen_s, longest))
        return _first_frames(encoded, seen_frames(window.shape[1], seen_s, longest))

    def _decode_guarded(self, sounds: Sequence[DecodingState]) -> list[DecodedText]:
        """Decode one window of each sound, and once more with full padding where its text is not plausible."""
        found = self._decode([sound.encoded for sound in sounds], sounds)
        if self.decoding.padding_s >= FULL_S:
            return found
        # With less padding than Whisper was trained on, a text can loop or go astray.
        wrong = [number for number, decoded in enumerate(found) if not self._text_is_plausible(decoded)]
        whole = [self.encode(sounds[number], whole=True) for number in wrong]
        for number, decoded in zip(wrong, self._decode(whole, [sounds[number] for number in wrong]), strict=True):
            found[number] = decoded
        return found

    def _text_is_plausible(self, decoded: DecodedText) -> bool:
        """Whether a text passes both of Whisper's checks: it does not loop, and it is not improbable."""
        loops = decoded.compression_ratio > self.decoding.compression_ratio_threshold
        return not loops and decoded.avg_logprob >= self.decoding.sure_log_prob

    def _decode(self, windows: Sequence[Any], sounds: Sequence[DecodingState]) -> list[DecodedText]:
        """Decode encoded windows of one length together."""
        from faster_whisper.transcribe import get_compression_ratio, get_suppressed_tokens

        if not windows:
            return []
        results = self._whisper.model.generate(
            _stacked(windows),
            [sound.start_tokens for sound in sounds],
            beam_size=self.decoding.beam_size,
            max_length=self._whisper.max_length,
            return_scores=True,
            return_no_speech_prob=True,
            # The same tokens in every language, so any tokenizer will do.
            suppress_tokens=get_suppressed_tokens(sounds[0].tokenizer, [-1]),
            max_initial_timestamp_index=round(FIRST_TIME_S / TIME_STEP_S),
        )
        return [
            DecodedText(
                encoded=encoded,
                tokens=(tokens := result.sequences_ids[0]),
                # CTranslate2's mean leaves the end token out, Whisper's counts it.
                avg_logprob=result.scores[0] * len(tokens) / (len(tokens) + 1),
                no_speech_prob=result.no_speech_prob,
                compression_ratio=get_compression_ratio(sound.tokenizer.decode(tokens).strip()),
            )
            for encoded, sound, result in zip(windows, sounds, results, strict=True)
        ]

    def _advance(self, sound: DecodingState, decoded: DecodedText) -> None:
        """Divide the text of a window into segments and move the sound to its next window."""
        start, size = sound.seek, sound.window(self._longest).shape[1]
        sound.encoded = None
        # As in Whisper, a window that seems to hold no speech is skipped unless its text is probable.
        unlikely = decoded.avg_logprob <= self.decoding.log_prob_threshold
        if decoded.no_speech_prob > self.decoding.no_speech_threshold and unlikely:
            sound.seek += size
            return
        segments, sound.seek, ends_with_time = self._whisper._split_segments_by_timestamps(  # noqa: SLF001 - pinned
            tokenizer=sound.tokenizer,
            tokens=decoded.tokens,
            time_offset=start / FRAMES_PER_SECOND,
            segment_size=size,
            segment_duration=size / FRAMES_PER_SECOND,
            seek=start,
        )
        end = self._time_words(sound, decoded, segments, size)
        # A text without a final timestamp may be cut off: the next window starts where its last word ends.
        if not ends_with_time and end > start:
            sound.seek = end
        sound.segments += _segments(sound, decoded, segments, start)

    def _time_words(self, sound: DecodingState, decoded: DecodedText, segments: list[Any], size: int) -> int:
        """Add timed words to the segments of a window; returns the frame in which the last ends, 0 without a word."""
        from faster_whisper.utils import get_end

        self._whisper.add_word_timestamps(
            [segments], sound.tokenizer, decoded.encoded, size, BEFORE, AFTER, last_speech_timestamp=sound.last_speech_s
        )
        end_s = get_end(segments)
        if end_s is None:
            return 0
        sound.last_speech_s = float(end_s)
        return round(float(end_s) * FRAMES_PER_SECOND)


def _alike_batches(sounds: Sequence[DecodingState], size: int) -> Iterator[list[DecodingState]]:
    """Groups of at most `size` sounds whose encoded windows have one length, as one array needs."""
    for _, alike in groupby(sorted(sounds, key=_encoded_frames), key=_encoded_frames):
        group = list(alike)
        yield from (group[first : first + size] for first in range(0, len(group), size))


def _encoded_frames(sound: DecodingState) -> int:
    return int(sound.encoded.shape[1])


def _stacked(windows: Sequence[Any]) -> Any:
    """Encoded windows `(1, frames, width)` of one length as one batch `(windows, frames, width)`."""
    from ctranslate2 import StorageView

    if len(windows) == 1:
        return windows[0]
    return StorageView.from_array(np.concatenate([_as_array(window) for window in windows]))


def _first_frames(encoded: Any, frames: int) -> Any:
    """The part of an encoded window `(1, frames, width)` that covers the first frames of its spectrogram."""
    from ctranslate2 import StorageView

    # The encoder makes one frame of two.
    wanted = frames // 2
    if encoded.shape[1] <= wanted:
        return encoded
    return StorageView.from_array(np.ascontiguousarray(_as_array(encoded)[:, :wanted]))


def _as_array(encoded: Any) -> NDArray[np.float32]:
    from ctranslate2 import Device

    # NumPy cannot read the memory of a GPU.
    return np.array(encoded if encoded.device == "cpu" else encoded.to_device(Device.cpu))


def _segments(sound: DecodingState, decoded: DecodedText, found: Sequence[Any], start: int) -> Iterator[Segment]:
    """The segments of one window, without those that have no text or no length."""
    for segment in found:
        text = sound.tokenizer.decode(segment["tokens"])
        if segment["start"] == segment["end"] or not text.strip():
            continue
        words = (
            Word(word["word"].strip(), float(word["start"]), float(word["end"]), float(word["probability"]))
            for word in segment["words"]
        )
        yield Segment(
            text=text.strip(),
            start_s=float(segment["start"]),
            end_s=float(segment["end"]),
            words=tuple(word for word in words if word.text),
            avg_logprob=float(decoded.avg_logprob),
            no_speech_prob=float(decoded.no_speech_prob),
            compression_ratio=float(decoded.compression_ratio),
            temperature=0.0,
            window_s=start / FRAMES_PER_SECOND,
        )
