"""Which columns an export holds at which level, decided here alone.

A column that is not named here is exported at no level.
"""

from __future__ import annotations

from enum import Enum, StrEnum

from pipeline.errors import UserError


class Level(StrEnum):
    """How much of a study an export holds, from most to least."""

    RESTRICTED = "restricted"
    SHAREABLE = "shareable"
    AGGREGATE = "aggregate"
    IDS_ONLY = "ids-only"


#: The meaning of each level, as its manifest states it.
MEANINGS: dict[Level, str] = {
    Level.RESTRICTED: "pseudonyms, post ids, captions and transcripts: for persons who signed the data use agreement",
    Level.SHAREABLE: "features of single clips under ids of this export alone, without text, URL or exact time",
    Level.AGGREGATE: "means and counts of groups of clips, each of at least five authors",
    Level.IDS_ONLY: "platform and post id, so that others can collect the same posts while they are public",
}

NO_RAW = (
    "there is no level 'raw': names, handles and URLs do not leave a study; "
    "'restricted' is the fullest, with pseudonyms, post ids and texts"
)


class Rule(Enum):
    """How a column is exported: at `restricted`; at `shareable`."""

    CLIP = "as it is, without handles; under a pseudonym of the export"
    AUTHOR = "as it is stored; under a pseudonym of the export, NULL for authors with few clips"
    CODE = "as it is at both: a word of a closed list, or a number that says nothing of a person"
    FEATURE = "as it is; rounded to three significant digits"
    COUNT = "as it is; as a bin of the logarithm to base 2"
    TIME = "as it is; as the Monday of its week"
    TEXT = "with handles under pseudonyms; not at all"
    RESTRICTED = "as it is; not at all"
    NEVER = "not at all"


SHAREABLE_RULES = frozenset({Rule.CLIP, Rule.AUTHOR, Rule.CODE, Rule.FEATURE, Rule.COUNT, Rule.TIME})

