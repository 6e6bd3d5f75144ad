-- what: how many words of each segment the captions of the platform have too: two transcripts side by side
-- grain: one row a segment of a clip with captions in the language of its speech
-- unit: shares 0–1, words as a count
-- caution: agreement counts words (`letter_runs`), not their order; automatic captions err as well
WITH codes AS ( -- platforms name languages by three letters too
    SELECT *
    FROM (VALUES
        ('ara', 'ar'), ('deu', 'de'), ('ger', 'de'), ('eng', 'en'), ('fra', 'fr'), ('fre', 'fr'), ('hin', 'hi'),
        ('ind', 'id'), ('ita', 'it'), ('jpn', 'ja'), ('kor', 'ko'), ('msa', 'ms'), ('nld', 'nl'), ('pol', 'pl'),
        ('por', 'pt'), ('ron', 'ro'), ('rus', 'ru'), ('spa', 'es'), ('swe', 'sv'), ('tha', 'th'), ('tur', 'tr'),
        ('ukr', 'uk'), ('vie', 'vi'), ('cmn', 'zh'), ('zho', 'zh')
    ) AS named (long_code, code)
),
captions AS (
    SELECT
        platform_captions.clip_id,
        platform_captions.language,
        platform_captions.kind,
        platform_captions.start_s,
        platform_captions.end_s,
        platform_captions.text
    FROM platform_captions
    JOIN transcripts USING (clip_id)
    LEFT JOIN codes ON codes.long_code = lower(split_part(platform_captions.language, '-', 1))
    WHERE coalesce(codes.code, lower(split_part(platform_captions.language, '-', 1))) = transcripts.language
),
-- one track a clip in the language of the speech: that of a person before that of a machine
track AS (
    SELECT
        clip_id,
        arg_min(kind, (kind = 'automatic', language)) AS kind,
        arg_min(language, (kind = 'automatic', language)) AS language
    FROM captions
    GROUP BY clip_id
),
-- lines and segments seldom begin together: a second of freedom on both sides
beside AS (
    SELECT segments.clip_id, segments.segment, string_agg(captions.text, ' ') AS text
    FROM segments
    JOIN track USING (clip_id)
    JOIN captions ON captions.clip_id = segments.clip_id
        AND captions.kind = track.kind AND captions.language = track.language
        AND captions.end_s > segments.start_s - 1 AND captions.start_s < segments.end_s + 1
    GROUP BY segments.clip_id, segments.segment
),
tokens AS (
    SELECT
        segments.clip_id,
        segments.segment,
        track.kind,
        track.language,
        list_distinct(letter_runs(lowered(segments.text))) AS said,
        letter_runs(lowered(coalesce(beside.text, ''))) AS captioned
    FROM segments
    JOIN track USING (clip_id)
    LEFT JOIN beside USING (clip_id, segment)
),
final AS (
    SELECT
        tokens.clip_id, -- the clip
        tokens.segment, -- number of the segment in the clip, from 0
        len(list_filter(tokens.said, lambda token: list_contains(tokens.captioned, token))) / nullif(len(tokens.said), 0)
            AS caption_agreement, -- share of its different words in captions nearby; NULL without a word [0–1]
        len(tokens.said) AS different_words, -- different words of the segment [count]
        tokens.kind AS caption_kind, -- kind of those captions: automatic or stated
        tokens.language AS caption_language -- their language, as the platform names it
    FROM tokens
)
SELECT * FROM final ORDER BY clip_id, segment;
