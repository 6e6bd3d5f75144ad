-- what: whose sound a clip plays: its author's own, or one that another author of the study had first
-- grain: one row a clip
-- unit: times in s, counts
-- caution: "first" is first in this study, never first on the platform; a sound that nobody else here uses counts as own, though it may be borrowed from elsewhere; who speaks is never known
WITH heard AS (
    SELECT clip_id, sound_id, start_s, length_s, score, tempo, semitones FROM sounds
    QUALIFY row_number() OVER (PARTITION BY clip_id ORDER BY length_s * score DESC, sound_id) = 1
),
-- sounds by their landmarks, and by the ids that platforms give
uses AS (
    SELECT sounds.clip_id, 'heard' AS known_by, sounds.sound_id AS sound, clips.author_key, clips.posted_at
    FROM sounds
    JOIN clips USING (clip_id)
    UNION ALL
    SELECT clip_id, 'platform' AS known_by, platform || ':' || sound_id AS sound, author_key, posted_at
    FROM clips
    WHERE sound_id IS NOT NULL
),
placed AS (
    SELECT
        *,
        first_value(clip_id) OVER earliest AS first_clip_id,
        first_value(author_key) OVER earliest AS first_author_key,
        min(posted_at) OVER whole AS first_posted_at,
        count(*) OVER whole AS clips,
        bool_or(author_key IS NULL) OVER whole AS lacks_author,
        bool_or(posted_at IS NULL) OVER whole AS lacks_date,
        min(author_key) OVER whole <> max(author_key) OVER whole AS has_authors
    FROM uses
    WINDOW whole AS (PARTITION BY known_by, sound),
    earliest AS (PARTITION BY known_by, sound ORDER BY posted_at NULLS LAST, clip_id)
),
judged AS (
    SELECT
        *,
        CASE
            WHEN clips = 1 THEN 'own'
            WHEN lacks_author THEN 'no_author'
            WHEN NOT has_authors THEN 'own'
            WHEN lacks_date THEN 'no_date'
            WHEN first_author_key = author_key THEN 'own'
            ELSE 'borrowed'
        END AS use
    FROM placed
),
-- a clip is borrowed where any of its sounds is
clip_uses AS (
    SELECT
        clip_id,
        bool_or(use = 'borrowed') AS is_borrowed,
        bool_and(use = 'own') AS is_own,
        max(use) FILTER (use IN ('no_author', 'no_date')) AS use_reason,
        arg_min(first_clip_id, first_posted_at) FILTER (use = 'borrowed') AS first_clip_id,
        arg_min(first_author_key, first_posted_at) FILTER (use = 'borrowed') AS first_author_key,
        max(clips) AS clips_with_it
    FROM judged
    GROUP BY clip_id
),
final AS (
    SELECT
        clips.clip_id, -- the clip
        clips.author_key, -- pseudonym of its author
        heard.sound_id, -- the sound that most of the clip shares with others; NULL where it shares none
        clips.sound_id AS platform_sound_id, -- the sound by the platform's own id; NULL where no source gives it
        heard.start_s, -- start of the shared stretch [s]
        heard.length_s, -- its length [s]
        heard.score, -- share of its landmarks that agree: below 0.65 something else lies over it [0–1]
        CASE
            WHEN clip_uses.is_borrowed THEN 'borrowed'
            WHEN coalesce(clip_uses.is_own, sound_landmarks.landmarks IS NOT NULL) THEN 'own'
        END AS use, -- borrowed (another author of the study had the sound first) or own; NULL with a reason
        CASE
            WHEN clip_uses.is_borrowed OR clip_uses.is_own THEN NULL
            WHEN clip_uses.clip_id IS NOT NULL THEN clip_uses.use_reason
            WHEN sound_landmarks.landmarks IS NULL THEN coalesce(sound_landmarks.reason, 'not_heard')
        END AS use_reason, -- why it is not known: no_author, no_date, not_heard, too_short or too_quiet
        CASE
            WHEN clip_uses.is_borrowed AND heard.score < 0.65 THEN NULL
            WHEN clip_uses.is_borrowed THEN false
            WHEN coalesce(clip_uses.is_own, sound_landmarks.landmarks IS NOT NULL) THEN true
        END AS own_voice, -- whether a voice in it can be taken as the poster's: NULL where `use` is not known, or something lies over a borrowed sound
        coalesce(clip_uses.clips_with_it, 1) AS clips, -- clips of the study with the sound [count]
        clip_uses.first_clip_id, -- of a borrowed sound, the first clip of the study with it
        clip_uses.first_author_key -- and the author of that
    FROM clips
    LEFT JOIN heard USING (clip_id)
    LEFT JOIN clip_uses USING (clip_id)
    LEFT JOIN sound_landmarks USING (clip_id)
)
SELECT * FROM final ORDER BY clip_id;
