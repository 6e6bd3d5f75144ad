-- what: perceived tone of each clip by each model, averaged over its speech regions by their length
-- grain: one row a clip and model, for every clip whose evidence is known
-- unit: probabilities 0–1, times in s
-- caution: how a voice sounds to a model, never what a person feels; NULL where `tone_coverage` has too little scored speech
WITH spoken AS (
    SELECT emotions.clip_id, emotions.model, sum(region_evidence.words_s) AS words_s
    FROM emotions
    JOIN region_evidence USING (clip_id, region)
    WHERE emotions.status = 'scored'
    GROUP BY emotions.clip_id, emotions.model
),
final AS (
    SELECT
        clip_tone_status.clip_id,
        clip_tone_status.model,
        clip_tone_status.tone,
        clip_tone_status.tone_probability,
        clip_tone_status.probabilities,
        clip_tone_status.tone_reason,
        clip_tone_status.tone_status,
        clip_tone_status.regions,
        clip_tone_status.regions_scored,
        clip_tone_status.scored_s,
        clip_tone_status.unsure_share,
        spoken.words_s / nullif(clip_tone_status.scored_s, 0)
            AS words_share -- share of it in which words of trusted segments are said; NULL if not known [0–1]
    FROM clip_tone_status
    LEFT JOIN spoken USING (clip_id, model)
)
SELECT * FROM final ORDER BY clip_id, model;
