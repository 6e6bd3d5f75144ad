-- what: where posts are lost on the way from the list to words and tone, and why: the steps of `funnel`
-- grain: one row an outcome, stage, model and reason
-- unit: posts as a count, shares 0–1 of all posts listed
-- caution: a clip can be lost to text and to tone at once, so shares do not add up; losses are rarely random
WITH kept AS (
    SELECT clips.clip_id, clips.kind, clips.media_type FROM clips ANTI JOIN exclusions USING (clip_id)
),
wanted AS (
    SELECT clip_id FROM kept WHERE kind <> 'post'
),
lost AS (
    SELECT 'excluded' AS outcome, 'filters' AS stage, NULL AS model, exclusions.rule AS reason, exclusions.clip_id
    FROM exclusions
    SEMI JOIN clips USING (clip_id)
    UNION ALL
    SELECT 'no_video', 'download', NULL, media_type, clip_id FROM kept WHERE without_video(kind, media_type)
    UNION ALL
    SELECT 'metadata_only', 'download', NULL, 'not_wanted', clip_id
    FROM kept
    WHERE kind = 'post' AND NOT without_video(kind, media_type)
    UNION ALL
    SELECT 'failed', failures.stage, NULL, failures.reason, failures.clip_id FROM failures SEMI JOIN wanted USING (clip_id)
    UNION ALL
    SELECT 'no_words', 'transcribe', NULL, transcripts.reason, transcripts.clip_id
    FROM transcripts
    SEMI JOIN wanted USING (clip_id)
    WHERE transcripts.text IS NULL
    UNION ALL
    SELECT 'no_tone', 'emotion', clip_tone_status.model, clip_tone_status.tone_reason, clip_tone_status.clip_id
    FROM clip_tone_status
    SEMI JOIN wanted USING (clip_id)
    WHERE clip_tone_status.tone IS NULL
),
listed AS (
    SELECT count(*) AS clips FROM clips
),
final AS (
    SELECT
        lost.outcome, -- excluded: a filter keeps it out; no_video: it holds none; metadata_only: the study fetches no media of it; failed: the stage could not pass; no_words and no_tone: it passed and found none
        lost.stage, -- the stage
        lost.model, -- the tone model; NULL for other stages
        lost.reason, -- why: a word of the closed list, the rule of a filter, the media type of a post without a video, not_wanted or not_scored
        count(DISTINCT lost.clip_id) AS clips, -- posts lost there for that reason [count]
        count(DISTINCT lost.clip_id) / listed.clips AS share -- of all posts listed [0–1]
    FROM lost
    CROSS JOIN listed
    GROUP BY lost.outcome, lost.stage, lost.model, lost.reason, listed.clips
)
SELECT * FROM final ORDER BY outcome, clips DESC, stage, model, reason;
