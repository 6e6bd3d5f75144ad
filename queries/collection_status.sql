-- what: how far the collection is: posts found, kept out, arrived and lost, by platform, source and reason
-- grain: one row a platform, source, state and reason
-- unit: posts as a count, shares 0–1 of the posts that the source found
-- caution: what waits or is held may still arrive; compare who is lost with who arrived before you generalise
WITH found AS (
    SELECT platform, source, count(*) AS posts FROM collection GROUP BY platform, source
),
final AS (
    SELECT
        collection.platform,
        collection.source,
        collection.state,
        collection.reason,
        count(*) AS posts, -- posts in that state [count]
        count(*) / any_value(found.posts) AS share, -- of the posts that this source found first [0–1]
        sum(collection.attempts) AS attempts, -- attempts to fetch them so far [count]
        min(collection.again_at) AS next_attempt_at -- when the first of them is tried again [UTC]
    FROM collection
    JOIN found ON found.platform = collection.platform AND found.source IS NOT DISTINCT FROM collection.source
    GROUP BY collection.platform, collection.source, collection.state, collection.reason
)
SELECT * FROM final ORDER BY platform, source, state, posts DESC, reason;
