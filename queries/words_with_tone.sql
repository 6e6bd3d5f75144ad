-- what: words that go with one tone of voice more than with the others: log-odds with an informative Dirichlet prior
-- grain: one row a model, language and word
-- unit: log-odds ratio in ln, z in standard deviations, counts of words
-- caution: one talkative clip can lead the list, see `clips`; of thousands of words some pass |z| 1.96 by chance
-- parameters: tone = a tone label such as angry; prior = 500 (weight of the prior in words); min_trust = 0.75 (0 takes all segments)
WITH doubted AS ( -- what was transcribed long ago has no trust, and is taken
    SELECT clip_id, segment FROM segment_trust WHERE trust < CAST($min_trust AS DOUBLE)
),
cut AS ( -- a word is cut once, however often it is said
    SELECT
        word,
        unnest(regexp_extract_all(
            replace(lower(nfc_normalize(word)), '’', ''''), '[\p{L}\p{M}\p{N}]+(?:''[\p{L}\p{M}\p{N}]+)*'
        )) AS token
    FROM (SELECT DISTINCT word FROM words)
),
-- numbers are counted sooner than texts: one for each word, each clip, and each model in each language (`ear`)
vocabulary AS (
    SELECT token, CAST(row_number() OVER (ORDER BY token) AS INTEGER) AS token_number
    FROM (SELECT DISTINCT token FROM cut)
),
spellings AS (
    SELECT cut.word, vocabulary.token_number FROM cut JOIN vocabulary USING (token)
),
tokens AS (
    SELECT words.clip_id, (words.start_s + words.end_s) / 2 AS middle_s, spellings.token_number
    FROM words
    JOIN spellings USING (word)
    ANTI JOIN doubted USING (clip_id, segment)
),
ears AS (
    SELECT model, language, CAST(row_number() OVER (ORDER BY model, language) AS INTEGER) AS ear
    FROM (SELECT DISTINCT model FROM emotions WHERE label IS NOT NULL)
    CROSS JOIN (SELECT DISTINCT language FROM transcripts)
),
clip_numbers AS (
    SELECT clip_id, CAST(row_number() OVER () AS INTEGER) AS clip_number FROM transcripts
),
heard AS (
    SELECT
        speech_regions.clip_id,
        clip_numbers.clip_number,
        speech_regions.start_s,
        speech_regions.end_s,
        ears.ear,
        emotions.label = $tone AS is_tone
    FROM speech_regions
    JOIN emotions USING (clip_id, region)
    JOIN transcripts USING (clip_id)
    JOIN clip_numbers USING (clip_id)
    JOIN ears ON ears.model = emotions.model AND ears.language = transcripts.language
    WHERE emotions.label IS NOT NULL
),
voiced AS (
    SELECT heard.clip_number, tokens.token_number, heard.ear, heard.is_tone
    FROM tokens
    JOIN heard ON heard.clip_id = tokens.clip_id
        AND tokens.middle_s >= heard.start_s AND tokens.middle_s < heard.end_s
),
counted AS (
    SELECT
        ear,
        token_number,
        count(*) FILTER (is_tone) AS with_tone,
        count(*) FILTER (NOT is_tone) AS without_tone
    FROM voiced
    GROUP BY ear, token_number
),
-- each clip counts once for each of its words
said AS (
    SELECT DISTINCT clip_number, ear, token_number FROM voiced
),
spread AS (
    SELECT ear, token_number, count(*) AS clips FROM said GROUP BY ear, token_number
),
background AS (
    SELECT language, token_number, count(*) / sum(count(*)) OVER (PARTITION BY language) AS share
    FROM tokens
    JOIN transcripts USING (clip_id)
    GROUP BY language, token_number
),
weighed AS (
    SELECT
        ears.model,
        ears.language,
        vocabulary.token,
        counted.with_tone,
        counted.without_tone,
        spread.clips,
        CAST($prior AS DOUBLE) AS prior,
        CAST($prior AS DOUBLE) * background.share AS alpha,
        sum(counted.with_tone) OVER (PARTITION BY ear) AS all_with,
        sum(counted.without_tone) OVER (PARTITION BY ear) AS all_without
    FROM counted
    JOIN spread USING (ear, token_number)
    JOIN ears USING (ear)
    JOIN background USING (language, token_number)
    JOIN vocabulary USING (token_number)
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
