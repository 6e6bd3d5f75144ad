-- what: views, likes, comments, shares and saves of each clip beside its tone: latest, and a week after posting
-- grain: one row a clip and model
-- unit: counts, likes per view 0–1, ages in days since posting
-- caution: compare the week_ columns alone, latest counts differ in age, and `week_reason` says why there are none; platforms choose whom to show a clip to
WITH aged AS (
    SELECT
        observations.*,
        date_diff('second', clips.posted_at, observations.counted_at) / 86400 AS age_days
    FROM observations
    JOIN clips USING (clip_id)
),
latest AS (
    SELECT * FROM aged
    QUALIFY row_number() OVER (PARTITION BY clip_id ORDER BY counted_at DESC NULLS LAST, count_source) = 1
),
known AS (
    SELECT clip_id, count(counted_at) > 0 AS has_time FROM observations GROUP BY clip_id
),
-- a week, give or take two days: the observation nearest to seven days
at_week AS (
    SELECT * FROM aged
    WHERE age_days BETWEEN 5 AND 9
    QUALIFY row_number() OVER (PARTITION BY clip_id ORDER BY abs(age_days - 7), counted_at, count_source) = 1
),
final AS (
    SELECT
        clip_tone_status.clip_id, -- the clip
        clip_tone_status.model, -- the tone model
        clip_tone_status.tone, -- most probable tone of the clip; NULL with a reason
        clip_tone_status.tone_probability, -- mean probability of that tone over the clip [0–1]
        clip_tone_status.tone_reason, -- why the tone is NULL
        clips.platform,
        clips.author_key,
        clips.posted_at,
        latest.counted_at AS latest_counted_at, -- when these were read; NULL if the source does not say [UTC]
        latest.age_days AS latest_age_days, -- age of the post then [days]
        latest.views AS latest_views, -- views at that time [count]
        latest.likes AS latest_likes, -- likes at that time [count]
        latest.comments AS latest_comments, -- comments at that time [count]
        latest.shares AS latest_shares, -- shares at that time [count]
        latest.saves AS latest_saves, -- saves at that time [count]
        at_week.age_days AS week_age_days, -- age nearest to seven days; NULL without counts at 5 to 9 days [days]
        at_week.views AS week_views, -- views at that age [count]
        at_week.likes AS week_likes, -- likes at that age [count]
        at_week.comments AS week_comments, -- comments at that age [count]
        at_week.shares AS week_shares, -- shares at that age [count]
        at_week.saves AS week_saves, -- saves at that age [count]
        at_week.likes / nullif(at_week.views, 0) AS week_likes_per_view, -- likes over views at that age [0–1]
        CASE
            WHEN at_week.clip_id IS NOT NULL THEN NULL
            WHEN known.clip_id IS NULL THEN 'no_counts'
            WHEN NOT known.has_time THEN 'no_counted_at'
            WHEN clips.posted_at IS NULL THEN 'no_posted_at'
            ELSE 'other_age'
        END AS week_reason -- why there are no counts at that age: no_counts, no_counted_at (no source says when they were read), no_posted_at, or other_age (read sooner or later)
    FROM clip_tone_status
    JOIN clips USING (clip_id)
    LEFT JOIN known USING (clip_id)
    LEFT JOIN latest USING (clip_id)
    LEFT JOIN at_week USING (clip_id)
)
SELECT * FROM final ORDER BY week_likes_per_view DESC NULLS LAST, clip_id, model;
