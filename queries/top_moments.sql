-- what: the moments that sound most like one tone, with the second to jump to and the words said there
-- grain: one row a speech region and model
-- unit: probabilities 0–1, times in s
-- caution: the strongest of many scores are partly luck: listen before you quote
-- parameters: tone = a tone label such as angry; limit = 10 (moments at most); min_trust = 0.75 (0 takes all segments); own_voice_only = 0 (1 leaves borrowed sounds out, see `sound_use`)
WITH strongest AS (
    SELECT clip_id, region, model, label, label_set, probabilities[$tone] AS probability
    FROM emotions
    WHERE status = 'scored' AND probabilities[$tone] IS NOT NULL
        AND (CAST($own_voice_only AS DOUBLE) = 0 OR clip_id IN (SELECT clip_id FROM sound_use WHERE own_voice))
    ORDER BY probability DESC, clip_id, region, model
    LIMIT CAST($limit AS BIGINT)
),
moments AS (
    SELECT strongest.*, speech_regions.start_s, speech_regions.end_s
    FROM strongest
    JOIN speech_regions USING (clip_id, region)
),
said AS (
    SELECT
        moments.clip_id,
        moments.region,
        moments.model,
        string_agg(words.word, ' ' ORDER BY words.word_index) AS text
    FROM moments
    JOIN words ON words.clip_id = moments.clip_id AND words.region = moments.region
    LEFT JOIN segment_trust ON segment_trust.clip_id = words.clip_id AND segment_trust.segment = words.segment
    WHERE is_trusted(segment_trust.trust, $min_trust)
    GROUP BY moments.clip_id, moments.region, moments.model
),
final AS (
    SELECT
        moments.probability,
        moments.clip_id,
        moments.start_s AS jump_to_s,
        moments.end_s,
        said.text,
        moments.model,
        moments.label,
        len(moments.label_set) <> 1
            AS is_unsure, -- whether the model cannot tell the tone; NULL for a model without label sets
        moments.region,
        media.file_name,
        clips.url
    FROM moments
    JOIN clips USING (clip_id)
    LEFT JOIN said USING (clip_id, region, model)
    LEFT JOIN media USING (clip_id)
)
SELECT * FROM final ORDER BY probability DESC, clip_id, region, model;
