-- what: one line a clip: is it done, what was said, how it sounded, and why a value is missing
-- grain: one row a clip
-- unit: times in s, loudness in LUFS, probabilities and shares 0–1, sentiment -1–1
-- caution: the tone is that of the first of `tone_models`; `clip_tone` has all of them
WITH first_model AS (
    SELECT model FROM tone_models WHERE position = 1
),
stage_count AS (
    SELECT count(*) AS stages FROM fingerprints WHERE is_current
),
passed AS (
    SELECT last_attempts.clip_id, count(*) AS stages
    FROM last_attempts
    JOIN fingerprints USING (fingerprint)
    WHERE last_attempts.status = 'ok' AND fingerprints.is_current
    GROUP BY last_attempts.clip_id
),
failed AS (
    SELECT clip_id, min(stage || ': ' || reason) AS problem, min(reason) AS reason FROM failures GROUP BY clip_id
),
final AS (
    SELECT
        clips.clip_id,
        clips.platform,
        CASE
            WHEN exclusions.clip_id IS NOT NULL THEN 'excluded'
            WHEN clips.kind = 'post' THEN 'metadata_only'
            WHEN failed.problem IS NOT NULL THEN 'failed'
            WHEN coalesce(passed.stages, 0) = stage_count.stages THEN 'ok'
            ELSE 'pending'
        END AS status, -- ok, failed, pending, excluded (by a filter) or metadata_only (never fetched)
        failed.problem, -- stage and reason of a failure
        audio.duration_s,
        evidence.speech_s,
        evidence.music_share,
        evidence.singing_share,
        audio.loudness_lufs,
        transcripts.language,
        transcripts.language_probability,
        transcripts.text, -- the segments that are trusted; NULL without any
        transcripts.reason AS text_reason,
        clip_tone_status.tone, -- perceived tone by the first model; NULL with a reason
        clip_tone_status.tone_probability, -- mean probability of `tone`, by length of region [0–1]
        clip_tone_status.unsure_share,
        clip_tone_status.tone_status, -- scored, partly_scored, no_evidence, no_speech or not_scored; NULL before
        coalesce(clip_tone_status.tone_reason, failed.reason) AS tone_reason, -- why `tone` is NULL
        speech.sentiment, -- VADER compound score of the speech [-1–1]
        speech.sentiment_reason, -- why that is NULL
        clips.author_key,
        clips.hashtags,
        clips.caption,
        media.file_name
    FROM clips
    CROSS JOIN stage_count
    LEFT JOIN first_model ON true
    LEFT JOIN exclusions USING (clip_id)
    LEFT JOIN passed USING (clip_id)
    LEFT JOIN failed USING (clip_id)
    LEFT JOIN media USING (clip_id)
    LEFT JOIN audio USING (clip_id)
    LEFT JOIN evidence USING (clip_id)
    LEFT JOIN transcripts USING (clip_id)
    LEFT JOIN clip_tone_status ON clip_tone_status.clip_id = clips.clip_id AND clip_tone_status.model = first_model.model
    LEFT JOIN text_features AS speech ON speech.clip_id = clips.clip_id AND speech.channel = 'speech'
)
SELECT * FROM final ORDER BY clip_id;
