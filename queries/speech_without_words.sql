-- what: stretches in which somebody speaks and no trusted word stands, and why
-- grain: one row a stretch of at least 1.5 s inside a speech region, in clips that were transcribed
-- unit: times in s
-- caution: a pause inside a region, laughter or a song can be one as well as speech that was lost: listen
WITH trusted AS (
    SELECT words.clip_id, words.region, words.start_s, words.end_s
    FROM words
    LEFT JOIN segment_trust USING (clip_id, segment)
    WHERE coalesce(segment_trust.in_text, true)
),
doubted AS (
    SELECT words.clip_id, words.start_s, words.end_s
    FROM words
    JOIN segment_trust USING (clip_id, segment)
    WHERE NOT segment_trust.in_text
),
regions AS (
    SELECT speech_regions.clip_id, speech_regions.region, speech_regions.start_s, speech_regions.end_s
    FROM speech_regions
    SEMI JOIN transcripts USING (clip_id)
),
-- the end of a region ends its last stretch as a word would
edges AS (
    SELECT trusted.clip_id, trusted.region, trusted.start_s, trusted.end_s
    FROM trusted
    SEMI JOIN regions USING (clip_id, region)
    UNION ALL
    SELECT clip_id, region, end_s, end_s FROM regions
),
stretches AS (
    SELECT
        edges.clip_id,
        edges.region,
        coalesce(
            max(edges.end_s) OVER (
                PARTITION BY edges.clip_id, edges.region ORDER BY edges.start_s, edges.end_s
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ),
            regions.start_s
        ) AS start_s,
        edges.start_s AS end_s
    FROM edges
    JOIN regions USING (clip_id, region)
),
final AS (
    SELECT
        stretches.clip_id, -- the clip
        stretches.region, -- the speech region
        stretches.start_s, -- start in the clip [s]
        stretches.end_s, -- end in the clip [s]
        CASE
            WHEN EXISTS (
                SELECT 1 FROM doubted
                WHERE doubted.clip_id = stretches.clip_id
                    AND doubted.start_s < stretches.end_s AND doubted.end_s > stretches.start_s
            ) THEN 'low_trust'
            ELSE 'no_text'
        END AS reason, -- low_trust: words stand there, and are not trusted; no_text: none
        sum(stretches.end_s - stretches.start_s) OVER (PARTITION BY stretches.clip_id) AS speech_without_words_s -- of the whole clip [s]
    FROM stretches
    WHERE stretches.end_s - stretches.start_s >= 1.5
)
SELECT * FROM final ORDER BY clip_id, start_s;
