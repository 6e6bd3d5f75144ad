-- what: how a sound spreads over days and accounts
-- grain: one row a sound and day on which a clip with it was posted
-- unit: counts, days (UTC)
-- caution: of the clips of this study alone, which are no sample of all that the sound is in; clips without a date are left out; changed copies count, see `changed`
WITH used AS (
    SELECT
        sounds.sound_id,
        sounds.clip_id,
        sounds.tempo <> 1 OR sounds.semitones <> 0 AS is_changed,
        clips.author_key,
        CAST(clips.posted_at AS DATE) AS day,
        row_number() OVER (PARTITION BY sounds.sound_id, clips.author_key ORDER BY clips.posted_at, sounds.clip_id) = 1
            AND clips.author_key IS NOT NULL AS is_first_of_author
    FROM sounds
    JOIN clips USING (clip_id)
    WHERE clips.posted_at IS NOT NULL
),
days AS (
    SELECT
        sound_id,
        day,
        count(*) AS clips,
        count(*) FILTER (is_changed) AS changed,
        count(*) FILTER (is_first_of_author) AS new_authors
    FROM used
    GROUP BY sound_id, day
),
final AS (
    SELECT
        sound_id, -- the sound
        day, -- the day [UTC]
        date_diff('day', min(day) OVER (PARTITION BY sound_id), day) AS day_number, -- days since its first clip here [d]
        clips, -- clips of that day with it [count]
        changed, -- of them, those that play it at another speed or pitch [count]
        new_authors, -- authors who use it for the first time here [count]
        sum(clips) OVER so_far AS clips_so_far, -- clips up to and with that day [count]
        sum(new_authors) OVER so_far AS authors_so_far -- known authors up to and with that day [count]
    FROM days
    WINDOW so_far AS (PARTITION BY sound_id ORDER BY day)
)
SELECT * FROM final ORDER BY sound_id, day;
