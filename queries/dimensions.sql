-- what: perceived arousal, valence and dominance of each clip, one model beside the other, never averaged over models
-- grain: one row a clip and model that gives at least one dimension
-- unit: 0–1 on each model's own scale; `rule` is the mean rank of the view `arousal`, in which 0.5 is this study's middle
-- caution: scales differ, so compare clips within a model; perceived, never what a person feels
WITH lengths AS (
    SELECT clip_id, region, end_s - start_s AS length_s FROM speech_regions
),
dimensional AS (
    SELECT clip_id, region, model, arousal, valence, dominance
    FROM emotions
    WHERE status = 'scored' AND coalesce(arousal, valence, dominance) IS NOT NULL
    UNION ALL
    SELECT clip_id, region, 'rule', arousal_rank, NULL, NULL
    FROM arousal
    WHERE arousal_rank IS NOT NULL
),
averaged AS (
    SELECT
        clip_id,
        model,
        sum(arousal * length_s) / sum(length_s) FILTER (arousal IS NOT NULL) AS arousal,
        sum(valence * length_s) / sum(length_s) FILTER (valence IS NOT NULL) AS valence,
        sum(dominance * length_s) / sum(length_s) FILTER (dominance IS NOT NULL) AS dominance,
        max(arousal) AS peak_arousal,
        count(*) AS regions,
        sum(length_s) AS scored_s
    FROM dimensional
    JOIN lengths USING (clip_id, region)
    GROUP BY clip_id, model
),
final AS (
    SELECT
        averaged.clip_id, -- the clip
        averaged.model, -- the tone model, or `rule` for the view `arousal`
        averaged.arousal, -- mean over scored regions by length; NULL if the model does not give it [0–1]
        averaged.valence, -- the same of valence [0–1]
        averaged.dominance, -- the same of dominance [0–1]
        averaged.peak_arousal, -- highest arousal of a region [0–1]
        averaged.regions, -- scored regions [count]
        averaged.scored_s -- their length [s]
    FROM averaged
)
SELECT * FROM final ORDER BY clip_id, model;
