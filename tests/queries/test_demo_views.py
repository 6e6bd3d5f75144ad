"""The demo fills every table of voices and mentions, and what it leaves out it leaves out for a reason."""

from __future__ import annotations

import pytest

from pipeline import open_study
from pipeline.analysis.models import cache as model_cache
from pipeline.analysis.text.lexicon import read_lexicon
from pipeline.analysis.tone.diarization import TIMELINE_MODELS
from pipeline.stages import BY_NAME, STAGES
from pipeline.stages.emotion import TONE_MODELS
from pipeline.study.config import Study
from pipeline.study.demo.study import SHIPPED

pytestmark = pytest.mark.model
#: Tables of stages that the demo leaves empty, and why.
LEFT_OUT = {
    "opensmile_features": "openSMILE's licence forbids commercial use, so it is installed and named by choice alone",
    "emotion_spans": "its models must be fetched from the hub, so none is named by default",
    "platform_captions": "the clips of the demo are files; captions come with posts that are fetched",
    "sound_gaps": "the sound of its clips is whole",
    "vocal_events": "nobody in its clips laughs or cries",
}


def test_every_table_is_filled_but_those_left_out_for_a_reason(demo: Study) -> None:
    reader = open_study(demo.folder.root)
    tables = {kind.table for stage in STAGES for kind in stage.tables}
    empty = {table for table in tables if not len(reader.sql(f"FROM {table} LIMIT 1"))}
    assert empty == set(LEFT_OUT)
    assert "hub" in str(BY_NAME["timeline"].Options.model_fields["models"].description)
    assert "commercial" in str(BY_NAME["acoustics"].Options.model_fields["opensmile"].description)


def test_models_of_the_hub_are_left_out_by_name_and_reason() -> None:
    text = (SHIPPED / "demo.toml").read_text(encoding="utf-8")
    from_the_hub = [name for name in (*TONE_MODELS, *TIMELINE_MODELS) if model_cache.get(name).shipped is None]
    assert len(from_the_hub) == 3
    assert all(f'"{name}"' in text for name in from_the_hub)
    assert "must be fetched from the model hub" in text


def test_the_lexicon_is_found_in_speech_and_captions(demo: Study) -> None:
    found = open_study(demo.folder.root).sql("FROM mentions")
    labels = {term.label for term in read_lexicon(SHIPPED / "lexicon.toml").terms}
    assert labels == {"bag", "coldness", "person", "service"}
    spoken = found[found["channel"] == "speech"]
    assert set(spoken["label"]) == labels - {"bag"}
    assert set(found[found["channel"] == "caption"]["label"]) >= {"bag"}
    assert set(spoken["language"]) == {"en", "es", "fr"}
    assert spoken["start_s"].notna().all()
    # the same sentence quick and slow: the phrase stands where its words stand
    words = open_study(demo.folder.root).sql("FROM words")
    for mention in spoken.to_dict("records"):
        word = words[(words["clip_id"] == mention["clip_id"]) & (words["word_index"] == mention["word_index"])]
        assert word["start_s"].item() == mention["start_s"]


def test_every_region_has_its_sound_or_a_reason(demo: Study) -> None:
    reader = open_study(demo.folder.root)
    regions = len(reader.sql("FROM speech_regions"))
    for table, value in (("acoustics", "f0_median_hz"), ("spectral", "alpha_ratio_db")):
        rows = reader.sql(f"FROM {table}")
        assert len(rows) == regions
        assert (rows[value].isna() == rows["reason"].notna()).all()
    arousal = reader.query("arousal")
    assert len(arousal) == regions
    assert (arousal["arousal_rank"].isna() == arousal["reason"].notna()).all()
    assert arousal["arousal_rank"].dropna().between(0, 1).all()
    assert set(arousal["reason"].dropna()) <= {"music_over_speech", "low_snr", "too_short", "unvoiced"}


def test_every_word_has_its_emphasis_or_a_reason(demo: Study) -> None:
    reader = open_study(demo.folder.root)
    rows = reader.sql("FROM word_emphasis")
    assert len(rows) == len(reader.sql("FROM words"))
    assert (rows["f0_peak_semitones"].isna() == rows["reason"].notna()).all()
    assert rows["f0_peak_semitones"].dropna().abs().max() < 24, "no hiss is taken for a voice two octaves up"
    strongest = rows[rows["is_strongest"] == True]  # noqa: E712 - NULL is neither
    assert not strongest.duplicated(["clip_id", "segment"]).any()
