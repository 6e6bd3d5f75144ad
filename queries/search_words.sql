-- what: clips whose speech or caption holds the given words, in any order, best first
-- grain: one row a clip and channel (speech or caption) that holds at least one of the words
-- unit: score as BM25 gives it, times in s, words as a count
-- caution: compare scores within one search alone; whole words in any case and without accents (`letter_runs`, `unaccented`), without stemming; what is misheard is not found
-- parameters: words = words to look for, such as soft bag; limit = 20 (rows at most); min_trust = 0.75 (0 takes all segments)
WITH wanted AS (
    SELECT DISTINCT unnest(letter_runs(unaccented($words))) AS token
),
doubted AS (
    SELECT clip_id, segment FROM segment_trust WHERE NOT is_trusted(trust, $min_trust)
),
-- the stored words are the index: each is cut once, however often it is said
spellings AS (
    SELECT DISTINCT cut.word, wanted.token
    FROM (
        SELECT word, unnest(letter_runs(unaccented(word))) AS token
        FROM (SELECT DISTINCT word FROM words)
    ) AS cut
    JOIN wanted USING (token)
),
spoken AS (
    SELECT words.clip_id, spellings.token, count(*) AS times, min(words.start_s) AS first_s
    FROM words
    JOIN spellings USING (word)
    ANTI JOIN doubted USING (clip_id, segment)
    GROUP BY words.clip_id, spellings.token
),
captions AS (
    SELECT clip_id, letter_runs(unaccented(caption)) AS tokens
    FROM clips
    WHERE caption IS NOT NULL
),
written AS (
    SELECT captions.clip_id, wanted.token, len(list_filter(captions.tokens, lambda word: word = wanted.token)) AS times
    FROM captions
    JOIN wanted ON list_contains(captions.tokens, wanted.token)
),
held AS (
    SELECT clip_id, 'speech' AS channel, token, times, first_s FROM spoken
    UNION ALL
    SELECT clip_id, 'caption', token, times, NULL FROM written
),
lengths AS (
    SELECT clip_id, 'speech' AS channel, count(*) AS length FROM words GROUP BY clip_id
    UNION ALL
    SELECT clip_id, 'caption', len(tokens) FROM captions
),
channels AS (
    SELECT channel, count(*) AS texts, avg(length) AS usual_length FROM lengths GROUP BY channel
),
rarity AS (
    SELECT held.channel, held.token, ln(1 + (channels.texts - count(*) + 0.5) / (count(*) + 0.5)) AS weight
    FROM held
    JOIN channels USING (channel)
    GROUP BY held.channel, held.token, channels.texts
),
-- Robertson and Zaragoza 2009, The Probabilistic Relevance Framework; k1 = 1.2, b = 0.75, and 1 added so that no weight is negative
scored AS (
    SELECT
        held.clip_id,
        held.channel,
        round(sum(
            rarity.weight * held.times * 2.2
            / (held.times + 1.2 * (0.25 + 0.75 * lengths.length / channels.usual_length))
        ), 9) AS score, -- rounded, so that equals stay equal
        count(*) AS words_found,
        sum(held.times) AS times,
        min(held.first_s) AS jump_to_s
    FROM held
    JOIN rarity USING (channel, token)
    JOIN lengths USING (clip_id, channel)
    JOIN channels USING (channel)
    GROUP BY held.clip_id, held.channel
    ORDER BY score DESC, held.clip_id, held.channel
    LIMIT CAST($limit AS BIGINT)
),
final AS (
    SELECT
        scored.score,
        scored.clip_id,
        scored.channel,
        scored.words_found,
        CAST(scored.times AS BIGINT) AS times,
        scored.jump_to_s,
        CASE WHEN scored.channel = 'speech' THEN transcripts.text ELSE clips.caption END AS text
    FROM scored
    JOIN clips USING (clip_id)
    LEFT JOIN transcripts USING (clip_id)
)
SELECT * FROM final ORDER BY score DESC, clip_id, channel;
