"""The command that decodes a track of sound and tells when it is heard, the files that it writes, and its log."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.media.audio import BYTES_PER_SAMPLE, SAMPLE_RATE
from pipeline.media.mix import SURROUND_CHANNELS
from pipeline.media.sandbox.worker import CONTAINERS, PROTOCOLS
from pipeline.records import Decibels, Seconds

GATE_LUFS = -70.0  # EBU R128 measures nothing below its absolute gate


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of ffmpeg."""

    track: int  # number among the tracks of sound, from 0
    channels: int
    has_picture: bool
    start_s: Seconds  # of the clip's clock, at the first timestamp of the file
    max_duration_s: Seconds
    loudness: bool

    @property
    def layout(self) -> str:
        """The channels to decode to: what `mix` knows."""
        return "mono|stereo" if self.channels <= 2 else "quad" if self.channels <= 4 else "5.1"

    @property
    def max_bytes(self) -> int:
        """A cap on what is written, because a jump in the timestamps makes ffmpeg drop audio under -t."""
        most_channels = {"mono|stereo": 2, "quad": 4, "5.1": SURROUND_CHANNELS}[self.layout]
        return int((self.max_duration_s + 1.0) * SAMPLE_RATE) * BYTES_PER_SAMPLE * most_channels


@dataclass(frozen=True, slots=True)
class Written:
    """The files that decoding writes; all end in .part, so that those of a run that broke off are cleared away."""

    part: Path
    samples: Path  # decoded ones of all channels, without header
    frames: Path  # their times
    packets: Path  # times of packets

    @classmethod
    def beside(cls, target: Path) -> Written:
        """The files beside the one that is wanted."""
        names = (".part", ".samples.part", ".frames.part", ".packets.part")
        return cls(*(target.with_name(target.stem + name) for name in names))

    def remove(self) -> None:
        """Delete those that are there."""
        for path in (self.part, self.samples, self.frames, self.packets):
            path.unlink(missing_ok=True)


def decoding_command(program: str, path: Path, written: Written, wanted: Wanted) -> list[str]:
    """Decode a track and write the times of its frames; copy the packets to a table that says when they play.

    The picture is among these, because ffmpeg counts time from the first packet of the streams that it reads.
    """
    import ffmpeg as graph

    source = graph.input(
        str(path.absolute()),  # absolute, so that no name is taken for an option or a URL
        nostdin=None,
        hide_banner=None,
        nostats=None,
        loglevel="info",  # the loudness summary is written at this level
        itsoffset=wanted.start_s,
        max_alloc=1 << 28,
        protocol_whitelist=PROTOCOLS,
        format_whitelist=CONTAINERS,
    )
    sound = source[f"a:{wanted.track}"]
    filters = f"aformat=sample_fmts=s16:sample_rates={SAMPLE_RATE}:channel_layouts={wanted.layout}"
    if wanted.loudness:  # beside the samples, because it joins frames over holes
        filters = f"asplit[a][b];[a]ebur128=peak=true:framelog=quiet:dualmono=true,anullsink;[b]{filters}"
    cap = {"fs": wanted.max_bytes}
    samples = sound.output(
        str(written.samples.absolute()),
        **{"af": filters, "acodec": "pcm_s16le", "format": "s16le", "bitexact": None, "threads": 1, **cap},
        stats_enc_pre=str(written.frames.absolute()),
        stats_enc_pre_fmt="{pts} {samp}",
    )
    streams = [sound, source["V:0?"]] if wanted.has_picture else [sound]
    copied = {"codec": "copy", "copyinkf": None, "format": "framecrc", **cap}
    packets = graph.output(*streams, str(written.packets.absolute()), **copied)
    argv: list[str] = graph.merge_outputs(samples, packets).overwrite_output().compile(cmd=program)
    return argv


def loudness_lufs(log: str) -> float | None:
    """Integrated loudness that ffmpeg's log states; None below the gate, or if it was not measured."""
    found = re.findall(r"^\s+I:\s+(-?[\d.]+|-?inf|nan) LUFS", log, re.MULTILINE)
    value = float(found[-1]) if found else float("-inf")
    return value if value > GATE_LUFS else None


def true_peak_dbtp(log: str) -> Decibels | None:
    """True peak that ffmpeg's log states; None for digital silence, or if it was not measured."""
    found = re.findall(r"^\s+Peak:\s+(-?[\d.]+|-?inf|nan) dBFS", log, re.MULTILINE)
    value = float(found[-1]) if found else float("-inf")
    return value if np.isfinite(value) else None
