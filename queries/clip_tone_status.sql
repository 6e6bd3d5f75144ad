-- what: whether each clip has a perceived tone by each model, which one, and why not: `clip_tone` without the words
-- grain: one row a clip and model, for every clip whose evidence is known
-- unit: probabilities and shares 0–1, times in s
-- caution: how a voice sounds to a model, never what a person feels; NULL when less than half of the speech was scored
WITH models AS (
    SELECT unnest(json_extract_string(options, '$.models[*]')) AS model
    FROM fingerprints
    WHERE stage = 'emotion' AND is_current
),
regions AS (
    SELECT
        emotions.clip_id,
        emotions.model,
        emotions.status,
        emotions.reason,
        emotions.label_set,
        speech_regions.end_s - speech_regions.start_s AS length_s
    FROM emotions
    JOIN speech_regions USING (clip_id, region)
),
evidence_of AS (
    SELECT
        clip_id,
        model,
        count(*) AS regions,
        count(*) FILTER (status = 'scored') AS regions_scored,
        coalesce(sum(length_s) FILTER (status = 'scored'), 0) AS scored_s,
        round(scored_s, 6) >= round(0.5 * sum(length_s), 6) AS is_enough, -- to the microsecond, in whichever order they add up
        sum(length_s) FILTER (status = 'scored' AND len(label_set) <> 1) AS unsure_s,
        bool_or(label_set IS NOT NULL) AS has_sets,
        arg_max(reason, length_s) FILTER (status <> 'scored') AS reason
    FROM regions
    GROUP BY clip_id, model
),
likeliest AS (
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
        models.model, -- the tone model
        likeliest.tone, -- most probable tone of the clip; NULL with a reason
        likeliest.tone_probability, -- mean probability of `tone` over scored regions, by length [0–1]
        likeliest.probabilities, -- mean probability of each label, by length [0–1]
        CASE
            WHEN likeliest.tone IS NOT NULL THEN NULL
            WHEN evidence.speech_s = 0 THEN 'no_speech'
            WHEN evidence_of.is_enough THEN 'no_label'
            ELSE coalesce(evidence_of.reason, 'not_scored')
        END AS tone_reason, -- why `tone` is NULL
        CASE
            WHEN evidence.speech_s = 0 THEN 'no_speech'
            WHEN evidence_of.regions IS NULL THEN 'not_scored'
            WHEN likeliest.tone IS NULL AND evidence_of.is_enough THEN 'no_label'
            WHEN likeliest.tone IS NULL THEN 'no_evidence'
            WHEN evidence_of.regions_scored < evidence_of.regions THEN 'partly_scored'
            ELSE 'scored'
        END AS tone_status, -- scored, partly_scored, no_evidence, no_label (of models that give none), no_speech or not_scored
        coalesce(evidence_of.regions, 0) AS regions, -- speech regions [count]
        coalesce(evidence_of.regions_scored, 0) AS regions_scored, -- speech regions with a score [count]
        coalesce(evidence_of.scored_s, 0) AS scored_s, -- length of the scored speech regions [s]
        CASE WHEN evidence_of.has_sets THEN coalesce(evidence_of.unsure_s, 0) / nullif(evidence_of.scored_s, 0) END
            AS unsure_share -- share of it in which the model is unsure; NULL for models that do not say [0–1]
    FROM evidence
    CROSS JOIN models
    LEFT JOIN evidence_of ON evidence_of.clip_id = evidence.clip_id AND evidence_of.model = models.model
    LEFT JOIN likeliest ON likeliest.clip_id = evidence.clip_id AND likeliest.model = models.model
)
SELECT * FROM final ORDER BY clip_id, model;
