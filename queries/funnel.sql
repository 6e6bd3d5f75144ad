-- what: how many posts are left after each step from the list to words and tone
-- grain: one row a step, in order
-- unit: posts as a count, shares 0–1
-- caution: each step counts posts that passed the ones before it, but tone, which follows speech as words do; why posts are lost: `attrition`; while a run goes on, some are pending
WITH toned AS (
    SELECT DISTINCT clip_id FROM clip_tone_status WHERE tone IS NOT NULL
),
failed AS (
    SELECT DISTINCT clip_id, stage FROM failures
),
passed AS (
    SELECT
        clips.clip_id,
        exclusions.clip_id IS NULL AS is_kept,
        is_kept AND NOT without_video(clips.kind, clips.media_type) AS has_video,
        has_video AND clips.kind <> 'post' AS is_wanted,
        is_wanted AND (media.clip_id IS NOT NULL OR audio.clip_id IS NOT NULL) AS has_media,
        has_media AND audio.clip_id IS NOT NULL AS has_audio,
        has_audio AND coalesce(evidence.speech_s > 0, false) AS has_speech,
        has_speech AND transcripts.text IS NOT NULL AS has_words,
        has_speech AND toned.clip_id IS NOT NULL AS has_tone,
        is_wanted AND NOT has_media AND NOT coalesce(list_has_any(failed_at, ['download', 'audio']), false) AS awaits_media,
        has_media AND NOT has_audio AND NOT coalesce(list_has_any(failed_at, ['download', 'audio']), false)
            AS awaits_audio,
        has_audio AND evidence.clip_id IS NULL AND NOT coalesce(list_contains(failed_at, 'evidence'), false)
            AS awaits_evidence,
        has_speech AND transcripts.clip_id IS NULL AND NOT coalesce(list_contains(failed_at, 'transcribe'), false)
            AS awaits_words,
        has_speech AND scored.clip_id IS NULL AND NOT coalesce(list_has_any(failed_at, ['embed', 'emotion']), false)
            AS awaits_tone
    FROM clips
    LEFT JOIN (SELECT clip_id, list(stage) AS failed_at FROM failed GROUP BY clip_id) USING (clip_id)
    LEFT JOIN (SELECT DISTINCT clip_id FROM emotions) AS scored USING (clip_id)
    LEFT JOIN exclusions USING (clip_id)
    LEFT JOIN media USING (clip_id)
    LEFT JOIN audio USING (clip_id)
    LEFT JOIN evidence USING (clip_id)
    LEFT JOIN transcripts USING (clip_id)
    LEFT JOIN toned USING (clip_id)
),
counted AS (
    SELECT
        count(*) AS listed,
        count(*) FILTER (is_kept) AS kept,
        count(*) FILTER (has_video) AS with_video,
        count(*) FILTER (is_wanted) AS wanted,
        count(*) FILTER (has_media) AS arrived,
        count(*) FILTER (has_audio) AS decoded,
        count(*) FILTER (has_speech) AS with_speech,
        count(*) FILTER (has_words) AS with_words,
        count(*) FILTER (has_tone) AS with_tone,
        count(*) FILTER (awaits_media) AS media_pending,
        count(*) FILTER (awaits_audio) AS audio_pending,
        count(*) FILTER (awaits_evidence) AS speech_pending,
        count(*) FILTER (awaits_words) AS words_pending,
        count(*) FILTER (awaits_tone) AS tone_pending
    FROM passed
),
steps AS (
    SELECT 1 AS position, 'listed' AS step, listed AS clips, listed AS clips_before, 0 AS pending FROM counted
    UNION ALL
    SELECT 2, 'kept by the filters', kept, listed, 0 FROM counted
    UNION ALL
    SELECT 3, 'with a video', with_video, kept, 0 FROM counted
    UNION ALL
    SELECT 4, 'media wanted', wanted, with_video, 0 FROM counted
    UNION ALL
    SELECT 5, 'media arrived', arrived, wanted, media_pending FROM counted
    UNION ALL
    SELECT 6, 'audio decoded', decoded, arrived, audio_pending FROM counted
    UNION ALL
    SELECT 7, 'speech heard', with_speech, decoded, speech_pending FROM counted
    UNION ALL
    SELECT 8, 'words transcribed', with_words, with_speech, words_pending FROM counted
    UNION ALL
    SELECT 9, 'tone scored', with_tone, with_speech, tone_pending FROM counted
),
final AS (
    SELECT
        steps.position, -- place of the step in the order, from 1
        steps.step, -- the step; with a video: or not known to hold none; media wanted: not known by their metadata alone
        steps.clips, -- posts that came so far [count]
        steps.clips_before - steps.clips - steps.pending AS lost, -- fewer than at the step it follows, for good or until a run tries again [count]
        steps.pending, -- of that step, posts that no run has brought to this one yet [count]
        steps.clips / nullif(counted.listed, 0) AS share -- of all posts listed [0–1]
    FROM steps
    CROSS JOIN counted
)
SELECT * FROM final ORDER BY position;
