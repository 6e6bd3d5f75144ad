-- what: how many clips are left after each step from the list to words and tone
-- grain: one row a step, in order
-- unit: clips as a count, shares 0–1
-- caution: words and tone both follow speech, so neither is a part of the other; why clips are lost: `attrition`
WITH counted AS (
    SELECT
        count(*) AS listed,
        count(*) FILTER (exclusions.clip_id IS NULL) AS kept,
        count(*) FILTER (media.clip_id IS NOT NULL) AS arrived,
        count(*) FILTER (audio.clip_id IS NOT NULL) AS decoded,
        count(*) FILTER (evidence.speech_s > 0) AS with_speech,
        count(*) FILTER (transcripts.text IS NOT NULL) AS with_words
    FROM clips
    LEFT JOIN exclusions USING (clip_id)
    LEFT JOIN media USING (clip_id)
    LEFT JOIN audio USING (clip_id)
    LEFT JOIN evidence USING (clip_id)
    LEFT JOIN transcripts USING (clip_id)
),
toned AS (
    SELECT count(DISTINCT clip_id) AS with_tone FROM clip_tone_status WHERE tone IS NOT NULL
),
steps AS (
    SELECT 1 AS position, 'listed' AS step, listed AS clips, listed AS clips_before FROM counted
    UNION ALL
    SELECT 2, 'kept by the filters', kept, listed FROM counted
    UNION ALL
    SELECT 3, 'media arrived', arrived, kept FROM counted
    UNION ALL
    SELECT 4, 'audio decoded', decoded, arrived FROM counted
    UNION ALL
    SELECT 5, 'speech heard', with_speech, decoded FROM counted
    UNION ALL
    SELECT 6, 'words transcribed', with_words, with_speech FROM counted
    UNION ALL
    SELECT 7, 'tone scored', toned.with_tone, counted.with_speech FROM counted CROSS JOIN toned
),
final AS (
    SELECT
        steps.position, -- place of the step in the order, from 1
        steps.step, -- the step
        steps.clips, -- clips that came so far [count]
        steps.clips_before - steps.clips AS lost, -- fewer than at the step it follows [count]
        steps.clips / nullif(counted.listed, 0) AS share -- of all clips listed [0–1]
    FROM steps
    CROSS JOIN counted
)
SELECT * FROM final ORDER BY position;
