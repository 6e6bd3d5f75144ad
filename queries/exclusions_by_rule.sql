-- what: how many posts each filter of the study keeps out
-- grain: one row a platform and rule
-- unit: posts as a count, shares 0–1 of the posts of that platform
-- caution: a post counts for the first rule that keeps it out, in the order of the study file's [filters]
WITH found AS (
    SELECT platform, count(*) AS posts FROM clips GROUP BY platform
),
final AS (
    SELECT
        clips.platform,
        exclusions.rule,
        count(*) AS posts, -- posts that it keeps out [count]
        count(*) / any_value(found.posts) AS share, -- of the posts of that platform [0–1]
        min(exclusions.message) AS example -- what was found in one of them
    FROM exclusions
    JOIN clips USING (clip_id)
    JOIN found USING (platform)
    GROUP BY clips.platform, exclusions.rule
)
SELECT * FROM final ORDER BY platform, posts DESC, rule;
