-- what: speech regions that are unlike anything the tone model was trained on, strangest first
-- grain: one row a speech region and model with a novelty of at least 0.99
-- unit: times in s
-- caution: their tone is a guess and their label set holds every label; a low novelty does not make a tone right
WITH final AS (
    SELECT
        emotions.clip_id, -- the clip
        emotions.region, -- the speech region
        speech_regions.start_s, -- start in the clip [s]
        speech_regions.end_s, -- end in the clip [s]
        emotions.model, -- the tone model
        emotions.novelty, -- share of the model's training speech that is less strange [0–1]
        emotions.label -- most probable tone, which is a guess here
    FROM emotions
    JOIN speech_regions USING (clip_id, region)
    WHERE emotions.novelty >= 0.99
)
SELECT * FROM final ORDER BY novelty DESC, clip_id, region, model;
