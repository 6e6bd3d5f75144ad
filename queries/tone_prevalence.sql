-- what: how frequent each perceived tone is, corrected by people's labels, beside what the model states
-- grain: one row a model, kind of unit, grouping, group and tone, of the last evaluation of the model
-- unit: shares 0–1, counts
-- caution: of scored speech alone; right for labels drawn at random, or weighted; labels chosen by tone need `adjusted_share`
WITH latest AS (
    SELECT model, max(evaluated_at) AS evaluated_at
    FROM evaluations
    WHERE measure = 'share_stated'
    GROUP BY model
),
figures AS (
    SELECT evaluations.* FROM evaluations SEMI JOIN latest USING (model, evaluated_at)
),
stated AS (
    SELECT * FROM figures WHERE measure = 'share_stated'
),
corrected AS (
    SELECT * FROM figures WHERE measure = 'share_corrected'
),
adjusted AS (
    SELECT * FROM figures WHERE measure = 'share_adjusted'
),
final AS (
    SELECT
        stated.model, -- the tone model
        stated.counted, -- what is counted: region (of speech) or clip, as the labels are
        stated.grouping, -- all, platform, language, week or hashtag
        stated.group_value, -- the group; all, or unknown where the study does not know it
        stated.label AS tone, -- tone label, of the model or of people
        corrected.value AS share, -- corrected share by prediction-powered inference; NULL with a reason [0–1]
        corrected.ci_low AS share_low, -- lower end of its 95 % interval over authors, labels and model's errors in it [0–1]
        corrected.ci_high AS share_high, -- upper end of that interval [0–1]
        adjusted.value AS adjusted_share, -- by adjusted counts; NULL where a tone has no label [0–1]
        adjusted.ci_low AS adjusted_low, -- lower end of its interval [0–1]
        adjusted.ci_high AS adjusted_high, -- upper end of that interval [0–1]
        stated.value AS stated_share, -- share whose most probable tone this is: a statement about the model [0–1]
        corrected.n AS labelled, -- labelled units behind the correction [count]
        stated.n AS units, -- scored units of the group [count]
        corrected.reason, -- why `share` or its interval is NULL
        coalesce(fingerprints.is_current, FALSE) AS is_current -- false where tone was scored anew since: evaluate again
    FROM stated
    JOIN corrected USING (model, evaluated_at, counted, grouping, group_value, label)
    JOIN adjusted USING (model, evaluated_at, counted, grouping, group_value, label)
    LEFT JOIN fingerprints ON fingerprints.fingerprint = stated.fingerprint
)
SELECT * FROM final ORDER BY model, counted, grouping = 'all' DESC, grouping, group_value, tone;
