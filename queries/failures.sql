-- what: clips that a stage could not pass, with the reason
-- grain: one row a clip and stage whose last attempt under the current configuration failed
-- unit: attempts as a count
-- caution: losses are rarely random, compare who is lost with who is kept; what filters keep out is in `exclusions`
WITH failed AS (
    SELECT clip_id, stage, count(*) AS attempts FROM attempts WHERE status = 'failed' GROUP BY clip_id, stage
),
final AS (
    SELECT
        last_attempts.clip_id, -- the clip
        last_attempts.stage, -- the stage that it could not pass
        last_attempts.reason, -- why: a word of the closed list
        last_attempts.message, -- the same as a sentence
        failed.attempts, -- failed attempts so far [count]
        last_attempts.finished_at AS last_attempt_at -- when it was last tried [UTC]
    FROM last_attempts
    JOIN failed USING (clip_id, stage)
    JOIN fingerprints USING (fingerprint, stage)
    WHERE last_attempts.status = 'failed' AND last_attempts.reason <> 'excluded' AND fingerprints.is_current
)
SELECT * FROM final ORDER BY stage, reason, clip_id;
