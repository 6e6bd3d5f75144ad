-- what: whether each clip has a perceived tone by each model, which one, and why not: `clip_tone` without the words
-- grain: one row a clip and model, for every clip whose evidence is known
-- unit: probabilities and shares 0–1, times in s
-- caution: how a voice sounds to a model, never what a person feels; NULL where `tone_coverage` has too little scored speech
WITH likeliest AS (
    SELECT
        clip_id,
        model,
        arg_min(tone, (-probability, tone)) AS tone,
        max(probability) AS tone_probability,
        map_from_entries(list_sort(list((tone, probability)))) AS probabilities
    FROM clip_probabilities
    GROUP BY clip_id, model
),
final AS (
    SELECT
        evidence.clip_id, -- the clip
        tone_models.model, -- the tone model
        likeliest.tone, -- most probable tone of the clip; NULL with a reason
        likeliest.tone_probability, -- mean probability of `tone` over scored regions, by length [0–1]
        likeliest.probabilities, -- mean probability of each label, by length [0–1]
        CASE
            WHEN likeliest.tone IS NOT NULL THEN NULL
            WHEN evidence.speech_s = 0 THEN coalesce(evidence.speech_reason, 'no_speech')
            WHEN tone_coverage.is_enough THEN 'no_label'
            ELSE coalesce(tone_coverage.reason, 'not_scored')
        END AS tone_reason, -- why `tone` is NULL
        CASE
            WHEN evidence.speech_s = 0 THEN 'no_speech'
            WHEN tone_coverage.regions IS NULL THEN 'not_scored'
            WHEN likeliest.tone IS NULL AND tone_coverage.is_enough THEN 'no_label'
            WHEN likeliest.tone IS NULL THEN 'no_evidence'
            WHEN tone_coverage.regions_scored < tone_coverage.regions THEN 'partly_scored'
            ELSE 'scored'
        END AS tone_status, -- scored, partly_scored, no_evidence, no_label (of models that give none), no_speech or not_scored
        coalesce(tone_coverage.regions, 0) AS regions, -- speech regions [count]
        coalesce(tone_coverage.regions_scored, 0) AS regions_scored, -- speech regions with a score [count]
        coalesce(tone_coverage.scored_s, 0) AS scored_s, -- length of the scored speech regions [s]
        tone_coverage.unsure_share
    FROM evidence
    CROSS JOIN tone_models
    LEFT JOIN tone_coverage ON tone_coverage.clip_id = evidence.clip_id AND tone_coverage.model = tone_models.model
    LEFT JOIN likeliest ON likeliest.clip_id = evidence.clip_id AND likeliest.model = tone_models.model
)
SELECT * FROM final ORDER BY clip_id, model;
