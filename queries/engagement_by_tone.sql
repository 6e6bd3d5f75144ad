-- what: how clips of each tone were received a week after posting, beside all clips of the platform with a known tone
-- grain: one row a platform, model and tone of the clip
-- unit: counts, likes per view 0–1
-- caution: an association, never an effect: tone goes with topic, author and season, and platforms choose whom to show a clip to
WITH compared AS (
    SELECT
        platform,
        model,
        tone,
        week_views,
        week_likes_per_view,
        week_reason,
        median(week_views) OVER (PARTITION BY platform, model) AS platform_views
    FROM engagement
    WHERE tone IS NOT NULL
),
final AS (
    SELECT
        compared.platform, -- the platform
        compared.model, -- the tone model
        compared.tone, -- most probable tone of the clips
        count(*) AS clips, -- clips with that tone [count]
        count(compared.week_views) AS clips_at_week, -- those with views at 5 to 9 days: the n behind the figures [count]
        median(compared.week_views) AS week_views_median, -- median of their views at that age [count]
        quantile_cont(compared.week_views, 0.25) AS week_views_lower, -- their lower quartile [count]
        quantile_cont(compared.week_views, 0.75) AS week_views_upper, -- their upper quartile [count]
        median(compared.week_likes_per_view) AS week_likes_per_view_median, -- median of likes over views at that age [0–1]
        any_value(compared.platform_views) AS platform_week_views_median, -- median views of the platform's clips at that age [count]
        mode(compared.week_reason) AS week_reason -- why most of the others have no counts at that age, as `engagement` says it
    FROM compared
    GROUP BY compared.platform, compared.model, compared.tone
)
SELECT * FROM final ORDER BY platform, model, tone;
