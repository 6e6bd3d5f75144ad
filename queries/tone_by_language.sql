-- what: mean perceived tone of the clips in each spoken language
-- grain: one row a language, model and tone label
-- unit: probabilities 0–1, counts
-- caution: a model hears its training language best, so a difference between languages can be its own; a clip in several languages counts under the one that is spoken longest
WITH spoken AS (
    SELECT clip_id, language FROM transcripts WHERE language IS NOT NULL
),
scored AS (
    SELECT
        spoken.language,
        clip_probabilities.model,
        clip_probabilities.tone,
        avg(clip_probabilities.probability) AS mean_probability,
        count(*) AS clips_scored
    FROM spoken
    JOIN clip_probabilities USING (clip_id)
    GROUP BY spoken.language, clip_probabilities.model, clip_probabilities.tone
),
counted AS (
    SELECT language, count(*) AS clips FROM spoken GROUP BY language
),
final AS (
    SELECT
        scored.language, -- language of the speech, as Whisper hears it [ISO 639-1]
        scored.model, -- the tone model
        scored.tone, -- tone label
        scored.mean_probability, -- mean over clips of the tone's probability [0–1]
        scored.clips_scored, -- clips behind the mean [count]
        counted.clips -- clips in that language, scored or not [count]
    FROM scored
    JOIN counted USING (language)
)
SELECT * FROM final ORDER BY clips_scored DESC, language, model, mean_probability DESC, tone;
