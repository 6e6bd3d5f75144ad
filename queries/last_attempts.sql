-- what: the last attempt of each stage on each clip: the one that counts
-- grain: one row a clip and stage
-- unit: processing time in s, times in UTC
-- caution: it may be of an earlier configuration, whose results a run replaces: see `fingerprints.is_current`
WITH final AS (
    SELECT
        attempts.attempt_id,
        attempts.run_id,
        attempts.clip_id,
        attempts.stage,
        attempts.fingerprint,
        attempts.status,
        attempts.reason,
        attempts.message,
        attempts.finished_at,
        attempts.seconds,
        attempts.action,
        attempts.again_at,
        attempts.tools
    FROM attempts
    ANTI JOIN attempts AS later
        ON later.clip_id = attempts.clip_id AND later.stage = attempts.stage AND later.attempt_id > attempts.attempt_id
)
SELECT * FROM final ORDER BY attempt_id;
