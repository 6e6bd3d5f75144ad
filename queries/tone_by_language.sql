-- what: mean perceived tone of the speech in each language, clip by clip
-- grain: one row a language, model and tone label
-- unit: probabilities 0–1, counts
-- caution: a model hears its training language best, so a difference between languages can be its own; a clip in several languages counts under each with its speech in it
WITH said AS (
    SELECT
        words.clip_id,
        words.region,
        coalesce(segments.language, transcripts.language) AS language,
        sum(words.end_s - words.start_s) AS words_s
    FROM words
    JOIN transcripts USING (clip_id)
    LEFT JOIN segments USING (clip_id, segment)
    LEFT JOIN segment_trust USING (clip_id, segment)
    WHERE is_trusted(segment_trust.trust, 0.75) AND words.region IS NOT NULL AND transcripts.language IS NOT NULL
    GROUP BY words.clip_id, words.region, coalesce(segments.language, transcripts.language)
),
-- a region is of the language in which most is said there; without words of its own it is of its clip's
of_region AS (
    SELECT clip_id, region, arg_max(language, (words_s, language)) AS language FROM said GROUP BY clip_id, region
),
labelled AS (
    SELECT
        emotions.clip_id,
        emotions.model,
        coalesce(of_region.language, transcripts.language) AS language,
        speech_regions.end_s - speech_regions.start_s AS length_s,
        unnest(map_keys(emotions.probabilities)) AS tone,
        unnest(map_values(emotions.probabilities)) AS probability
    FROM emotions
    JOIN speech_regions USING (clip_id, region)
    JOIN transcripts USING (clip_id)
    LEFT JOIN of_region USING (clip_id, region)
    SEMI JOIN (SELECT clip_id, model FROM tone_coverage WHERE is_enough) AS enough
        ON enough.clip_id = emotions.clip_id AND enough.model = emotions.model
    WHERE emotions.status = 'scored' AND transcripts.language IS NOT NULL
),
of_clip AS (
    SELECT clip_id, model, language, tone, sum(probability * length_s) / sum(length_s) AS probability
    FROM labelled
    GROUP BY clip_id, model, language, tone
),
scored AS (
    SELECT language, model, tone, avg(probability) AS mean_probability, count(*) AS clips_scored
    FROM of_clip
    GROUP BY language, model, tone
),
spoken AS (
    SELECT clip_id, language FROM of_region
    UNION
    SELECT clip_id, language FROM transcripts WHERE language IS NOT NULL
),
counted AS (
    SELECT language, count(*) AS clips FROM spoken GROUP BY language
),
final AS (
    SELECT
        scored.language, -- language of the speech, as Whisper hears it [ISO 639-1]
        scored.model, -- the tone model
        scored.tone, -- tone label
        scored.mean_probability, -- mean over clips of the tone's probability in speech of that language [0–1]
        scored.clips_scored, -- clips behind the mean [count]
        counted.clips -- clips with speech in that language, scored or not [count]
    FROM scored
    JOIN counted USING (language)
)
SELECT * FROM final ORDER BY clips_scored DESC, language, model, mean_probability DESC, tone;
