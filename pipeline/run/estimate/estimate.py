"""What a study of so many clips takes: time, disk, memory and requests, from rates that were measured here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.media.audio import BYTES_PER_SAMPLE, SAMPLE_RATE, WAV_HEADER_BYTES
from pipeline.records import Seconds
from pipeline.run.estimate.rates import Rates
from pipeline.store.database_files import TURNS_FROM_BYTES

HOUR_S, MINUTE_S = 3600.0, 60.0
NOT_MEASURED = "not measured"
MEASURE_RUN, MEASURE_SPEED, MEASURE_GROWTH = (
    "`cliptone demo`",
    "`python -m pipeline.research.bench.speed`",
    "`python -m pipeline.research.bench.growth`",
)
DRIVERS = 3  # stages that are named as what the time goes to
UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is planned."""

    clips: int
    seconds_per_clip: Seconds | None  # None: as those that were measured
    workers: int
    gpus: int
    shares: Mapping[str, float] | None  # of clips that are fetched, by platform, beside files; None: not known
    paces: Mapping[str, tuple[Seconds, Seconds]]
    keep_media: bool = True
    keep_audio: bool = True
    free_bytes: int = 0  # on the disk of the results


@dataclass(frozen=True, slots=True)
class EstimateLine:
    """One line of the estimate."""

    what: str
    amount: str
    source: str


