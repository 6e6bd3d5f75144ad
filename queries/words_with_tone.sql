-- what: words that go with one tone of voice more than with the others: log-odds with an informative Dirichlet prior
-- grain: one row a model, language and word
-- unit: log-odds ratio in ln, z in standard deviations, counts of words
-- caution: one talkative clip can lead the list, see `clips`; of thousands of words some pass |z| 1.96 by chance
-- parameters: tone = a tone label such as angry; prior = 500 (weight of the prior in words); min_trust = 0.75 (0 takes all segments)
WITH spellings AS ( -- a word is cut once, however often it is said
    SELECT
        word,
        unnest(regexp_extract_all(
            replace(lower(nfc_normalize(word)), '’', ''''), '[\p{L}\p{M}\p{N}]+(?:''[\p{L}\p{M}\p{N}]+)*'
        )) AS token
    FROM (SELECT DISTINCT word FROM words)
),
tokens AS (
    SELECT words.clip_id, transcripts.language, (words.start_s + words.end_s) / 2 AS middle_s, spellings.token
    FROM words
    JOIN spellings USING (word)
    JOIN transcripts USING (clip_id)
    LEFT JOIN segment_trust USING (clip_id, segment)
    WHERE coalesce(segment_trust.trust, 1) >= CAST($min_trust AS DOUBLE) -- not known of what was transcribed long ago
),
background AS (
    SELECT language, token, count(*) / sum(count(*)) OVER (PARTITION BY language) AS share
    FROM tokens
    GROUP BY language, token
),
voiced AS (
    SELECT tokens.*, emotions.model, emotions.label = $tone AS is_tone
    FROM tokens
    JOIN speech_regions ON speech_regions.clip_id = tokens.clip_id
        AND tokens.middle_s >= speech_regions.start_s AND tokens.middle_s < speech_regions.end_s
    JOIN emotions ON emotions.clip_id = speech_regions.clip_id AND emotions.region = speech_regions.region
    WHERE emotions.label IS NOT NULL
),
counted AS (
    SELECT
        model,
        language,
        token,
        count(*) FILTER (is_tone) AS with_tone,
        count(*) FILTER (NOT is_tone) AS without_tone,
        count(DISTINCT clip_id) AS clips
    FROM voiced
    GROUP BY model, language, token
),
weighed AS (
    SELECT
        counted.*,
        CAST($prior AS DOUBLE) AS prior,
        CAST($prior AS DOUBLE) * background.share AS alpha,
        sum(with_tone) OVER (PARTITION BY model, language) AS all_with,
        sum(without_tone) OVER (PARTITION BY model, language) AS all_without
    FROM counted
    JOIN background USING (language, token)
),
-- Monroe, Colaresi and Quinn 2008, Fightin' Words, equations 16, 20 and 22
compared AS (
    SELECT
        *,
        ln((with_tone + alpha) / (all_with + prior - with_tone - alpha))
        - ln((without_tone + alpha) / (all_without + prior - without_tone - alpha)) AS log_odds_ratio,
        sqrt(1 / (with_tone + alpha) + 1 / (without_tone + alpha)) AS standard_error
    FROM weighed
    WHERE all_with > 0 AND all_without > 0 AND alpha > 0 AND alpha < prior
),
final AS (
    SELECT
        token AS word,
        log_odds_ratio / standard_error AS z,
        log_odds_ratio,
        with_tone,
        without_tone,
        clips,
        language,
        model
    FROM compared
)
SELECT * FROM final ORDER BY model, language, z DESC, word;
