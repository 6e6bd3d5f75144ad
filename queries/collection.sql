-- what: what became of every post on its way into the study, with the reason, so that loss can be studied
-- grain: one row a post
-- unit: attempts as a count, times in UTC
-- caution: losses are rarely random; a post that several sources name counts for the one that named it first
WITH first_sources AS (
    SELECT clip_id, arg_min(source, first_seen_at) AS source FROM provenance GROUP BY clip_id
),
tries AS (
    SELECT clip_id, count(*) FILTER (status <> 'stale') AS attempts FROM attempts WHERE stage = 'download' GROUP BY clip_id
),
last_looks AS (
    SELECT clip_id, arg_max(state, looked_at) AS state, max(looked_at) AS looked_at FROM visibility GROUP BY clip_id
),
final AS (
    SELECT
        clips.clip_id,
        clips.platform,
        first_sources.source, -- the source that named it first
        CASE
            WHEN exclusions.clip_id IS NOT NULL THEN 'excluded'
            WHEN without_video(clips.kind, clips.media_type) THEN 'no_video'
            WHEN clips.kind = 'post' THEN 'metadata_only'
            WHEN fetches.status IS NULL THEN 'not_yet'
            WHEN fetches.status = 'ok' THEN 'arrived'
            WHEN fetches.status = 'stale' THEN 'waiting'
            WHEN fetches.action = 'hold' THEN 'held'
            WHEN fetches.again_at IS NOT NULL THEN 'waiting'
            ELSE 'lost'
        END AS state, -- arrived, waiting, held (until the tools or cookies change), lost, excluded, no_video, metadata_only, not_yet
        CASE
            WHEN exclusions.clip_id IS NOT NULL THEN exclusions.rule
            WHEN without_video(clips.kind, clips.media_type) THEN clips.media_type
            WHEN fetches.status = 'failed' THEN fetches.reason
        END AS reason, -- why it has not arrived: a word of the closed list, the filter that keeps it out, or what it holds instead of a video
        coalesce(exclusions.message, fetches.message) AS message, -- the same as a sentence
        coalesce(tries.attempts, 0) AS attempts, -- attempts to fetch it so far [count]
        fetches.finished_at AS last_attempt_at, -- when it was last tried [UTC]
        CASE WHEN exclusions.clip_id IS NULL THEN fetches.again_at END AS again_at, -- when it is tried again [UTC]
        last_looks.state AS visibility, -- public, vanished or unknown when it was last looked at again; NULL if it never was
        last_looks.looked_at -- when that was [UTC]
    FROM clips
    LEFT JOIN first_sources USING (clip_id)
    LEFT JOIN exclusions USING (clip_id)
    LEFT JOIN last_attempts AS fetches ON fetches.clip_id = clips.clip_id AND fetches.stage = 'download'
    LEFT JOIN tries ON tries.clip_id = clips.clip_id
    LEFT JOIN last_looks USING (clip_id)
)
SELECT * FROM final ORDER BY clip_id;
