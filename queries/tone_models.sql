-- what: the tone models that the study asks for, in the order of its file
-- grain: one row a model
-- unit: places as a count
-- caution: `emotions` keeps rows of models that the study asked for before; the views of a clip's tone leave them out
WITH asked AS (
    SELECT json_extract_string(options, '$.models[*]') AS models
    FROM fingerprints
    WHERE stage = 'emotion' AND is_current
),
final AS (
    SELECT
        unnest(asked.models) AS model, -- the tone model
        generate_subscripts(asked.models, 1) AS position -- its place in the study file, from 1
    FROM asked
)
SELECT * FROM final ORDER BY position;