class Estimate:
    """The arithmetic of one plan; every figure is None where a rate that it needs was not measured."""

    def __init__(self, wish: Wish, rates: Rates) -> None:
        self.wish, self.rates = wish, rates
        self.clip_s = wish.seconds_per_clip or rates.clip_s
        self.audio_s = None if self.clip_s is None else wish.clips * self.clip_s
        self.fetched = wish.clips * sum((wish.shares or {}).values())

    @property
    def core_hours(self) -> dict[str, float]:
        """Hours of one worker by stage, most first; empty without rates."""
        if self.audio_s is None:
            return {}
        hours = {stage: rate * self.audio_s / MINUTE_S / HOUR_S for stage, rate in self.rates.stages.items()}
        return dict(sorted(hours.items(), key=lambda pair: -pair[1]))

    @property
    def hours(self) -> dict[str, float]:
        """What takes time, side by side: the analysis, the requests to each platform, and the writing."""
        found: dict[str, float] = {}
        if self.core_hours:
            found["the analysis"] = sum(self.core_hours.values()) / max(1, self.wish.workers)
        for platform, share in (self.wish.shares or {}).items():
            found[f"fetching from {platform}"] = share * self.fetch_hours(platform)
        if self.rates.save_clips_per_s:
            found["storing, by the one process that writes"] = self.wish.clips / self.rates.save_clips_per_s / HOUR_S
        return found

    def fetch_hours(self, platform: str) -> float:
        """How long a platform takes if all clips come from it, one after the other."""
        between = sum(self._pace(platform)) / 2
        return self.wish.clips * (between + (self.rates.fetch_s or 0)) / HOUR_S

    def _pace(self, platform: str) -> tuple[Seconds, Seconds]:
        return self.wish.paces.get(platform, (0.0, 0.0))

    @property
    def bytes(self) -> dict[str, float | None]:
        """Disk by kind."""
        rows = None if self.rates.row_bytes is None else self.rates.row_bytes * self.wish.clips
        copies = 1 if rows is not None and rows < TURNS_FROM_BYTES else 2
        found: dict[str, float | None] = {}
        if self.wish.keep_audio:
            wav = WAV_HEADER_BYTES * self.wish.clips
            found["decoded audio"] = (
                None if self.audio_s is None else wav + self.audio_s * SAMPLE_RATE * BYTES_PER_SAMPLE
            )
        if self.wish.keep_media and self.fetched:
            rate = self.rates.media_bytes_per_s
            found["fetched media"] = None if rate is None or self.clip_s is None else self.fetched * self.clip_s * rate
        working = self.rates.working_bytes
        found["working database"] = None if working is None else working * self.wish.clips
        found["published database"] = None if rows is None else rows * copies
        return found

    def lines(self) -> Iterator[EstimateLine]:
        """The table."""
        yield EstimateLine(
            "clips", f"{self.wish.clips:,}" + (f" of {self.clip_s:.1f} s" if self.clip_s else ""), self._length()
        )
        yield from self._time()
        yield from self._requests()
        yield from self._disk()
        yield from self._machine()

    def _length(self) -> str:
        if self.wish.seconds_per_clip:
            return "as you say"
        return self.rates.origin if self.clip_s else "their length: name it with --seconds-per-clip"

    def _time(self) -> Iterator[EstimateLine]:
        total = sum(self.core_hours.values())
        if not self.core_hours:
            yield EstimateLine("computing", NOT_MEASURED, f"measure it: {MEASURE_RUN}")
            return
        yield EstimateLine("computing, one worker", _hours(total), self.rates.origin)
        yield EstimateLine(
            f"computing, {self.wish.workers:,} workers", _hours(total / max(1, self.wish.workers)), "the same, shared"
        )
        for stage, hours in list(self.core_hours.items())[:DRIVERS]:
            yield EstimateLine(
                f"of it {stage}", f"{_hours(hours)} of one worker, {100 * hours / total:.0f} %", "the same"
            )

    def _requests(self) -> Iterator[EstimateLine]:
        shares, only = self.wish.shares, ""
        if shares is None:
            shares, only = dict.fromkeys(self.wish.paces, 1.0), "if all come from "
        fetch = f"{self.rates.fetch_s:.1f} s each" if self.rates.fetch_s else f"the fetch itself {NOT_MEASURED}"
        for platform, share in shares.items():
            least, most = self._pace(platform)
            amount = f"{self.wish.clips * share:,.0f} requests, {_hours(share * self.fetch_hours(platform))}"
            source = f"one every {least:g} to {most:g} s, however many machines; {fetch}"
            yield EstimateLine(f"{only}{platform}", amount, source)
        if not shares:
            yield EstimateLine("requests to platforms", "none", "all clips are files here")

    def _disk(self) -> Iterator[EstimateLine]:
        sources = {
            "decoded audio": "16-bit samples, 16,000 a second; none with keep_audio = false",
            "fetched media": "bytes a second of the clips measured; none with keep_media = false",
            "working database": self._weighed(),
            "published database": "the same again, and once more in turn from 256 MB on",
        }
        for kind, amount in self.bytes.items():
            if amount is None:
                yield EstimateLine(f"disk: {kind}", NOT_MEASURED, f"measure it: {MEASURE_RUN}")
            else:
                yield EstimateLine(f"disk: {kind}", size(amount), sources[kind])
        yield EstimateLine("disk: free here", size(self.wish.free_bytes), "where the results lie")

    def _weighed(self) -> str:
        if self.rates.rows_compressed:
            return f"file of {self.rates.origin}"
        return "rows in memory of the clips measured: on disk, of many clips, it is less"

    def _machine(self) -> Iterator[EstimateLine]:
        if self.rates.peak_mib and self.rates.peak_cores:
            each = self.rates.peak_mib / self.rates.peak_cores
            source = (
                f"{self.rates.peak_mib:,.0f} MiB with {self.rates.peak_cores} workers, measured; an even share each"
            )
            yield EstimateLine("memory", size(each * self.wish.workers * 2**20), source)
        else:
            yield EstimateLine("memory", NOT_MEASURED, f"measure it: {MEASURE_SPEED}")
        if self.wish.gpus:
            yield EstimateLine(
                f"with {self.wish.gpus} GPUs",
                NOT_MEASURED,
                "the rates are of processors alone; nothing here ran on one",
            )
        if not self.rates.save_clips_per_s:
            yield EstimateLine("storing", NOT_MEASURED, f"measure it: {MEASURE_GROWTH}")

    def verdict(self) -> Iterator[str]:
        """What breaks first, and what the time goes to, as sentences."""
        known = [amount for amount in self.bytes.values() if amount is not None]
        needed, free = sum(known), self.wish.free_bytes
        if known and needed > free:
            yield f"The disk breaks first: {size(needed)} are needed, {size(free)} are free."
        elif len(known) < len(self.bytes):
            yield f"Whether the disk holds it is {NOT_MEASURED}."
        if self.hours:
            slowest, hours = max(self.hours.items(), key=lambda pair: pair[1])
            yield f"The longest wait is {slowest}: {_hours(hours)}; what runs beside it is hidden behind it."
        unknown = [] if self.core_hours else ["the analysis"]
        unknown += [] if self.rates.save_clips_per_s else ["storing"]
        if unknown:
            yield f"Not compared, because it was {NOT_MEASURED}: {' and '.join(unknown)}."


def markdown(estimate: Estimate) -> str:
    """The estimate as a Markdown table and its sentences."""
    rows = [(line.what, line.amount, line.source) for line in estimate.lines()]
    table = [("what", "how much", "where that comes from"), ("---",) * 3, *rows]
    body = "\n".join(f"| {' | '.join(row)} |" for row in table)
    return f"{body}\n\n" + "\n".join(estimate.verdict()) + "\n"


def size(amount: float) -> str:
    """Bytes as a person reads them, in powers of 1,000."""
    power = 0
    while amount >= 1_000 and power < len(UNITS) - 1:
        amount, power = amount / 1_000, power + 1
    return f"{amount:.0f} {UNITS[power]}" if power == 0 else f"{amount:.1f} {UNITS[power]}"


def _hours(hours: float) -> str:
    if hours < 1:
        return f"{hours * MINUTE_S:.1f} min"
    return f"{hours:,.1f} h" if hours < 48 else f"{hours:,.0f} h ({hours / 24:,.0f} days)"
