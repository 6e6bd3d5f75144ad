-- what: where clips are lost on the way from the list to words and tone, and why
-- grain: one row an outcome, stage, model and reason
-- unit: clips as a count, shares 0–1 of all clips listed
-- caution: a clip can be lost to text and to tone at once, so shares do not add up; losses are rarely random
WITH lost AS (
    SELECT 'excluded' AS outcome, 'filters' AS stage, NULL AS model, rule AS reason, clip_id FROM exclusions
    UNION ALL
    SELECT 'failed', stage, NULL, reason, clip_id FROM failures
    UNION ALL
    SELECT 'no_words', 'transcribe', NULL, reason, clip_id FROM transcripts WHERE text IS NULL
    UNION ALL
    SELECT 'no_tone', 'emotion', model, tone_reason, clip_id FROM clip_tone_status WHERE tone IS NULL
),
listed AS (
    SELECT count(*) AS clips FROM clips WHERE kind <> 'post'
),
final AS (
    SELECT
        lost.outcome, -- excluded: a filter keeps it out; failed: the stage could not pass; no_words and no_tone: it passed and found none
        lost.stage, -- the stage
        lost.model, -- the tone model; NULL for other stages
        lost.reason, -- why: a word of the closed list, the rule of a filter, or not_scored
        count(DISTINCT lost.clip_id) AS clips, -- clips lost there for that reason [count]
        count(DISTINCT lost.clip_id) / listed.clips AS share -- of all clips listed [0–1]
    FROM lost
    CROSS JOIN listed
    GROUP BY lost.outcome, lost.stage, lost.model, lost.reason, listed.clips
)
SELECT * FROM final ORDER BY outcome, clips DESC, stage, model, reason;
