"""The registry of stages, in run order: a stage is one file here and one line in this list."""

from __future__ import annotations

from pipeline.stage import Stage
from pipeline.stages.acoustics import Acoustics
from pipeline.stages.audio import Audio
from pipeline.stages.download import Download
from pipeline.stages.embed import Embed
from pipeline.stages.emotion import Emotion
from pipeline.stages.emphasis import Emphasis
from pipeline.stages.evidence import Evidence
from pipeline.stages.landmarks import Landmarks
from pipeline.stages.mentions import Mentions
from pipeline.stages.text import Text
from pipeline.stages.text_embed import TextEmbed
from pipeline.stages.timeline import Timeline
from pipeline.stages.transcribe import Transcribe

STAGES: tuple[type[Stage], ...] = (
    Download, Audio, Evidence, Transcribe, Embed, Emotion, Timeline, Acoustics, Emphasis, Landmarks, Text,
    TextEmbed, Mentions
)  # fmt: skip

BY_NAME: dict[str, type[Stage]] = {stage.name: stage for stage in STAGES}
