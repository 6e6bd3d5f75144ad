-- what: how many clips a hashtag, language, platform or week has, and their mean tone, sound and words
-- grain: one row a grouping, value, model, measure and label
-- unit: see `unit`; clips and authors as counts
-- caution: groups of fewer than five known authors are left out; a clip counts under each of its hashtags
WITH leaving AS (
    SELECT * FROM clips WHERE clip_id NOT IN (SELECT unnest($tombstoned::VARCHAR[]))
),
accounts AS (
    SELECT lower(author_key) AS account FROM clips WHERE author_key IS NOT NULL
    UNION
    SELECT lower(unnest(mentions)) FROM clips
),
members AS (
    SELECT DISTINCT 'hashtag' AS grouping, hashtag AS value, clip_id, author_key
    FROM (SELECT clip_id, author_key, unnest(hashtags) AS hashtag FROM leaving)
    -- a hashtag that is somebody's account name stays out
    WHERE lower(hashtag) NOT IN (SELECT account FROM accounts)
    UNION ALL
    SELECT 'language', transcripts.language, clip_id, author_key
    FROM leaving
    JOIN transcripts USING (clip_id)
    WHERE transcripts.language IS NOT NULL
    UNION ALL
    SELECT 'platform', platform, clip_id, author_key FROM leaving
    UNION ALL
    SELECT 'week', strftime(date_trunc('week', posted_at), '%Y-%m-%d'), clip_id, author_key
    FROM leaving
    WHERE posted_at IS NOT NULL
),
latest AS (
    SELECT clip_id, arg_max(views, counted_at) AS views, arg_max(likes, counted_at) AS likes
    FROM observations
    WHERE counted_at IS NOT NULL
    GROUP BY clip_id
),
measured AS (
    SELECT clip_id, NULL::VARCHAR AS model, 'clips' AS measure, NULL::VARCHAR AS label, 'count' AS unit, NULL::DOUBLE AS number
    FROM leaving
    UNION ALL
    SELECT clip_id, NULL, 'speech_share', NULL, '0–1', speech_share FROM evidence
    UNION ALL
    SELECT clip_id, NULL, 'music_share', NULL, '0–1', music_share FROM evidence
    UNION ALL
    SELECT clip_id, NULL, 'duration_s', NULL, 's', duration_s FROM audio
    UNION ALL
    SELECT clip_id, NULL, 'loudness_lufs', NULL, 'LUFS', loudness_lufs FROM audio
    UNION ALL
    SELECT clip_id, NULL, 'sentiment', channel, '-1–1', sentiment FROM text_features
    UNION ALL
    SELECT clip_id, NULL, 'views', NULL, 'log2(n + 1)', log2(views + 1) FROM latest
    UNION ALL
    SELECT clip_id, NULL, 'likes', NULL, 'log2(n + 1)', log2(likes + 1) FROM latest
    UNION ALL
    SELECT
        clip_id,
        model,
        'tone_probability',
        unnest(map_keys(probabilities)),
        '0–1',
        unnest(map_values(probabilities))
    FROM clip_tone
    WHERE tone IS NOT NULL
),
cells AS (
    SELECT
        grouping,
        value,
        model,
        measure,
        label,
        unit,
        avg(number) AS mean,
        count(*) AS clips,
        count(DISTINCT author_key) AS authors
    FROM members
    JOIN measured USING (clip_id)
    WHERE number IS NOT NULL OR measure = 'clips'
    GROUP BY grouping, value, model, measure, label, unit
),
-- where one cell alone would be hidden, it could be told from the others: the smallest shown one goes with it
ranked AS (
    SELECT
        *,
        count(*) FILTER (authors < $least) OVER same AS hidden,
        row_number() OVER (PARTITION BY grouping, model, measure, label ORDER BY authors, clips, value) AS place
    FROM cells
    WINDOW same AS (PARTITION BY grouping, model, measure, label)
),
final AS (
    SELECT
        ranked.grouping, -- hashtag, language (of the speech), platform or week (of posting)
        ranked.value, -- the hashtag without #, the language (ISO 639-1), the platform, or the week's Monday (UTC)
        ranked.model, -- the tone model; NULL for other measures
        ranked.measure, -- clips (all, without a mean), tone_probability, sentiment (VADER), speech_share, music_share, duration_s, loudness_lufs, views or likes
        ranked.label, -- of tone_probability the tone, of sentiment the channel: speech or caption
        ranked.unit, -- unit of the mean
        ranked.mean, -- mean over the clips that have the measure; NULL for `clips`
        ranked.clips, -- clips that have the measure [count]
        ranked.authors, -- known authors of them [count]
        ranked.authors >= $least AND NOT (ranked.hidden = 1 AND ranked.place = 2) AS is_shown
    FROM ranked
)
SELECT * FROM final ORDER BY grouping, value, model, measure, label;
