-- what: perceived tone of each clip by each model, averaged over its speech regions by their length
-- grain: one row a clip and model, for every clip whose evidence is known
-- unit: probabilities 0–1, times in s
-- caution: how a voice sounds to a model, never what a person feels; NULL when less than half of the speech was scored
WITH spoken AS (
    SELECT emotions.clip_id, emotions.model, sum(region_evidence.words_s) AS words_s
    FROM emotions
    JOIN region_evidence USING (clip_id, region)
    WHERE emotions.status = 'scored'
    GROUP BY emotions.clip_id, emotions.model
),
final AS (
    SELECT
        clip_tone_status.clip_id, -- the clip
        clip_tone_status.model, -- the tone model
        clip_tone_status.tone, -- most probable tone of the clip; NULL with a reason
        clip_tone_status.tone_probability, -- mean probability of `tone` over scored regions, by length [0–1]
        clip_tone_status.probabilities, -- mean probability of each label, by length [0–1]
        clip_tone_status.tone_reason, -- why `tone` is NULL
        clip_tone_status.tone_status, -- scored, partly_scored, no_evidence, no_label (of models that give none), no_speech or not_scored
        clip_tone_status.regions, -- speech regions [count]
        clip_tone_status.regions_scored, -- speech regions with a score [count]
        clip_tone_status.scored_s, -- length of the scored speech regions [s]
        clip_tone_status.unsure_share, -- share of it in which the model is unsure; NULL for models that do not say [0–1]
        spoken.words_s / nullif(clip_tone_status.scored_s, 0)
            AS words_share -- share of it in which words of trusted segments are said; NULL if not known [0–1]
    FROM clip_tone_status
    LEFT JOIN spoken USING (clip_id, model)
)
SELECT * FROM final ORDER BY clip_id, model;
