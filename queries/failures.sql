-- what: clips that a stage could not pass, with the reason
-- grain: one row a clip and stage whose last attempt under the current configuration failed
-- unit: attempts as a count
-- caution: losses are rarely random, compare who is lost with who is kept; what filters keep out is in `exclusions`
WITH failed AS ( -- few of all, so that the rest need not be looked through
    SELECT DISTINCT clip_id, stage FROM attempts WHERE status = 'failed'
),
last_attempts AS (
    SELECT
        attempts.clip_id,
        attempts.stage,
        arg_max(attempts.status, attempts.attempt_id) AS status,
        arg_max(attempts.reason, attempts.attempt_id) AS reason,
        arg_max(attempts.message, attempts.attempt_id) AS message,
        arg_max(attempts.fingerprint, attempts.attempt_id) AS fingerprint,
        max(attempts.finished_at) AS last_attempt_at,
        count(*) FILTER (attempts.status = 'failed') AS attempts
    FROM attempts
    SEMI JOIN failed USING (clip_id, stage)
    GROUP BY attempts.clip_id, attempts.stage
),
final AS (
    SELECT
        last_attempts.clip_id, -- the clip
        last_attempts.stage, -- the stage that it could not pass
        last_attempts.reason, -- why: a word of the closed list
        last_attempts.message, -- the same as a sentence
        last_attempts.attempts, -- failed attempts so far [count]
        last_attempts.last_attempt_at -- when it was last tried [UTC]
    FROM last_attempts
    JOIN fingerprints USING (fingerprint, stage)
    WHERE last_attempts.status = 'failed' AND last_attempts.reason <> 'excluded' AND fingerprints.is_current
)
SELECT * FROM final ORDER BY stage, reason, clip_id;
