-- what: how much of each clip's speech each tone model scored, and whether that is enough to say the tone of the clip
-- grain: one row a clip and model, for clips with a speech region
-- unit: times in s, shares 0–1
-- caution: enough is half of the length of all speech regions; views of a clip's tone take that rule from here
WITH regions AS (
    SELECT
        emotions.clip_id,
        emotions.model,
        emotions.status,
        emotions.reason,
        emotions.label_set,
        speech_regions.end_s - speech_regions.start_s AS length_s
    FROM emotions
    JOIN speech_regions USING (clip_id, region)
    SEMI JOIN tone_models USING (model)
    SEMI JOIN evidence USING (clip_id)
),
counted AS (
    SELECT
        clip_id,
        model,
        count(*) AS regions,
        count(*) FILTER (status = 'scored') AS regions_scored,
        sum(length_s) AS speech_s,
        coalesce(sum(length_s) FILTER (status = 'scored'), 0) AS scored_s,
        coalesce(sum(length_s) FILTER (status = 'scored' AND len(label_set) <> 1), 0) AS unsure_s,
        bool_or(label_set IS NOT NULL) AS has_sets,
        arg_max(reason, length_s) FILTER (status <> 'scored') AS reason
    FROM regions
    GROUP BY clip_id, model
),
final AS (
    SELECT
        counted.clip_id, -- the clip
        counted.model, -- the tone model
        counted.regions, -- speech regions [count]
        counted.regions_scored, -- speech regions with a score [count]
        counted.scored_s, -- length of the scored speech regions [s]
        -- to the microsecond, in whichever order they add up
        round(counted.scored_s, 6) >= round(0.5 * counted.speech_s, 6) AS is_enough, -- whether they are at least half of the speech
        CASE WHEN counted.has_sets THEN counted.unsure_s / nullif(counted.scored_s, 0) END
            AS unsure_share, -- share of it in which the model is unsure; NULL for models that do not say [0–1]
        counted.reason -- why the longest of the others has no score
    FROM counted
)
SELECT * FROM final ORDER BY clip_id, model;
