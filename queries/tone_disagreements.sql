-- what: the speech regions that two tone models hear differently, to listen to
-- grain: one row a speech region and pair of models that both scored it and gave it different labels
-- unit: probabilities 0–1, times in s
-- caution: neither model is the truth; the surest disagreements come first
WITH labelled AS (
    SELECT clip_id, region, model, label, probability FROM emotions WHERE status = 'scored' AND label IS NOT NULL
),
final AS (
    SELECT
        one.clip_id, -- the clip
        one.region, -- the speech region
        speech_regions.start_s, -- start of the region: the second to jump to [s]
        speech_regions.end_s, -- end of the region [s]
        one.model AS model_a, -- the first model of the pair, in alphabetical order
        one.label AS label_a, -- its label
        one.probability AS probability_a, -- its probability of that label [0–1]
        two.model AS model_b, -- the second model of the pair
        two.label AS label_b, -- its label
        two.probability AS probability_b -- its probability of that label [0–1]
    FROM labelled AS one
    JOIN labelled AS two ON one.clip_id = two.clip_id AND one.region = two.region AND one.model < two.model
    JOIN speech_regions ON speech_regions.clip_id = one.clip_id AND speech_regions.region = one.region
    WHERE one.label <> two.label
)
SELECT * FROM final ORDER BY least(probability_a, probability_b) DESC, clip_id, region, model_a, model_b;
