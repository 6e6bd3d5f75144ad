-- what: the tone of each clip against the other clips of its author: is this angrier than this voice usually sounds?
-- grain: one row a clip, model and tone label, for clips with a known tone and author
-- unit: probabilities 0–1, z in standard deviations within the author, counts
-- caution: z needs three scored clips of the author and says little below ten; an account can have several voices
WITH scored AS (
    SELECT
        clips.author_key,
        clip_probabilities.clip_id,
        clip_probabilities.model,
        clips.posted_at,
        clip_probabilities.tone,
        clip_probabilities.probability
    FROM clip_probabilities
    JOIN clips USING (clip_id)
    WHERE clips.author_key IS NOT NULL
),
authors AS (
    SELECT author_key, model, tone, count(*) AS clips, avg(probability) AS mean, stddev_samp(probability) AS spread
    FROM scored
    GROUP BY author_key, model, tone
),
final AS (
    SELECT
        scored.author_key, -- pseudonym of the author
        scored.clip_id, -- the clip
        scored.model, -- the tone model
        scored.tone, -- tone label
        scored.posted_at, -- when the clip was posted [UTC]
        scored.probability, -- mean probability of the tone in this clip [0–1]
        authors.mean AS author_mean, -- mean of that over the author's scored clips [0–1]
        CASE WHEN authors.clips >= 3 AND authors.spread > 1e-9
            THEN (scored.probability - authors.mean) / authors.spread
        END AS z, -- standard deviations above the author's mean; NULL with a reason [SD]
        CASE
            WHEN authors.clips < 3 THEN 'too_few_clips'
            WHEN authors.spread <= 1e-9 THEN 'no_spread'
        END AS z_reason, -- why z is NULL: too_few_clips or no_spread
        authors.clips -- scored clips of the author behind mean and z [count]
    FROM scored
    JOIN authors USING (author_key, model, tone)
)
SELECT * FROM final ORDER BY author_key, model, tone, posted_at, clip_id;
