-- what: which models, options and library versions made the stored rows
-- grain: one row a stage and model of the current configuration; stages without a model have one row
-- unit: clips as a count
-- caution: cite the digest, not the name alone: names stay when weights change
WITH current AS (
    SELECT * FROM fingerprints WHERE is_current
),
stage_models AS (
    SELECT
        fingerprint,
        unnest(json_keys(models)) AS model,
        unnest(json_extract_string(models, '$.*')) AS digest
    FROM current
),
done AS (
    SELECT fingerprint, count(DISTINCT clip_id) FILTER (status = 'ok') AS clips
    FROM attempts
    GROUP BY fingerprint
),
final AS (
    SELECT
        current.stage, -- the stage
        stage_models.model, -- its model; NULL for a stage without one
        stage_models.digest, -- digest of the model's files
        current.version AS stage_version, -- version of the stage's own code
        current.options, -- its options [JSON]
        current.libraries, -- versions of libraries that can change its numbers [JSON]
        current.fingerprint, -- hash of all of these
        coalesce(done.clips, 0) AS clips -- clips that passed under this configuration [count]
    FROM current
    LEFT JOIN stage_models USING (fingerprint)
    LEFT JOIN done USING (fingerprint)
)
SELECT * FROM final ORDER BY stage, model;
