-- what: mean perceived tone of the clips posted in each week
-- grain: one row a week, model and tone label, for weeks with a scored clip
-- unit: weeks by their Monday (UTC), probabilities 0–1, counts
-- caution: clips without a posting time are left out; a change over weeks can be a change of who posts
WITH posted AS (
    SELECT clip_id, CAST(date_trunc('week', posted_at) AS DATE) AS week FROM clips WHERE posted_at IS NOT NULL
),
scored AS (
    SELECT
        posted.week,
        clip_probabilities.model,
        clip_probabilities.tone,
        avg(clip_probabilities.probability) AS mean_probability,
        count(*) AS clips_scored
    FROM posted
    JOIN clip_probabilities USING (clip_id)
    GROUP BY posted.week, clip_probabilities.model, clip_probabilities.tone
),
counted AS (
    SELECT week, count(*) AS clips FROM posted GROUP BY week
),
final AS (
    SELECT
        scored.week, -- Monday of the week of posting [UTC]
        scored.model, -- the tone model
        scored.tone, -- tone label
        scored.mean_probability, -- mean over clips of the tone's probability [0–1]
        scored.clips_scored, -- clips behind the mean [count]
        counted.clips -- clips posted in that week, scored or not [count]
    FROM scored
    JOIN counted USING (week)
)
SELECT * FROM final ORDER BY week, model, tone;
