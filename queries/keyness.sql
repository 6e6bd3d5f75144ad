-- what: words and hashtags that set one group of clips apart from all others: log-odds with an informative Dirichlet prior
-- grain: one row a kind (word or hashtag), language of the words and term
-- unit: log-odds ratio in ln, z in standard deviations, counts of uses and of clips
-- caution: one talkative clip can lead the list, see `clips`; words are those of `words_of` in trusted speech and captions, without stemming; of thousands some pass |z| 1.96 by chance
-- parameters: column = a column of clips or of clip_overview, such as platform; value = the group's value in it, such as tiktok; prior = 500 (weight of the prior in tokens); min_trust = 0.75 (0 takes all segments)
WITH grouped AS (
    SELECT
        clips.clip_id,
        coalesce(to_json(clips) ->> $column, to_json(clip_overview) ->> $column) AS value
    FROM clips
    LEFT JOIN clip_overview USING (clip_id)
),
sides AS ( -- clips whose value is not known are on no side
    SELECT clip_id, value = $value AS is_in FROM grouped WHERE value IS NOT NULL
),
spoken AS (
    SELECT segments.clip_id, transcripts.language, unnest(words_of(segments.text)) AS term
    FROM segments
    JOIN transcripts USING (clip_id)
    LEFT JOIN segment_trust USING (clip_id, segment)
    WHERE is_trusted(segment_trust.trust, $min_trust)
),
written AS (
    SELECT
        clips.clip_id,
        text_features.language,
        unnest(words_of(regexp_replace(clips.caption, '(https?://|www\.|[#＃@])\S+', ' ', 'g'))) AS term
    FROM clips
    LEFT JOIN text_features ON text_features.clip_id = clips.clip_id AND text_features.channel = 'caption'
),
tokens AS (
    SELECT 'word' AS kind, clip_id, language, term FROM spoken
    UNION ALL
    SELECT 'word', clip_id, language, term FROM written
    UNION ALL
    SELECT DISTINCT 'hashtag', clip_id, NULL, unnest(hashtags) FROM clips
),
counted AS (
    SELECT
        tokens.kind,
        tokens.language,
        tokens.term,
        count(*) FILTER (sides.is_in) AS inside,
        count(*) FILTER (NOT sides.is_in) AS outside,
        count(DISTINCT tokens.clip_id) FILTER (sides.is_in) AS clips
    FROM tokens
    JOIN sides USING (clip_id)
    GROUP BY tokens.kind, tokens.language, tokens.term
),
weighed AS (
    SELECT
        *,
        CAST($prior AS DOUBLE) AS prior,
        CAST($prior AS DOUBLE) * (inside + outside) / sum(inside + outside) OVER (PARTITION BY kind, language) AS alpha,
        sum(inside) OVER (PARTITION BY kind, language) AS all_inside,
        sum(outside) OVER (PARTITION BY kind, language) AS all_outside
    FROM counted
),
-- Monroe, Colaresi and Quinn 2008, Fightin' Words, equations 16, 20 and 22
compared AS (
    SELECT
        *,
        ln((inside + alpha) / (all_inside + prior - inside - alpha))
        - ln((outside + alpha) / (all_outside + prior - outside - alpha)) AS log_odds_ratio,
        sqrt(1 / (inside + alpha) + 1 / (outside + alpha)) AS standard_error
    FROM weighed
    WHERE all_inside > 0 AND all_outside > 0 AND alpha > 0 AND alpha < prior
),
final AS (
    SELECT
        kind,
        term,
        log_odds_ratio / standard_error AS z,
        log_odds_ratio,
        inside,
        outside,
        clips,
        language
    FROM compared
)
SELECT * FROM final ORDER BY kind, language, z DESC, term;
