-- what: perceived tone of each clip, one row a label: what `clip_tone` holds as a map, for means, models and plots
-- grain: one row a clip, model and tone label, for clips whose tone is known
-- unit: probabilities 0–1
-- caution: how a voice sounds to a model, never what a person feels; only where at least half of the speech was scored
WITH models AS (
    SELECT unnest(json_extract_string(options, '$.models[*]')) AS model
    FROM fingerprints
    WHERE stage = 'emotion' AND is_current
),
regions AS (
    SELECT
        emotions.clip_id,
        emotions.model,
        emotions.status,
        emotions.probabilities,
        speech_regions.end_s - speech_regions.start_s AS length_s
    FROM emotions
    JOIN speech_regions USING (clip_id, region)
    SEMI JOIN models USING (model)
    SEMI JOIN evidence USING (clip_id)
),
enough AS (
    SELECT clip_id, model
    FROM regions
    GROUP BY clip_id, model
    -- to the microsecond, so that it does not matter in which order they add up
    HAVING round(sum(length_s) FILTER (status = 'scored'), 6) >= round(0.5 * sum(length_s), 6)
),
labelled AS (
    SELECT
        clip_id,
        model,
        length_s,
        unnest(map_keys(probabilities)) AS label,
        unnest(map_values(probabilities)) AS probability
    FROM regions
    SEMI JOIN enough USING (clip_id, model)
    WHERE status = 'scored'
),
averaged AS (
    SELECT clip_id, model, label, sum(probability * length_s) / sum(length_s) AS probability
    FROM labelled
    GROUP BY clip_id, model, label
),
final AS (
    SELECT
        averaged.clip_id, -- the clip
        averaged.model, -- the tone model
        averaged.label AS tone, -- tone label
        averaged.probability -- mean probability of it over the scored regions, by length [0–1]
    FROM averaged
)
SELECT * FROM final ORDER BY clip_id, model, tone;
