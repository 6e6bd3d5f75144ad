-- what: mean perceived tone of the clips under each hashtag
-- grain: one row a hashtag, model and tone label
-- unit: probabilities 0–1, counts
-- caution: clips without enough evidence are counted in `clips` and left out of the mean; few clips say little
WITH tagged AS (
    SELECT DISTINCT clip_id, unnest(hashtags) AS hashtag FROM clips
),
scored AS (
    SELECT
        tagged.hashtag,
        clip_probabilities.model,
        clip_probabilities.tone,
        avg(clip_probabilities.probability) AS mean_probability,
        count(*) AS clips_scored
    FROM tagged
    JOIN clip_probabilities USING (clip_id)
    GROUP BY tagged.hashtag, clip_probabilities.model, clip_probabilities.tone
),
counted AS (
    SELECT hashtag, count(*) AS clips FROM tagged GROUP BY hashtag
),
final AS (
    SELECT
        scored.hashtag, -- hashtag, lower case, without #
        scored.model, -- the tone model
        scored.tone, -- tone label
        scored.mean_probability, -- mean over clips of the probability of this tone [0–1]
        scored.clips_scored, -- clips behind the mean [count]
        counted.clips -- all clips under the hashtag [count]
    FROM scored
    JOIN counted USING (hashtag)
)
SELECT * FROM final ORDER BY clips_scored DESC, hashtag, model, mean_probability DESC;
