-- what: phrases that a clip says again and again (chants, refrains, calls), how often and when
-- grain: one row a clip and phrase
-- unit: times in s, words and repetitions as counts
-- caution: from three times on, in trusted segments alone; a phrase of one or two words counts only where it follows itself; nothing tells whether it is sung, shouted or read, and `crowd_score` is the tagger's for the whole clip: listen
WITH said AS (
    SELECT
        words.clip_id,
        row_number() OVER (PARTITION BY words.clip_id ORDER BY words.word_index) AS place,
        words.word,
        array_to_string(letter_runs(unaccented(words.word)), ' ') AS plain,
        words.start_s,
        words.end_s
    FROM words
    LEFT JOIN segment_trust USING (clip_id, segment)
    WHERE coalesce(segment_trust.in_text, true) AND len(letter_runs(words.word)) > 0
),
phrases AS (
    SELECT
        clip_id,
        place,
        size,
        array_to_string(list(plain) OVER following, ' ') AS phrase,
        array_to_string(list(word) OVER following, ' ') AS text,
        start_s,
        max(end_s) OVER following AS end_s,
        count(*) OVER following AS words_there
    FROM said
    CROSS JOIN (SELECT unnest(range(1, 13)) AS size)
    WINDOW following AS (
        PARTITION BY clip_id, size ORDER BY place ROWS BETWEEN CURRENT ROW AND size - 1 FOLLOWING
    )
),
placed AS (
    SELECT
        *,
        place - lag(place) OVER again AS from_last,
        lead(place) OVER again - place AS to_next
    FROM phrases
    WHERE words_there = size
    WINDOW again AS (PARTITION BY clip_id, size, phrase ORDER BY place)
),
repeated AS (
    SELECT
        clip_id,
        size,
        phrase,
        arg_min(text, place) AS text,
        count(*) AS times,
        count(*) FILTER (from_last = size) AS in_a_row,
        list(place ORDER BY place) AS places,
        list(start_s ORDER BY place) AS starts_s,
        min(start_s) AS start_s,
        max(end_s) AS end_s,
        min(place) AS first_place
    FROM placed
    WHERE size > 2 OR from_last = size OR to_next = size
    GROUP BY clip_id, size, phrase
    -- one that overlaps itself is a shorter one's repetition
    HAVING count(*) >= 3 AND min(from_last) >= size
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY clip_id ORDER BY size * times DESC, first_place, size) AS place_in_clip
    FROM repeated
),
-- parts of a phrase, and the same from another word on, repeat as it does
spread AS (
    SELECT clip_id, place_in_clip, unnest(places) AS place, size FROM ranked
),
covered AS (
    SELECT DISTINCT worse.clip_id, worse.place_in_clip
    FROM spread AS worse
    JOIN spread AS better ON better.clip_id = worse.clip_id
        AND better.place_in_clip < worse.place_in_clip
        AND better.place < worse.place + worse.size
        AND worse.place < better.place + better.size
),
crowds AS (
    SELECT clip_id, max(max_score) AS crowd_score
    FROM sound_tags
    WHERE tag IN ('Chant', 'Choir', 'Crowd', 'Cheering', 'Children shouting')
    GROUP BY clip_id
),
final AS (
    SELECT
        ranked.clip_id, -- the clip
        ranked.text AS phrase, -- the phrase as it is written the first time
        ranked.times, -- how often it is said
        ranked.in_a_row, -- how often right after itself
        ranked.starts_s, -- where each begins in the clip: the seconds to jump to [s]
        ranked.start_s, -- start of the first [s]
        ranked.end_s, -- end of the last [s]
        crowds.crowd_score -- highest score of chant, choir, crowd and cheering in the clip; NULL: none heard [0–1]
    FROM ranked
    ANTI JOIN covered USING (clip_id, place_in_clip)
    LEFT JOIN crowds USING (clip_id)
)
SELECT * FROM final ORDER BY clip_id, start_s;
