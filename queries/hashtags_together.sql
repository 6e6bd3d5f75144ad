-- what: hashtags that stand under the same posts, and how much more often than by chance
-- grain: one row a pair of hashtags that share at least two posts
-- unit: counts of posts, share 0–1, normalised pointwise mutual information -1–1
-- caution: an account that copies its hashtags from post to post makes pairs alone, see `accounts`
WITH tagged AS (
    SELECT DISTINCT clip_id, author_key, unnest(hashtags) AS hashtag FROM clips
),
single AS (
    SELECT hashtag, count(*) AS posts FROM tagged GROUP BY hashtag
),
total AS (
    SELECT count(DISTINCT clip_id) AS posts FROM tagged
),
pairs AS (
    SELECT
        one.hashtag,
        other.hashtag AS other_hashtag,
        count(*) AS posts_together,
        count(DISTINCT coalesce(one.author_key, one.clip_id)) AS accounts
    FROM tagged AS one
    JOIN tagged AS other ON other.clip_id = one.clip_id AND other.hashtag > one.hashtag
    GROUP BY one.hashtag, other.hashtag
    HAVING count(*) >= 2
),
final AS (
    SELECT
        pairs.hashtag, -- hashtag, lower case, without #
        pairs.other_hashtag, -- the other one, later in the alphabet
        pairs.posts_together, -- posts with both [count]
        pairs.accounts, -- accounts that have posted both together; a post without a known account counts as one [count]
        first.posts, -- posts with the first [count]
        second.posts AS other_posts, -- posts with the other [count]
        pairs.posts_together / (first.posts + second.posts - pairs.posts_together) AS jaccard, -- share of the posts with either that have both [0–1]
        CASE
            WHEN pairs.posts_together = total.posts THEN 0.0
            ELSE ln(pairs.posts_together * total.posts / (first.posts * second.posts))
                / -ln(pairs.posts_together / total.posts)
        END AS npmi -- normalised pointwise mutual information (Bouma 2009): 1 always together, 0 as by chance [-1–1]
    FROM pairs
    JOIN single AS first ON first.hashtag = pairs.hashtag
    JOIN single AS second ON second.hashtag = pairs.other_hashtag
    CROSS JOIN total
)
SELECT * FROM final ORDER BY posts_together DESC, npmi DESC, hashtag, other_hashtag;
