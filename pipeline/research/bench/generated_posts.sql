-- what: the posts of a generated study: who posted them when, in which language, and what becomes of them
-- grain: one row a post
-- unit: that of each column of `clips`
-- caution: nobody posted any of this; authors and hashtags follow Zipf's law, as they do in the wild

CREATE OR REPLACE TEMP MACRO u(n, what) AS ((hash(n, what, getvariable('seed')) % 1000003) + 0.5) / 1000003.0;
CREATE OR REPLACE TEMP MACRO zipf(size, n, what) AS CAST(floor(exp(u(n, what) * ln(size + 1))) AS BIGINT) - 1;

CREATE OR REPLACE TEMP TABLE vocabulary AS
WITH syllables AS (
    SELECT ['ba', 'de', 'ki', 'lo', 'mu', 'na', 'pe', 'ri', 'so', 'tu', 'va', 'we', 'xi', 'yo', 'zu', 'sha', 'tre', 'gli', 'cho', 'plu'] AS all_
),
common AS (
    SELECT ['the', 'and', 'I', 'you', 'this', 'it', 'so', 'is', 'to', 'a', 'that', 'bag', 'love', 'not', 'with', 'really', 'day', 'person', 'good', 'never', 'service', 'why', 'soft', 'price'] AS all_
)
SELECT
    rank,
    CASE
        WHEN rank < len(common.all_) THEN common.all_[rank + 1]
        ELSE syllables.all_[rank % 20 + 1] || syllables.all_[rank // 20 % 20 + 1] || syllables.all_[rank // 400 % 20 + 1]
    END AS word
FROM range(getvariable('vocabulary')) AS ranks(rank), syllables, common;

CREATE OR REPLACE TEMP TABLE drawn AS
WITH fates AS (
    SELECT
        n,
        CASE
            WHEN u(n, 'fate') < 0.03 THEN 'lost' -- removed or private: nothing was fetched
            WHEN u(n, 'fate') < 0.04 THEN 'mute' -- without an audio track
            WHEN u(n, 'fate') < 0.12 THEN 'silent' -- nobody speaks
            ELSE 'speech'
        END AS fate,
        CASE WHEN u(n, 'platform') < 0.9 THEN 'tiktok' ELSE 'youtube' END AS platform,
        ['en', 'es', 'de', 'fr', 'pt', 'ar', 'ja'][1 + zipf(7, n, 'language')] AS language,
        CAST(floor(exp(u(n, 'views') * 14)) AS BIGINT) AS views,
        1 + CAST(floor(u(n, 'segments') * (2 * getvariable('segments') / 0.88 - 1)) AS BIGINT) AS spoken,
        1 + CAST(floor(u(n, 'tags') * 4) AS BIGINT) AS hashtags
    FROM range(getvariable('clips')) AS posts(n)
),
with_url AS (
    SELECT
        *,
        CASE
            WHEN platform = 'tiktok' THEN CAST(7300000000000000000 + n * 1000003 AS VARCHAR)
            ELSE 'v' || substr(sha256('post ' || n), 1, 10) -- digits alone could be a number that a spreadsheet rounded
        END AS post_id,
        CASE WHEN fate = 'speech' THEN spoken ELSE 0 END AS segments
    FROM fates
)
SELECT
    n,
    platform || ':' || post_id AS clip_id,
    platform,
    post_id,
    CASE
        WHEN platform = 'tiktok' THEN 'https://www.tiktok.com/@_/video/' || post_id
        ELSE 'https://www.youtube.com/watch?v=' || post_id
    END AS url,
    (SELECT word FROM vocabulary WHERE rank = n % 200) || ' '
        || (SELECT word FROM vocabulary WHERE rank = n % 97) || ' 😍 '
        || list_aggregate(list_transform(
            range(hashtags), lambda k: '#tag' || zipf(1000, n * 8 + k, 'hashtag')
        ), 'string_agg', ' ') AS caption,
    'author_' || zipf(1 + getvariable('clips') // 5, n, 'author') AS author,
    TIMESTAMP '2026-01-01' + to_seconds(CAST(u(n, 'posted') * 7776000 AS BIGINT)) AS posted_at,
    language,
    views,
    'sound_' || zipf(1 + getvariable('clips') // 10, n, 'sound') AS sound_id,
    hashtags,
    fate,
    segments,
    least(segments, 1 + CAST(floor(u(n, 'regions') * 5) AS BIGINT)) AS regions,
    3.5 + segments * 2.8 AS duration_s
FROM with_url
ORDER BY n;
