-- what: every mention of a word or phrase in speech, with its time, the words around it and the tone of the voice there
-- grain: one row a mention (clip and place of its first word, from 1) and model; no model where none heard it
-- unit: probabilities 0–1, times in s
-- caution: whole words as Whisper writes them, in any case (`words_of`); scripts without spaces are cut as Whisper cuts them
-- parameters: term = a word or phrase such as bag; min_trust = 0.75 (0 takes all segments); own_voice_only = 0 (1 leaves borrowed sounds out, see `sound_use`)
WITH wanted AS (
    SELECT unnest(tokens) AS token, generate_subscripts(tokens, 1) - 1 AS position, len(tokens) AS length
    FROM (SELECT words_of($term) AS tokens)
),
doubted AS (
    SELECT clip_id, segment FROM segment_trust WHERE NOT is_trusted(trust, $min_trust)
),
-- a word is cut once, however often it is said
spellings AS (
    SELECT word, unnest(tokens) AS token, generate_subscripts(tokens, 1) AS part
    FROM (SELECT word, words_of(word) AS tokens FROM (SELECT DISTINCT word FROM words))
),
found AS (
    SELECT words.clip_id, words.word_index, words.start_s, words.end_s, words.region, spellings.part, wanted.position, wanted.length
    FROM words
    JOIN spellings USING (word)
    JOIN wanted USING (token)
    ANTI JOIN doubted USING (clip_id, segment)
    WHERE (CAST($own_voice_only AS DOUBLE) = 0 OR words.clip_id IN (SELECT clip_id FROM sound_use WHERE own_voice))
),
candidates AS (
    SELECT clip_id
    FROM found
    GROUP BY clip_id
    HAVING count(DISTINCT position) = max(length)
),
parts AS (
    SELECT words.clip_id, words.word_index, spellings.part
    FROM words
    SEMI JOIN candidates USING (clip_id)
    JOIN spellings USING (word)
    ANTI JOIN doubted USING (clip_id, segment)
),
-- the place of a word is the number of words up to it: those before, and its own parts
spoken AS (
    SELECT
        found.clip_id,
        found.word_index,
        found.part,
        found.position,
        any_value(found.start_s) AS start_s,
        any_value(found.end_s) AS end_s,
        any_value(found.region) AS region,
        any_value(found.length) AS length,
        count(parts.part) + found.part AS place
    FROM found
    SEMI JOIN candidates USING (clip_id)
    LEFT JOIN parts ON parts.clip_id = found.clip_id AND parts.word_index < found.word_index
    GROUP BY found.clip_id, found.word_index, found.part, found.position
),
-- the second word of a phrase says that the phrase begins one place before: all of its words must say the same
mentions AS (
    SELECT
        spoken.clip_id,
        spoken.place - spoken.position AS place,
        min(spoken.start_s) AS start_s,
        max(spoken.end_s) AS end_s,
        arg_min(spoken.region, spoken.word_index) AS region, -- that of its first word
        min(spoken.word_index) AS first_word,
        max(spoken.word_index) AS last_word
    FROM spoken
    GROUP BY spoken.clip_id, spoken.place - spoken.position
    HAVING count(*) = max(spoken.length)
),
around AS (
    SELECT mentions.clip_id, mentions.place, string_agg(words.word, ' ' ORDER BY words.word_index) AS context
    FROM mentions
    JOIN words ON words.clip_id = mentions.clip_id
        AND words.word_index BETWEEN mentions.first_word - 5 AND mentions.last_word + 5
    GROUP BY mentions.clip_id, mentions.place
),
final AS (
    SELECT
        mentions.clip_id,
        mentions.start_s,
        mentions.end_s,
        around.context,
        emotions.model,
        emotions.label AS tone,
        emotions.probability AS tone_probability,
        emotions.probabilities,
        CASE
            WHEN emotions.label IS NOT NULL THEN NULL
            WHEN speech_regions.region IS NULL THEN 'no_speech'
            ELSE coalesce(emotions.reason, 'not_scored')
        END AS tone_reason,
        mentions.region,
        mentions.place
    FROM mentions
    JOIN around USING (clip_id, place)
    LEFT JOIN speech_regions USING (clip_id, region)
    LEFT JOIN emotions ON emotions.clip_id = speech_regions.clip_id AND emotions.region = speech_regions.region
)
SELECT * FROM final ORDER BY clip_id, place, model;
