-- what: clips that say much the same as a given one: cosine between the words of their speech, rare words weighing more
-- grain: one row a clip, without the given clip
-- unit: cosine similarity 0–1, words as a count
-- caution: words as Whisper writes them (`letter_runs`), without order, stemming or meaning, and within one language; a shared song counts as speech
-- parameters: clip = a clip_id, as clip_overview shows it, or the name of its file; limit = 10 (clips at most); min_trust = 0.75 (0 takes all segments)
WITH doubted AS (
    SELECT clip_id, segment FROM segment_trust WHERE NOT is_trusted(trust, $min_trust)
),
cut AS ( -- a word is cut once, however often it is said
    SELECT word, unnest(letter_runs(lowered(word))) AS token
    FROM (SELECT DISTINCT word FROM words)
),
vocabulary AS (
    SELECT token, CAST(row_number() OVER (ORDER BY token) AS INTEGER) AS token_number
    FROM (SELECT DISTINCT token FROM cut)
),
spellings AS (
    SELECT cut.word, vocabulary.token_number FROM cut JOIN vocabulary USING (token)
),
-- speech in the language of the given clip alone
said AS (
    SELECT words.clip_id, list_distinct(list(spellings.token_number)) AS token_numbers
    FROM words
    JOIN spellings USING (word)
    JOIN transcripts USING (clip_id)
    ANTI JOIN doubted USING (clip_id, segment)
    WHERE transcripts.language = (SELECT language FROM transcripts WHERE clip_id = $clip)
    GROUP BY words.clip_id
),
bags AS (
    SELECT clip_id, unnest(token_numbers) AS token_number FROM said
),
-- Spärck Jones 1972: a word weighs the logarithm of clips over clips that say it
weights AS (
    SELECT token_number, ln((SELECT count(*) FROM said) / count(*)) AS weight FROM bags GROUP BY token_number
),
given AS (
    SELECT weights.token_number, weights.weight FROM bags JOIN weights USING (token_number) WHERE bags.clip_id = $clip
),
compared AS (
    SELECT
        bags.clip_id,
        sqrt(sum(weights.weight * weights.weight)) AS norm,
        sum(given.weight * given.weight) AS product,
        count(given.token_number) AS shared_words,
        count(*) AS different_words
    FROM bags
    JOIN weights USING (token_number)
    LEFT JOIN given USING (token_number)
    GROUP BY bags.clip_id
),
ranked AS (
    SELECT
        compared.clip_id,
        round(compared.product / nullif(compared.norm * own.norm, 0), 9) AS similarity, -- rounded, so that equals stay equal
        compared.shared_words,
        compared.different_words
    FROM compared
    JOIN compared AS own ON own.clip_id = $clip
    WHERE compared.clip_id <> $clip AND compared.shared_words > 0
    ORDER BY similarity DESC NULLS LAST, compared.clip_id
    LIMIT CAST($limit AS BIGINT)
),
final AS (
    SELECT
        row_number() OVER (ORDER BY ranked.similarity DESC NULLS LAST, ranked.clip_id) AS rank,
        ranked.clip_id,
        ranked.similarity,
        ranked.shared_words,
        ranked.different_words,
        transcripts.text,
        media.file_name
    FROM ranked
    LEFT JOIN transcripts USING (clip_id)
    LEFT JOIN media USING (clip_id)
)
SELECT * FROM final ORDER BY rank;
