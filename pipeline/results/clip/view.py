"""One clip of a study in a notebook: its rows as frames, its sound, and plots of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.analysis.sound import time_series
from pipeline.analysis.sound.praat import MFCC_COEFFICIENTS, PitchRange
from pipeline.analysis.sound.time_series import MEL_BANDS, MFCC_STEP_S, MFCC_WINDOW_S, WINDOW_S, Picture, span
from pipeline.errors import UserError, how_to_install
from pipeline.media.audio import SAMPLE_RATE, Waveform
from pipeline.records import Seconds
from pipeline.records.counted import counted
from pipeline.results.certainty import UNSURE, of_region
from pipeline.results.clip.figure import SOUND, TRACKS, Scene, draw

if TYPE_CHECKING:
    import pandas as pd
    from IPython.display import Audio
    from matplotlib.figure import Figure

GAP_S: Seconds = 0.3  # shorter silences between speech regions are not hatched, as in the report

#: The frames of a clip; each statement takes `$clip_id`.
STATEMENTS = {
    "overview": "FROM clip_overview WHERE clip_id = $clip_id",
    "words": "FROM words WHERE clip_id = $clip_id ORDER BY word_index",
    "segments": "FROM segment_overview WHERE clip_id = $clip_id ORDER BY segment",
    "regions": "FROM region_evidence WHERE clip_id = $clip_id ORDER BY region",
    "emotions": """
        SELECT emotions.*, speech_regions.start_s, speech_regions.end_s
        FROM emotions JOIN speech_regions USING (clip_id, region)
        WHERE clip_id = $clip_id ORDER BY model, region
    """,
    "acoustics": "FROM acoustics WHERE clip_id = $clip_id ORDER BY region",
    "evidence": "FROM clip_evidence WHERE clip_id = $clip_id ORDER BY model",
}


@dataclass(frozen=True, eq=False, repr=False)
class ClipView:
    """One clip; every frame has the columns of the table or view of its name (see the data dictionary), times in s."""

    clip_id: str
    overview: pd.DataFrame  # its line of clip_overview
    words: pd.DataFrame
    segments: pd.DataFrame  # of segment_overview: with trust
    regions: pd.DataFrame  # of region_evidence: the evidence for and against each speech region
    emotions: pd.DataFrame  # one row a speech region and model, with its times
    acoustics: pd.DataFrame  # one row a speech region
    evidence: pd.DataFrame  # of clip_evidence: one row a tone model
    pitch_range: PitchRange
    _read: Callable[[], Waveform] = field(kw_only=True)

    def __repr__(self) -> str:
        line = self.overview.iloc[0]
        length = f"{line['duration_s']:.1f} s" if self.duration_s is not None else "never decoded"
        tone = line["tone"] if isinstance(line["tone"], str) else f"no tone ({line['tone_reason']})"
        return f"<clip {self.clip_id}: {length}, {counted(len(self.words), 'word')}, {tone}>"

    @property
    def duration_s(self) -> Seconds | None:
        """Length of the decoded audio; None if it was never decoded."""
        seconds = float(self.overview["duration_s"].iloc[0])
        return None if seconds != seconds else seconds

    @property
    def models(self) -> list[str]:
        """The tone models of the study, in alphabetical order."""
        return [str(name) for name in self.evidence["model"].dropna()]

    def waveform(self) -> Waveform:
        """The decoded audio, mono 16 kHz, `(time,)`; `UserError` says why there is none."""
        return self._read()

    def spectrogram(self, window_s: Seconds = WINDOW_S, step_s: Seconds | None = None) -> Picture:
        """Power in dB by time (s) and frequency (Hz), of Hann windows; see `time_series.spectrogram`."""
        return time_series.spectrogram(self._sounding(), window_s, step_s)

    def mel(self, bands: int = MEL_BANDS) -> Picture:
        """Whisper's log-mel bands by time (s) and middle frequency (Hz), each 10 ms; see `time_series.mel_bands`."""
        return time_series.mel_bands(self._sounding(), bands)

    def mfcc(
        self,
        coefficients: int = MFCC_COEFFICIENTS,
        window_s: Seconds = MFCC_WINDOW_S,
        step_s: Seconds = MFCC_STEP_S,
    ) -> Picture:
        """Praat's cepstral coefficients by time (s) and number, from 1 on; `UserError` if the clip is too short."""
        found = time_series.mfcc(self._sounding(), coefficients, window_s, step_s)
        if found is None:
            raise UserError(f"{self.clip_id} is too short for cepstral coefficients of such windows")
        return found

    def _sounding(self) -> Waveform:
        """The waveform, which has a sample at least."""
        if not self.waveform().size:
            raise UserError(f"{self.clip_id} has no sample of audio")
        return self.waveform()

    @property
    def has_sound(self) -> bool:
        """Whether there is a waveform: the audio is kept, or its media is there to be decoded again."""
        try:
            self._read()
        except UserError:
            return False
        return True

    def audio(self, start_s: Seconds = 0.0, end_s: Seconds | None = None) -> Audio:
        """A player of the clip, or of a span of it, at its own level; it needs a notebook, and `UserError` says so."""
        try:
            from IPython.display import Audio
        except ImportError as error:
            raise UserError(f"a player needs a notebook; {how_to_install('notebooks')}") from error
        waveform = self.waveform()
        end = waveform.size / SAMPLE_RATE if end_s is None else end_s
        part = span(waveform, start_s, end)
        if not part.size:
            raise UserError(f"{self.clip_id} has no sound from {start_s:g} s to {end:g} s")
        return Audio(part, rate=SAMPLE_RATE, normalize=False)  # type: ignore[no-untyped-call]

    def tone(self, model: str | None = None) -> pd.DataFrame:
        """The tone of the whole clip by one model, the first by default, and why there is none where there is none.

        One row a span of time: start_s, end_s, label, probability, probabilities, is_unsure and reason. Silences of
        0.3 s and more are spans with the reason no_speech. `UserError` for an unknown model.
        """
        names = self.models
        model = names[0] if model is None and names else model
        if model not in names:
            raise UserError(f"no tone model {model!r} in this study; there are: {', '.join(names) or 'none'}")
        return _tone_spans(self.regions, self.emotions[self.emotions["model"] == model], self.duration_s or 0.0)

    def plot(self, *tracks: str, start_s: Seconds = 0.0, end_s: Seconds | None = None) -> Figure:
        """A figure of all tracks, or of those named, from one time to another, on one axis of time.

        Tracks: waveform, spectrogram, mel, mfcc, pitch, intensity, words, tone. Where the audio cannot be had, the
        figure has the last two and says so; `UserError` where a named track needs the audio.
        """
        seconds = self.duration_s
        if seconds is None:
            problem = self.overview["problem"].iloc[0]
            raise UserError(f"{self.clip_id} was never decoded ({problem or 'pending'}): there is nothing to draw")
        waveform, title = self._waveform_or_title(needed=any(name in SOUND for name in tracks))
        known = SOUND if waveform is not None else {}
        chosen = tracks or tuple(name for name in TRACKS if name not in SOUND or name in known)
        tones = {model: self.tone(model) for model in self.models}
        scene = Scene(title, seconds, waveform, self.pitch_range, self.words, tones)
        return draw(scene, chosen, start_s, seconds if end_s is None else end_s)

    def _waveform_or_title(self, *, needed: bool) -> tuple[Waveform | None, str]:
        """The waveform, or None and a title that says so; `UserError` if it is needed and cannot be had."""
        try:
            return self._read(), self.clip_id
        except UserError:
            if needed:
                raise
            return None, f"{self.clip_id} (without its audio: words and tone alone)"


