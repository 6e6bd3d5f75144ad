"""When each decoded sample is heard: the clock of a clip, and the holes in its sound.

ffmpeg tells the time of every decoded frame and of every packet, both from the beginning of the clip as players count
it: the first picture or sound. Samples are laid out by these times, and what is missing between them is silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import Reason
from pipeline.media.audio import SAMPLE_RATE
from pipeline.records import Seconds

TOLERANCE = SAMPLE_RATE // 20  # 0.05 s in samples: smaller jumps are rounding of timestamps, as players take them
RESTART = SAMPLE_RATE  # 1 s in samples: timestamps that go further back have begun anew, and sound goes on
FIRST_SOUND = SAMPLE_RATE // 10  # 0.1 s in samples: so late encoders begin, or go on after their first packet
LOST_FRAME = SAMPLE_RATE // 100  # 0.01 s in samples: shorter than any frame of the usual encoders
SLACK_S: Seconds = 0.01  # timestamps of packets are rounded to milliseconds
DAMAGED_SHARE = 0.5  # of a hole filled by packets, from which it counts as damage

Frame = tuple[int, int]  # time of its first sample and number of samples, both in samples of 16 kHz
Packet = tuple[Seconds, Seconds]  # start and length


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of a clip without sound that could be decoded."""

    start_s: Seconds
    end_s: Seconds
    reason: Reason  # late_sound, no_packets or damaged_sound


@dataclass(frozen=True, slots=True)
class Stretch:
    """Decoded samples that follow each other: where they lie in the clip, and where among the decoded ones."""

    at: int
    source: int
    length: int


@dataclass(frozen=True, slots=True)
class SoundTimeline:
    """The sound of a clip in time."""

    stretches: tuple[Stretch, ...]
    gaps: tuple[Gap, ...]

    @property
    def length(self) -> int:
        """Samples from the beginning of the clip to the end of its sound."""
        return max((stretch.at + stretch.length for stretch in self.stretches), default=0)

    @property
    def start_s(self) -> Seconds:
        """When the sound starts."""
        start = self.stretches[0].at / SAMPLE_RATE if self.stretches else 0.0
        for gap in self.gaps:
            if gap.start_s <= start + FIRST_SOUND / SAMPLE_RATE and gap.reason == Reason.LATE_SOUND:
                start = gap.end_s
        return start

    def missing_s(self, reason: Reason) -> Seconds:
        """Time without sound for one reason."""
        return sum((gap.end_s - gap.start_s for gap in self.gaps if gap.reason == reason), 0.0)

    @property
    def without_packets_s(self) -> Seconds:
        """Time after the first sound for which the file holds none."""
        return sum(
            (gap.end_s - gap.start_s for gap in self.gaps if gap.start_s > 0 and gap.reason != Reason.DAMAGED_SOUND),
            0.0,
        )

    def place(self, decoded: NDArray[np.int16]) -> NDArray[np.int16]:
        """The decoded samples, shape `(time,)`, at their times, with silence where there are none."""
        laid_out = np.zeros(self.length, dtype=np.int16)
        for stretch in self.stretches:
            part = decoded[stretch.source : stretch.source + stretch.length]
            laid_out[stretch.at : stretch.at + part.size] = part
        return laid_out


def lay_out(frames: Iterable[Frame], packets: Sequence[Packet]) -> SoundTimeline:
    """The timeline of frames in the order of decoding; `packets` say why a hole is there."""
    stretches: list[Stretch] = []
    gaps: list[Gap] = []
    end = source = moved = 0
    for time, samples in frames:
        jump, skipped = time + moved - end, 0
        if jump < -RESTART:
            moved -= jump
        elif jump < -TOLERANCE:  # sound that a player has passed already
            skipped = min(samples, -jump)
        elif jump > TOLERANCE or (jump > 0 and not stretches):
            if end + jump > FIRST_SOUND:
                gaps.append(_gap(end, end + jump, moved, packets))
            end += jump
        if samples > skipped:
            _append(stretches, Stretch(end, source + skipped, samples - skipped))
            end += samples - skipped
        source += samples
    return SoundTimeline(tuple(stretches), tuple(gaps))


def in_a_row(frames: Iterable[Frame]) -> list[Frame]:
    """The frames of a file without timestamps, whose times ffmpeg counts: they follow each other, but for lost ones.

    Where the sample rate changes on the way, ffmpeg counts on with the first one.
    """
    placed: list[Frame] = []
    end = expected = 0
    for time, samples in frames:
        jump = time - expected if placed else 0
        begin = end + (jump if jump > LOST_FRAME else 0)
        placed.append((begin, samples))
        end, expected = begin + samples, time + samples
    return placed


def _append(stretches: list[Stretch], new: Stretch) -> None:
    last = stretches[-1] if stretches else None
    if last and (last.at + last.length, last.source + last.length) == (new.at, new.source):
        stretches[-1] = Stretch(last.at, last.source, last.length + new.length)
    else:
        stretches.append(new)


def _gap(start: int, end: int, moved: int, packets: Sequence[Packet]) -> Gap:
    """A hole between two samples of the clip, with its reason."""
    first, last = (start - moved) / SAMPLE_RATE - SLACK_S, (end - moved) / SAMPLE_RATE - SLACK_S
    filled = sum(length for begin, length in packets if first <= begin and begin + length <= last + 2 * SLACK_S)
    if filled > DAMAGED_SHARE * (last - first):
        reason = Reason.DAMAGED_SOUND
    else:
        reason = Reason.LATE_SOUND if start < FIRST_SOUND else Reason.NO_PACKETS
    return Gap(start / SAMPLE_RATE, end / SAMPLE_RATE, reason)


def read_frames(path: Path) -> list[Frame]:
    """Times and lengths of frames that ffmpeg wrote, one `pts samples` a line; `ValueError` if they are none."""
    frames = [(int(time), int(samples)) for time, samples in map(str.split, _lines(path))]
    if any(samples < 0 for _, samples in frames):
        raise ValueError("a frame cannot have fewer samples than none")
    return frames


def read_packets(path: Path) -> list[Packet]:
    """Start and length of the packets of sound in a framecrc file, in s; `ValueError` if it is none."""
    unit, packets = 0.0, []
    for line in _lines(path):
        if line.startswith("#tb 0:"):
            numerator, denominator = map(int, line.removeprefix("#tb 0:").split("/"))
            unit = numerator / denominator if denominator else 0.0
        elif line.startswith("0,"):
            _, _, time, length, *_ = line.split(",")
            packets.append((int(time) * unit, max(0, int(length)) * unit))
    return packets


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="ascii", errors="replace").splitlines() if path.is_file() else []
