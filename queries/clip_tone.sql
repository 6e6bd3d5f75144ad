-- what: perceived tone of each clip by each model, averaged over its speech regions by their length
-- grain: one row a clip and model, for every clip whose evidence is known
-- unit: probabilities 0–1, times in s
-- caution: how a voice sounds to a model, never what a person feels; NULL when less than half of the speech was scored
WITH models AS (
    SELECT unnest(json_extract_string(options, '$.models[*]')) AS model
    FROM fingerprints
    WHERE stage = 'emotion' AND is_current
),
regions AS (
    SELECT emotions.*, region_evidence.length_s, region_evidence.words_s
    FROM emotions
    JOIN region_evidence USING (clip_id, region)
),
evidence_of AS (
    SELECT
        clip_id,
        model,
        count(*) AS regions,
        count(*) FILTER (status = 'scored') AS regions_scored,
        coalesce(sum(length_s) FILTER (status = 'scored'), 0) AS scored_s,
        scored_s >= 0.5 * sum(length_s) AS is_enough,
        sum(words_s) FILTER (status = 'scored') / nullif(scored_s, 0) AS words_share,
        sum(length_s) FILTER (status = 'scored' AND len(label_set) <> 1) AS unsure_s,
        bool_or(label_set IS NOT NULL) AS has_sets,
        arg_max(reason, length_s) FILTER (status <> 'scored') AS reason
    FROM regions
    GROUP BY clip_id, model
),
by_label AS (
    SELECT clip_id, model, label, sum(probability * length_s) / sum(length_s) AS probability
    FROM (
        SELECT
            clip_id,
            model,
            length_s,
            unnest(map_keys(probabilities)) AS label,
            unnest(map_values(probabilities)) AS probability
        FROM regions
        JOIN evidence_of USING (clip_id, model)
        WHERE regions.status = 'scored' AND evidence_of.is_enough
    )
    GROUP BY clip_id, model, label
),
averaged AS (
    SELECT
        clip_id,
        model,
        first(label ORDER BY probability DESC, label) AS tone,
        max(probability) AS tone_probability,
        map_from_entries(list((label, probability) ORDER BY label)) AS probabilities
    FROM by_label
    GROUP BY clip_id, model
),
final AS (
    SELECT
        evidence.clip_id, -- the clip
        models.model, -- the tone model
        averaged.tone, -- most probable tone of the clip; NULL with a reason
        averaged.tone_probability, -- mean probability of `tone` over scored regions, by length [0–1]
        averaged.probabilities, -- mean probability of each label, by length [0–1]
        CASE
            WHEN averaged.tone IS NOT NULL THEN NULL
            WHEN evidence.speech_s = 0 THEN 'no_speech'
            WHEN evidence_of.is_enough THEN 'no_label'
            ELSE coalesce(evidence_of.reason, 'not_scored')
        END AS tone_reason, -- why `tone` is NULL
        CASE
            WHEN evidence.speech_s = 0 THEN 'no_speech'
            WHEN evidence_of.regions IS NULL THEN 'not_scored'
            WHEN averaged.tone IS NULL AND evidence_of.is_enough THEN 'no_label'
            WHEN averaged.tone IS NULL THEN 'no_evidence'
            WHEN evidence_of.regions_scored < evidence_of.regions THEN 'partly_scored'
            ELSE 'scored'
        END AS tone_status, -- scored, partly_scored, no_evidence, no_label (of models that give none), no_speech or not_scored
        coalesce(evidence_of.regions, 0) AS regions, -- speech regions [count]
        coalesce(evidence_of.regions_scored, 0) AS regions_scored, -- speech regions with a score [count]
        coalesce(evidence_of.scored_s, 0) AS scored_s, -- length of the scored speech regions [s]
        CASE WHEN evidence_of.has_sets THEN coalesce(evidence_of.unsure_s, 0) / nullif(evidence_of.scored_s, 0) END
            AS unsure_share, -- share of it in which the model is unsure; NULL for models that do not say [0–1]
        evidence_of.words_share -- share of it in which words of trusted segments are said; NULL if not known [0–1]
    FROM evidence
    CROSS JOIN models
    LEFT JOIN evidence_of ON evidence_of.clip_id = evidence.clip_id AND evidence_of.model = models.model
    LEFT JOIN averaged ON averaged.clip_id = evidence.clip_id AND averaged.model = models.model
)
SELECT * FROM final ORDER BY clip_id, model;