def _tone_spans(regions: pd.DataFrame, emotions: pd.DataFrame, seconds: Seconds) -> pd.DataFrame:
    """Spans with a tone, and those without with their reason, as the report hatches them."""
    import pandas as pd

    scores: dict[Any, dict[Any, Any]] = {row["region"]: row for row in emotions.to_dict("records")}
    spans: list[dict[str, Any]] = [
        _region_row(region, scores.get(region["region"])) for region in regions.to_dict("records")
    ]
    edges = [0.0, *(edge for one in spans for edge in (one["start_s"], one["end_s"])), seconds]
    spans += [
        _span_row(start, end, "no_speech")
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start >= GAP_S
    ]
    spans.sort(key=lambda one: float(one["start_s"]))
    columns = list(_span_row(0.0, 0.0, None))
    frame = pd.DataFrame([list(one.values()) for one in spans], columns=columns, dtype=object)
    return frame.astype({"start_s": "float64", "end_s": "float64", "probability": "float64"})


def _region_row(region: dict[Any, Any], score: dict[Any, Any] | None) -> dict[str, Any]:
    """A speech region with a model's score for it."""
    if score is None or score["status"] != "scored":
        reason = score["reason"] if score else "not_scored"
        return _span_row(region["start_s"], region["end_s"], str(reason))
    labels = score["label_set"]
    return {
        **_span_row(region["start_s"], region["end_s"], None),
        "label": score["label"] if isinstance(score["label"], str) else None,
        "probability": score["probability"] if isinstance(score["label"], str) else None,
        "probabilities": dict(score["probabilities"]) if score["probabilities"] is not None else None,
        "is_unsure": None if labels is None else of_region(labels) == UNSURE,
    }


def _span_row(start_s: Seconds, end_s: Seconds, reason: str | None) -> dict[str, Any]:
    return {
        "start_s": start_s, "end_s": end_s, "label": None, "probability": None, "probabilities": None,
        "is_unsure": None, "reason": reason,
    }  # fmt: skip