#: The columns of each table, and of the exported views, by rule. Hashtags stay at `restricted`, because a platform's
#: search finds the post by a set of them.
COLUMNS: dict[str, dict[Rule, str]] = {
    "clips": {
        Rule.CLIP: "clip_id",
        Rule.AUTHOR: "author_key",
        Rule.CODE: "platform kind posted_precision declared_language media_type is_ad",
        Rule.TIME: "posted_at",
        Rule.FEATURE: "declared_duration_s",
        Rule.TEXT: "caption sound_title sound_artist",
        Rule.RESTRICTED: "hashtags mentions sound_id field_sources",
        # Some platforms put the handle into the URL; platform and post id lead to the post as well.
        Rule.NEVER: "url",
    },
    "observations": {
        Rule.CLIP: "clip_id",
        Rule.TIME: "counted_at",
        Rule.CODE: "count_source",
        Rule.COUNT: "views likes comments shares saves",
    },
    "provenance": {
        Rule.CLIP: "clip_id",
        Rule.RESTRICTED: "source format format_version file_sha256 file_row first_seen_at",
    },
    "imports": {
        Rule.RESTRICTED: "file_sha256 format format_version imported_at posts exposures rejected new_posts",
        Rule.NEVER: "file_name",
    },
    "exposures": {
        Rule.CLIP: "clip_id",
        # What a person watched identifies the person.
        Rule.RESTRICTED: "donor_key kind seen_at file_sha256 file_row",
    },
    "listings": {
        Rule.RESTRICTED: "listing_id run_id source platform listed_at seconds posts new_posts stopped reason tools",
        Rule.NEVER: "message",
    },
    # Whoever has a list of short links finds theirs by the digest.
    "short_links": {Rule.CLIP: "clip_id", Rule.RESTRICTED: "link_id followed_at"},
    "exclusions": {Rule.CLIP: "clip_id", Rule.CODE: "rule", Rule.TIME: "excluded_at", Rule.NEVER: "message"},
    "visibility": {Rule.CLIP: "clip_id", Rule.TIME: "looked_at", Rule.CODE: "state reason rule"},
    "tombstones": {Rule.NEVER: "clip_key forgotten_at cause kind"},
    "evaluations": {
        # The names of groups of authors are the researcher's own words.
        Rule.RESTRICTED: (
            "evaluated_at labels_sha256 model fingerprint grouping group_value measure label value ci_low ci_high n "
            "abstained reason in_training counted"
        ),
        Rule.NEVER: "labels_file",
    },
    "comparisons": {
        # The groups are the researcher's own words, and may name an author.
        Rule.RESTRICTED: (
            "compared_at measure model mean_a mean_b difference ci_low ci_high p p_holm clips_a clips_b without_a "
            "without_b authors_a authors_b corrected corrected_low corrected_high labelled_a labelled_b reason"
        ),
        Rule.NEVER: "group_a group_b",
    },
    "annotations": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "region coder question level measures label cannot_tell",
        Rule.FEATURE: "start_s end_s weight value lowest highest",
        Rule.TIME: "answered_at",
        Rule.TEXT: "text",
        # Whoever has the ids of clips finds theirs by the ids in a sample.
        Rule.RESTRICTED: "sample sample_id scheme_sha256",
    },
    "media": {
        Rule.CLIP: "clip_id",
        # Digest and size identify the file.
        Rule.RESTRICTED: "sha256 size_bytes format_id extractor",
        Rule.NEVER: "file_name",
    },
    "audio": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "container video_codec width height audio_codec source_sample_rate source_channels "
        "audio_tracks audio_track mix",
        Rule.FEATURE: "duration_s container_duration_s decoded_ratio loudness_lufs true_peak_dbtp clipping_share "
        "start_s gap_s damaged_s channel_correlation",
        Rule.RESTRICTED: "audio_sha256",
    },
    "sound_gaps": {Rule.CLIP: "clip_id", Rule.CODE: "gap reason", Rule.FEATURE: "start_s end_s"},
    "evidence": {
        Rule.CLIP: "clip_id",
        Rule.FEATURE: (
            "speech_s speech_share music_share snr_db singing_share witness_music_share witness_singing_share "
            "uncertain_speech_s"
        ),
        Rule.CODE: "music_reason tagger voice_witness speech_reason",
    },
    "speech_regions": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "region voice_witnesses",
        Rule.FEATURE: (
            "start_s end_s level_dbfs speech_score music_score singing_score speech_probability snr_db clipping_share "
            "witness_probability witness_music"
        ),
    },
    "vocal_events": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "event kind",
        Rule.FEATURE: "start_s end_s score witness_probability",
        Rule.RESTRICTED: "source",
    },
    "sound_landmarks": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "reason",
        Rule.FEATURE: "duration_s",
        # Whoever has the recording finds it by them.
        Rule.RESTRICTED: "landmarks",
    },
    "sounds": {
        Rule.CLIP: "clip_id",
        Rule.FEATURE: "start_s length_s score tempo semitones",
        # Clips that play one sound lead to each other, and a known one to its title.
        Rule.RESTRICTED: "sound_id offset_s",
    },
    "sound_searches": {Rule.NEVER: "state"},
    "sound_tags": {Rule.CLIP: "clip_id", Rule.CODE: "tag", Rule.FEATURE: "mean_score max_score max_at_s"},
    "transcripts": {
        Rule.CLIP: "clip_id",
        Rule.TEXT: "text",
        Rule.CODE: "reason language engine model",
        Rule.FEATURE: "language_probability",
    },
    "segments": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "segment language",
        Rule.TEXT: "text",
        Rule.FEATURE: "start_s end_s avg_logprob no_speech_prob compression_ratio temperature",
    },
    "segment_trust": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "segment in_text",
        Rule.FEATURE: (
            "trust speech_overlap token_probability voice_probability incompressible variety originality "
            "language_probability window_fill"
        ),
    },
    "words": {
        Rule.CLIP: "clip_id",
        Rule.TEXT: "word",
        Rule.RESTRICTED: "word_index segment start_s end_s probability region",
    },
    "platform_captions": {
        Rule.CLIP: "clip_id",
        Rule.TEXT: "text",
        Rule.RESTRICTED: "language kind line start_s end_s",
    },
    "text_embeddings": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "channel part language model reason sentiment_model sentiment_measured",
        Rule.COUNT: "word_count",
        Rule.FEATURE: "sentiment",
        # Words can be guessed back from it.
        Rule.RESTRICTED: "embedding",
    },
    "text_features": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "channel language sentiment_reason",
        Rule.COUNT: "word_count character_count hashtag_count mention_count",
        Rule.FEATURE: "sentiment sentiment_positive sentiment_neutral sentiment_negative",
        Rule.RESTRICTED: "emoji",
    },
    "segment_sentiment": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "segment sentiment_reason",
        Rule.COUNT: "word_count",
        Rule.FEATURE: "sentiment",
    },
    "speech_embeddings": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "region encoder reason",
        Rule.FEATURE: "overlap_probability",
        # An embedding identifies the voice.
        Rule.RESTRICTED: "embedding",
    },
    "emotions": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "region model label label_set status reason reference",
        Rule.FEATURE: "probability probabilities arousal valence dominance novelty",
    },
    "emotion_spans": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "model span region label status reason",
        Rule.FEATURE: "start_s end_s probability",
    },
    "acoustics": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "region reason",
        Rule.FEATURE: (
            "f0_median_hz f0_p10_hz f0_p20_hz f0_p80_hz f0_p90_hz f0_sd_semitones f0_range_semitones "
            "f0_rising_semitones_per_s f0_falling_semitones_per_s voiced_share voiced_stretches_hz voiced_mean_s "
            "unvoiced_mean_s intensity_mean_db intensity_sd_db intensity_p20_db intensity_p50_db intensity_p80_db "
            "intensity_rising_db_per_s intensity_falling_db_per_s intensity_peaks_hz hf500_db jitter_local "
            "shimmer_local hnr_db syllable_rate_hz articulation_rate_hz pause_count pause_share pause_mean_s "
            "pause_max_s mfcc_mean mfcc_sd"
        ),
    },
    "spectral": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "region reason",
        Rule.FEATURE: (
            "alpha_ratio_db hammarberg_db slope_0_500_db_per_khz slope_500_1500_db_per_khz h1_h2_db f1_hz f2_hz f3_hz "
            "f1_bandwidth_hz f2_bandwidth_hz f3_bandwidth_hz"
        ),
    },
    "opensmile_features": {Rule.CLIP: "clip_id", Rule.CODE: "region feature_set reason", Rule.FEATURE: "features"},
    "word_emphasis": {
        Rule.CLIP: "clip_id",
        Rule.RESTRICTED: (
            "word_index segment intensity_peak_db f0_peak_semitones duration_z emphasis is_strongest reason"
        ),
    },
    "mentions": {
        Rule.CLIP: "clip_id",
        Rule.TEXT: "matched term",
        Rule.RESTRICTED: "mention channel label start_s end_s word_index language",
    },
    "runs": {
        Rule.CODE: "run_id cliptone_version instruction_set",
        Rule.TIME: "started_at finished_at",
        Rule.RESTRICTED: "study_sha256",
    },
    "fingerprints": {
        Rule.CODE: "fingerprint stage version models libraries is_current",
        Rule.TEXT: "options",
    },
    "attempts": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "run_id stage fingerprint status reason action",
        Rule.TIME: "finished_at",
        Rule.RESTRICTED: "attempt_id seconds again_at tools",
        Rule.NEVER: "message",
    },
    "sources": {Rule.NEVER: "clip_id position kind location stamp author_alias"},
    "author_names": {Rule.NEVER: "platform name author_key is_id"},
    "traces": {Rule.NEVER: "attempt_id trace"},
    "publications": {Rule.RESTRICTED: "publication published_at views_sha256"},
    "changes": {Rule.NEVER: "publication table_name clip_id is_first"},
    "readings": {Rule.NEVER: "stamp listed rejected notes"},
    "judgements": {Rule.NEVER: "filters_sha256"},
    "clip_tone": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "model tone tone_reason tone_status regions regions_scored",
        Rule.FEATURE: "tone_probability probabilities scored_s unsure_share words_share",
    },
    "dimensions": {
        Rule.CLIP: "clip_id",
        Rule.CODE: "model regions",
        Rule.FEATURE: "arousal valence dominance peak_arousal scored_s",
    },
}


def level_of(text: str) -> Level:
    """The level of that name; `UserError` names the known ones, and why there is no `raw`."""
    if text == "raw":
        raise UserError(NO_RAW)
    try:
        return Level(text)
    except ValueError as error:
        raise UserError(f"there is no level {text!r}: choose {', '.join(Level)}") from error


def rules(relation: str) -> dict[str, Rule]:
    """The rule of each exported column of a table or view."""
    return {name: rule for rule, names in COLUMNS.get(relation, {}).items() for name in names.split()}


def leaving(relation: str, level: Level) -> dict[str, Rule]:
    """The columns of a table or view that are exported at a level; none where only the clip id would be."""
    allowed = SHAREABLE_RULES if level is Level.SHAREABLE else frozenset(Rule) - {Rule.NEVER}
    found = {name: rule for name, rule in rules(relation).items() if rule in allowed}
    return found if set(found.values()) - {Rule.CLIP} else {}
