-- what: perceived tone of each clip, one row a label: what `clip_tone` holds as a map, for means, models and plots
-- grain: one row a clip, model and tone label, for clips whose tone is known
-- unit: probabilities 0–1
-- caution: how a voice sounds to a model, never what a person feels; only where `tone_coverage` has enough scored speech
WITH labelled AS (
    SELECT
        emotions.clip_id,
        emotions.model,
        speech_regions.end_s - speech_regions.start_s AS length_s,
        unnest(map_keys(emotions.probabilities)) AS label,
        unnest(map_values(emotions.probabilities)) AS probability
    FROM emotions
    JOIN speech_regions USING (clip_id, region)
    SEMI JOIN (SELECT clip_id, model FROM tone_coverage WHERE is_enough) AS enough USING (clip_id, model)
    WHERE emotions.status = 'scored'
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
