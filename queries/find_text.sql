-- what: where a text occurs in speech or in captions, as a reader's search box finds it
-- grain: one row a segment of speech or a caption that holds the text
-- unit: times in s
-- caution: case and accents do not count (`unaccented`), parts of words are found too; what was said over music may be written wrongly
-- parameters: text = what to look for, in speech and captions, such as this bag; min_trust = 0.75 (0 takes all segments)
WITH needle AS (
    SELECT plain, string_split(plain, ' ') AS parts
    FROM (SELECT unaccented(regexp_replace(trim($text), '\s+', ' ', 'g')) AS plain)
    WHERE plain <> ''
),
-- where a phrase can be cut in two: after each of its words
cuts AS (
    SELECT array_to_string(parts[:place], ' ') AS head, array_to_string(parts[place + 1:], ' ') AS tail
    FROM (SELECT parts, unnest(range(1, len(parts))) AS place FROM needle)
),
trusted AS NOT MATERIALIZED (
    SELECT clip_id, segment, start_s, end_s, trim(text) AS text, unaccented(trim(text)) AS plain, trust
    FROM segments
    LEFT JOIN segment_trust USING (clip_id, segment)
    WHERE is_trusted(trust, $min_trust)
),
inside AS (
    SELECT trusted.* FROM trusted JOIN needle ON contains(trusted.plain, needle.plain)
),
-- clips in which one segment ends and another one begins as the two parts do
begun AS (
    SELECT clip_id
    FROM (SELECT clip_id, unaccented(trim(text)) AS plain FROM segments)
    JOIN cuts ON ends_with(plain, cuts.head) OR starts_with(plain, cuts.tail)
    GROUP BY clip_id, cuts.head
    HAVING bool_or(ends_with(plain, cuts.head)) AND bool_or(starts_with(plain, cuts.tail))
),
followed AS (
    SELECT *, lead(plain) OVER (PARTITION BY clip_id ORDER BY segment) AS next_plain
    FROM trusted
    SEMI JOIN begun USING (clip_id)
),
-- a phrase may begin in one segment and end in the next
spoken_hits AS (
    SELECT clip_id, segment, start_s, end_s, text, trust FROM inside
    UNION
    SELECT clip_id, segment, start_s, end_s, text, trust
    FROM followed
    JOIN cuts ON ends_with(followed.plain, cuts.head) AND starts_with(followed.next_plain, cuts.tail)
),
caption_hits AS (
    SELECT clips.clip_id, clips.caption
    FROM clips
    JOIN needle
        ON contains(unaccented(regexp_replace(clips.caption, '\s+', ' ', 'g')), needle.plain)
),
final AS (
    SELECT clip_id, 'speech' AS channel, segment, start_s AS jump_to_s, end_s, text, trust FROM spoken_hits
    UNION ALL
    SELECT clip_id, 'caption', NULL, NULL, NULL, caption, NULL FROM caption_hits
)
SELECT * FROM final ORDER BY clip_id, channel DESC, segment;
