-- what: how many posts are left after each step from the list to words and tone
-- grain: one row a step, in order
-- unit: posts as a count, shares 0–1
-- caution: each step counts posts that passed the ones before it, but tone, which follows speech as words do; why posts are lost: `attrition`
WITH toned AS (
    SELECT DISTINCT clip_id FROM clip_tone_status WHERE tone IS NOT NULL
),
passed AS (
    SELECT
        exclusions.clip_id IS NULL AS is_kept,
        is_kept AND NOT without_video(clips.kind, clips.media_type) AS has_video,
        has_video AND clips.kind <> 'post' AS is_wanted,
        is_wanted AND (media.clip_id IS NOT NULL OR audio.clip_id IS NOT NULL) AS has_media,
        has_media AND audio.clip_id IS NOT NULL AS has_audio,
        has_audio AND coalesce(evidence.speech_s > 0, false) AS has_speech,
        has_speech AND transcripts.text IS NOT NULL AS has_words,
        has_speech AND toned.clip_id IS NOT NULL AS has_tone
    FROM clips
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
        count(*) FILTER (has_tone) AS with_tone
    FROM passed
),
steps AS (
    SELECT 1 AS position, 'listed' AS step, listed AS clips, listed AS clips_before FROM counted
    UNION ALL
    SELECT 2, 'kept by the filters', kept, listed FROM counted
    UNION ALL
    SELECT 3, 'with a video', with_video, kept FROM counted
    UNION ALL
    SELECT 4, 'media wanted', wanted, with_video FROM counted
    UNION ALL
    SELECT 5, 'media arrived', arrived, wanted FROM counted
    UNION ALL
    SELECT 6, 'audio decoded', decoded, arrived FROM counted
    UNION ALL
    SELECT 7, 'speech heard', with_speech, decoded FROM counted
    UNION ALL
    SELECT 8, 'words transcribed', with_words, with_speech FROM counted
    UNION ALL
    SELECT 9, 'tone scored', with_tone, with_speech FROM counted
),
final AS (
    SELECT
        steps.position, -- place of the step in the order, from 1
        steps.step, -- the step; with a video: or not known to hold none; media wanted: not known by their metadata alone
        steps.clips, -- posts that came so far [count]
        steps.clips_before - steps.clips AS lost, -- fewer than at the step it follows [count]
        steps.clips / nullif(counted.listed, 0) AS share -- of all posts listed [0–1]
    FROM steps
    CROSS JOIN counted
)
SELECT * FROM final ORDER BY position;
