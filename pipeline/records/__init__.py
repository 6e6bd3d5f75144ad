"""What passes between stages and what is stored: rows that carry their meaning and unit, `Clip` and `Outcome`."""

from pipeline.records.clip import Clip, Outcome, Source
from pipeline.records.collection import ExclusionRow, ExposureRow, ImportRow, ListingRow, ProvenanceRow, TombstoneRow
from pipeline.records.posts import ClipRow, ObservationRow, PlatformCaptionRow, VisibilityRow
from pipeline.records.row import Decibels, Hertz, Row, RowT, Seconds, column
from pipeline.records.sound import AudioRow, EvidenceRow, MediaRow, SoundTagRow, SpeechRegionRow
from pipeline.records.speech import SegmentRow, SegmentTrustRow, TextFeaturesRow, TranscriptRow, WordRow
from pipeline.records.tone import AcousticsRow, EmotionRow, SpeechEmbeddingRow

__all__ = [
    "AcousticsRow",
    "AudioRow",
    "Clip",
    "ClipRow",
    "Decibels",
    "EmotionRow",
    "EvidenceRow",
    "ExclusionRow",
    "ExposureRow",
    "Hertz",
    "ImportRow",
    "ListingRow",
    "MediaRow",
    "ObservationRow",
    "Outcome",
    "PlatformCaptionRow",
    "ProvenanceRow",
    "Row",
    "RowT",
    "Seconds",
    "SegmentRow",
    "SegmentTrustRow",
    "SoundTagRow",
    "Source",
    "SpeechEmbeddingRow",
    "SpeechRegionRow",
    "TextFeaturesRow",
    "TombstoneRow",
    "TranscriptRow",
    "VisibilityRow",
    "WordRow",
    "column",
]
