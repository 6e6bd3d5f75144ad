-- what: how the tone of one author's clips moves over time: each clip against the ones before it, and the trend
-- grain: one row a clip, model and tone label of that author, for clips with a known tone and posting time
-- unit: probabilities 0–1, times in days, slope in probability per 30 days
-- caution: the voice of an account, which can be several people's; a trend needs many clips, see `clips`; not for ranking people
-- parameters: author = an author_key, as clip_overview shows it; window = 5 (clips in the moving mean); own_voice_only = 0 (1 leaves borrowed sounds out, see `sound_use`)
WITH posted AS (
    SELECT
        clips.clip_id,
        clips.posted_at,
        clip_probabilities.model,
        clip_probabilities.tone,
        clip_probabilities.probability
    FROM clips
    JOIN clip_probabilities USING (clip_id)
    WHERE clips.author_key = $author AND clips.posted_at IS NOT NULL
        AND (CAST($own_voice_only AS DOUBLE) = 0 OR clips.clip_id IN (SELECT clip_id FROM sound_use WHERE own_voice))
),
placed AS (
    SELECT
        *,
        row_number() OVER voice AS clip_number,
        date_diff('second', min(posted_at) OVER (PARTITION BY model, tone), posted_at) / 86400 AS days
    FROM posted
    WINDOW voice AS (PARTITION BY model, tone ORDER BY posted_at, clip_id)
),
moving AS (
    SELECT later.model, later.tone, later.clip_number, avg(earlier.probability) AS moving_mean, count(*) AS moving_clips
    FROM placed AS later
    JOIN placed AS earlier ON earlier.model = later.model AND earlier.tone = later.tone
        AND earlier.clip_number BETWEEN later.clip_number - CAST($window AS BIGINT) + 1 AND later.clip_number
    GROUP BY later.model, later.tone, later.clip_number
),
trends AS (
    SELECT
        model,
        tone,
        count(*) AS clips,
        avg(probability) AS mean_probability,
        CASE WHEN count(*) >= 3 AND max(days) > min(days) THEN 30 * regr_slope(probability, days) END AS slope_per_30_days
    FROM placed
    GROUP BY model, tone
),
final AS (
    SELECT
        placed.clip_id,
        placed.model,
        placed.tone,
        placed.clip_number,
        placed.posted_at,
        placed.days,
        placed.probability,
        moving.moving_mean,
        moving.moving_clips,
        trends.mean_probability AS author_mean,
        trends.slope_per_30_days,
        CASE WHEN trends.clips < 3 THEN 'too_few_clips' WHEN trends.slope_per_30_days IS NULL THEN 'no_spread' END AS slope_reason,
        trends.clips
    FROM placed
    JOIN moving USING (model, tone, clip_number)
    JOIN trends USING (model, tone)
)
SELECT * FROM final ORDER BY model, tone, clip_number;
