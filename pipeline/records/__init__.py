"""What passes between stages and what is stored: rows that carry their meaning and unit, `Clip` and `Outcome`."""

from pipeline.records.annotation import AnnotationRow
from pipeline.records.clip import Clip, Outcome, Source
from pipeline.records.clips import ClipRow, ObservationRow, PlatformCaptionRow, VisibilityRow
from pipeline.records.collection import (
    ExclusionRow,
    ExposureRow,
    ImportRow,
    ListingRow,
    ProvenanceRow,
    ShortLinkRow,
    TombstoneRow,
)
from pipeline.records.comparison import ComparisonRow
from pipeline.records.evaluation import EvaluationRow
from pipeline.records.row import Decibels, Hertz, Row, RowT, Seconds, column
from pipeline.records.sound import (
    AudioRow,
    EvidenceRow,
    MediaRow,
    SoundGapRow,
    SoundLandmarksRow,
    SoundRow,
    SoundTagRow,
    SpeechRegionRow,
    VocalEventRow,
)
from pipeline.records.speech import (
    SegmentRow,
    SegmentSentimentRow,
    SegmentTrustRow,
    TextEmbeddingRow,
    TextFeaturesRow,
    TranscriptRow,
    WordRow,
)
from pipeline.records.tone import EmotionRow, SpeechEmbeddingRow
from pipeline.records.voice import AcousticsRow, EmotionSpanRow, MentionRow, OpenSmileRow, SpectralRow, WordEmphasisRow

#: Tables that hold what a study is given or finds out, beside those of its stages.
STUDY_ROWS: tuple[type[Row], ...] = (
    ClipRow, ObservationRow, ProvenanceRow, ImportRow, ExposureRow, ListingRow, ShortLinkRow, ExclusionRow,
    VisibilityRow, TombstoneRow, EvaluationRow, ComparisonRow, SoundRow, AnnotationRow,
)  # fmt: skip

__all__ = [
    "STUDY_ROWS",
    "AcousticsRow",
    "AnnotationRow",
    "AudioRow",
    "Clip",
    "ClipRow",
    "ComparisonRow",
    "Decibels",
    "EmotionRow",
    "EmotionSpanRow",
    "EvaluationRow",
    "EvidenceRow",
    "ExclusionRow",
    "ExposureRow",
    "Hertz",
    "ImportRow",
    "ListingRow",
    "MediaRow",
    "MentionRow",
    "ObservationRow",
    "OpenSmileRow",
    "Outcome",
    "PlatformCaptionRow",
    "ProvenanceRow",
    "Row",
    "RowT",
    "Seconds",
    "SegmentRow",
    "SegmentSentimentRow",
    "SegmentTrustRow",
    "ShortLinkRow",
    "SoundGapRow",
    "SoundLandmarksRow",
    "SoundRow",
    "SoundTagRow",
    "Source",
    "SpectralRow",
    "SpeechEmbeddingRow",
    "SpeechRegionRow",
    "TextEmbeddingRow",
    "TextFeaturesRow",
    "TombstoneRow",
    "TranscriptRow",
    "VisibilityRow",
    "VocalEventRow",
    "WordEmphasisRow",
    "WordRow",
    "column",
]
