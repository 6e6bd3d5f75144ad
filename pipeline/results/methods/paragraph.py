"""The paragraph for a methods section, with each number as a fact; what the database cannot know is marked …."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.analysis.models.catalogue import MODELS
from pipeline.results.methods.facts import MethodsFacts
from pipeline.stages.emotion import REFERENCE

Number = Callable[[str], str]  # a fact as the document shows it


def paragraph(facts: MethodsFacts) -> str:
    """Sentences on posts, media, words and tone, in the order of the work."""
    sentences = (_posts_text, _media_text, _words_text, _tone_text, _versions_text)
    return " ".join(text for sentence in sentences if (text := sentence(facts, facts.marked)))


def _posts_text(facts: MethodsFacts, n: Number) -> str:
    accounts = f" of {n('posts.authors')} accounts" if facts.facts["posts.authors"] else ""
    span = f", posted from {n('posts.first')} to {n('posts.last')}" if facts.facts["posts.first"] != "unknown" else ""
    excluded = _losses_by_reason(facts, n, "excluded")
    kept = (
        f" Filters of the study kept {n('funnel.kept_by_the_filters.clips')} of them ({excluded})." if excluded else ""
    )
    return f"We analysed {n('posts.listed')} posts{accounts}{span} and chosen by … .{kept}"


def _media_text(facts: MethodsFacts, n: Number) -> str:
    without = "".join(
        f"{n(f'{key}.lost')} {what}. "
        for key, what in (
            ("funnel.with_a_video", "held no video"),
            ("funnel.media_wanted", "were taken as metadata alone"),
        )
        if facts.facts[f"{key}.lost"]
    )
    return (
        f"{without}Media of {n('funnel.media_arrived.clips')} arrived, the audio of {n('funnel.audio_decoded.clips')} "
        f"could be decoded (lost: {_losses_by_reason(facts, n, 'failed') or 'none'}), and speech was found in "
        f"{n('funnel.speech_heard.clips')}."
    )


def _words_text(facts: MethodsFacts, n: Number) -> str:
    if "option.transcribe.model" not in facts.facts:
        return ""
    model = str(facts.facts["option.transcribe.model"])
    source = MODELS[model].source if model in MODELS else "…"
    return (
        f"Speech was transcribed with {n('option.transcribe.model')} ({source}, {n('option.transcribe.engine')}, beam "
        f"of {n('option.transcribe.beam_size')}); segments with a trust below {n('option.transcribe.min_trust')} were "
        f"left out, and {n('funnel.words_transcribed.clips')} clips have words."
    )


def _tone_text(facts: MethodsFacts, n: Number) -> str:
    used = [row["model"] for row in facts.models if row["stage"] == "emotion"]
    models = [name for name in used if name != REFERENCE]
    if not models:
        return ""
    named = "; ".join(
        f"{name} ({MODELS[name].trained_on})" if name in MODELS else f"{name} (trained on our own labels, see its card)"
        for name in models
    )
    read = (
        " Voices were read in part against those of this study, the rest against the training set."
        if REFERENCE in used
        else ""
    )
    lost = _losses_by_reason(facts, n, "no_tone") or "none"
    return (
        f"Perceived tone, that is how a voice sounds to a model and not what a person feels, was scored with {named}."
        f"{read} No tone was given to speech regions shorter than {n('option.emotion.min_region_s')} s, below a "
        f"signal-to-noise ratio of {n('option.emotion.min_snr_db')} dB, under music, or for another reason "
        f"of the table of losses; {n('funnel.tone_scored.clips')} clips have a tone (without: {lost}). The tone models "
        "were judged on labels of … from this material."
    )


def _versions_text(_: MethodsFacts, n: Number) -> str:
    return (
        f"All was done with cliptone {n('cliptone_version')} ({n('runs.last')}), on processors with "
        f"{n('processors')} instructions; digests of models, options and library versions are in the datasheet. "
        "Ethics approval: … ."
    )


def _losses_by_reason(facts: MethodsFacts, n: Number, outcome: str) -> str:
    """Reasons of one outcome with their clips, in order of their names; of several models the one that lost most."""
    most: dict[str, dict[str, Any]] = {}
    for row in facts.attrition:
        if row["outcome"] == outcome and row["clips"] > most.get(row["reason"], {"clips": 0})["clips"]:
            most[row["reason"]] = row
    ordered = sorted(most.values(), key=lambda row: str(row["reason"]))
    return ", ".join(f"{row['meaning']} ({n(row['key'] + '.clips')})" for row in ordered)
