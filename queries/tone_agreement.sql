-- what: how far two tone models agree on the regions of each clip, and over the whole study beyond chance
-- grain: one row a pair of models and clip, for regions that both scored
-- unit: shares 0–1, kappa -1–1, regions as a count
-- caution: models trained on like material can agree and both be wrong; few regions make an unsteady kappa
WITH labelled AS (
    SELECT clip_id, region, model, label FROM emotions WHERE status = 'scored' AND label IS NOT NULL
),
pairs AS (
    SELECT
        one.clip_id,
        one.region,
        one.model AS model_a,
        two.model AS model_b,
        one.label AS label_a,
        two.label AS label_b
    FROM labelled AS one
    JOIN labelled AS two ON one.clip_id = two.clip_id AND one.region = two.region AND one.model < two.model
),
observed AS (
    SELECT model_a, model_b, count(*) AS regions, avg((label_a = label_b)::INT) AS agreement
    FROM pairs
    GROUP BY model_a, model_b
),
shares_a AS (
    SELECT model_a, model_b, label_a AS label, count(*) AS regions FROM pairs GROUP BY model_a, model_b, label_a
),
shares_b AS (
    SELECT model_a, model_b, label_b AS label, count(*) AS regions FROM pairs GROUP BY model_a, model_b, label_b
),
expected AS (
    SELECT
        observed.model_a,
        observed.model_b,
        coalesce(sum(shares_a.regions * shares_b.regions), 0) / (observed.regions * observed.regions) AS agreement
    FROM observed
    LEFT JOIN shares_a USING (model_a, model_b)
    LEFT JOIN shares_b USING (model_a, model_b, label)
    GROUP BY observed.model_a, observed.model_b, observed.regions
),
of_study AS (
    SELECT
        model_a,
        model_b,
        observed.regions,
        observed.agreement,
        (observed.agreement - expected.agreement) / nullif(1 - expected.agreement, 0) AS kappa
    FROM observed
    JOIN expected USING (model_a, model_b)
),
of_clip AS (
    SELECT clip_id, model_a, model_b, count(*) AS regions, avg((label_a = label_b)::INT) AS agreement
    FROM pairs
    GROUP BY clip_id, model_a, model_b
),
final AS (
    SELECT
        of_clip.model_a, -- the first model of the pair, in alphabetical order
        of_clip.model_b, -- the second model of the pair
        of_clip.clip_id, -- the clip
        of_clip.regions, -- regions of the clip that both models scored [count]
        of_clip.agreement, -- share of them with the same label [0–1]
        of_study.regions AS study_regions, -- regions of the study that both models scored [count]
        of_study.agreement AS study_agreement, -- share of them with the same label [0–1]
        of_study.kappa AS study_kappa -- Cohen's kappa (Cohen 1960) over the study; NULL if all labels are one [-1–1]
    FROM of_clip
    JOIN of_study USING (model_a, model_b)
)
SELECT * FROM final ORDER BY model_a, model_b, agreement, clip_id;
