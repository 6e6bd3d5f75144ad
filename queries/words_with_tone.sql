-- what: words that go with one tone of voice more than with the others: log-odds with an informative Dirichlet prior
-- grain: one row a model, language and word
-- unit: log-odds ratio in ln, z in standard deviations, counts of words
-- caution: one talkative clip can lead the list, see `clips`, those that say it with the tone; words are those of `words_of`; of thousands some pass |z| 1.96 by chance
-- parameters: tone = a tone label such as angry; prior = 500 (weight of the prior in words); min_trust = 0.75 (0 takes all segments); own_voice_only = 0 (1 leaves borrowed sounds out, see `sound_use`)
WITH cut AS ( -- a word is cut once, however often it is said
    SELECT word, unnest(words_of(word)) AS token FROM (SELECT DISTINCT word FROM words)
),
-- numbers are joined and counted sooner than texts: one for each word, each clip, and each model in each language (`ear`)
vocabulary AS (
    SELECT token, CAST(row_number() OVER (ORDER BY token) AS INTEGER) AS token_number
    FROM (SELECT DISTINCT token FROM cut)
),
spellings AS (
    SELECT cut.word, vocabulary.token_number FROM cut JOIN vocabulary USING (token)
),
numbered AS (
    SELECT clip_id, language, CAST(row_number() OVER () AS INTEGER) AS clip_number
    FROM transcripts
    WHERE (CAST($own_voice_only AS DOUBLE) = 0 OR clip_id IN (SELECT clip_id FROM sound_use WHERE own_voice))
),
doubted AS (
    SELECT numbered.clip_number, segment_trust.segment
    FROM segment_trust
    JOIN numbered USING (clip_id)
    WHERE NOT is_trusted(segment_trust.trust, $min_trust)
),
tokens AS (
    SELECT numbered.clip_number, numbered.language, words.region, spellings.token_number
    FROM words
    JOIN numbered USING (clip_id)
    JOIN spellings USING (word)
    ANTI JOIN doubted USING (clip_number, segment)
),
ears AS (
    SELECT model, language, CAST(row_number() OVER (ORDER BY model, language) AS INTEGER) AS ear
    FROM (SELECT DISTINCT model FROM emotions WHERE label IS NOT NULL)
    CROSS JOIN (SELECT DISTINCT language FROM transcripts)
),
heard AS (
    SELECT numbered.clip_number, emotions.region, ears.ear, emotions.label = $tone AS is_tone
    FROM emotions
    JOIN numbered USING (clip_id)
    JOIN ears ON ears.model = emotions.model AND ears.language = numbered.language
    WHERE emotions.label IS NOT NULL
),
voiced AS (
    SELECT tokens.clip_number, tokens.token_number, heard.ear, heard.is_tone
    FROM tokens
    JOIN heard USING (clip_number, region)
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
    SELECT DISTINCT clip_number, ear, token_number FROM voiced WHERE is_tone
),
spread AS (
    SELECT ear, token_number, count(*) AS clips FROM said GROUP BY ear, token_number
),
background AS (
    SELECT language, token_number, count(*) / sum(count(*)) OVER (PARTITION BY language) AS share
    FROM tokens
    GROUP BY language, token_number
),
weighed AS (
    SELECT
        ears.model,
        ears.language,
        vocabulary.token,
        counted.with_tone,
        counted.without_tone,
        coalesce(spread.clips, 0) AS clips,
        CAST($prior AS DOUBLE) AS prior,
        CAST($prior AS DOUBLE) * background.share AS alpha,
        sum(counted.with_tone) OVER (PARTITION BY ear) AS all_with,
        sum(counted.without_tone) OVER (PARTITION BY ear) AS all_without
    FROM counted
    LEFT JOIN spread USING (ear, token_number)
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
