-- what: where a text occurs in speech or in captions, as a reader's search box finds it
-- grain: one row a segment of speech or a caption that holds the text
-- unit: times in s
-- caution: case and accents do not count, parts of words are found too; what was said over music may be written wrongly
-- parameters: text = what to look for, in speech and captions; min_trust = 0.75 (0 takes all segments)
WITH needle AS (
    SELECT strip_accents(lower(regexp_replace(trim($text), '\s+', ' ', 'g'))) AS text
),
spoken AS (
    SELECT
        clip_id,
        segment,
        start_s,
        end_s,
        trim(text) AS text,
        strip_accents(lower(trim(text))) AS plain,
        lead(trim(text)) OVER (PARTITION BY clip_id ORDER BY segment) AS next_text,
        trust
    FROM segments
    LEFT JOIN segment_trust USING (clip_id, segment)
    WHERE coalesce(trust, 1) >= CAST($min_trust AS DOUBLE) -- not known of what was transcribed long ago
),
-- a phrase may begin in one segment and end in the next
spoken_hits AS (
    SELECT spoken.*
    FROM spoken
    CROSS JOIN needle
    WHERE needle.text <> ''
        AND position(needle.text IN spoken.plain || coalesce(' ' || strip_accents(lower(spoken.next_text)), ''))
        BETWEEN 1 AND length(spoken.plain)
),
caption_hits AS (
    SELECT clips.clip_id, clips.caption
    FROM clips
    CROSS JOIN needle
    WHERE needle.text <> ''
        AND contains(strip_accents(lower(regexp_replace(clips.caption, '\s+', ' ', 'g'))), needle.text)
),
final AS (
    SELECT clip_id, 'speech' AS channel, segment, start_s AS jump_to_s, end_s, text, trust FROM spoken_hits
    UNION ALL
    SELECT clip_id, 'caption', NULL, NULL, NULL, caption, NULL FROM caption_hits
)
SELECT * FROM final ORDER BY clip_id, channel DESC, segment;
