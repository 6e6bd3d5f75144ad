-- what: clips that are copies of an earlier one: the same bytes, or the same sound from beginning to end and a picture of the same length
-- grain: one row a clip that has an earlier copy
-- unit: times in s
-- caution: pictures are not compared; a still or another picture of the same length under the same sound counts as well (`evidence` says by what); earlier is by date of posting, then by id
WITH known AS (
    SELECT
        clips.clip_id,
        clips.author_key,
        clips.posted_at,
        media.sha256,
        coalesce(audio.container_duration_s, audio.duration_s) AS length_s,
        row_number() OVER (ORDER BY clips.posted_at NULLS LAST, clips.clip_id) AS place
    FROM clips
    JOIN media USING (clip_id)
    LEFT JOIN audio USING (clip_id)
),
pairs AS (
    SELECT later.clip_id, earlier.clip_id AS copy_of, 'bytes' AS evidence, earlier.place
    FROM known AS later
    JOIN known AS earlier ON earlier.sha256 = later.sha256 AND earlier.place < later.place
    UNION ALL
    SELECT later.clip_id, earlier.clip_id AS copy_of, 'sound' AS evidence, earlier.place
    FROM sounds AS one
    JOIN known AS later ON later.clip_id = one.clip_id
    JOIN sounds AS other ON other.sound_id = one.sound_id
    JOIN known AS earlier ON earlier.clip_id = other.clip_id AND earlier.place < later.place
    WHERE abs(one.offset_s - other.offset_s) <= 0.1
        AND abs(later.length_s - earlier.length_s) <= 0.25
        AND least(one.score, other.score) >= 0.65
        AND least(one.length_s, other.length_s) >= later.length_s - 2
),
-- the first of all copies; bytes say more than sound
ranked AS (
    SELECT * FROM pairs
    QUALIFY row_number() OVER (PARTITION BY clip_id ORDER BY evidence, place) = 1
),
final AS (
    SELECT
        ranked.clip_id, -- the clip
        later.author_key, -- its author
        ranked.copy_of, -- the first clip of the study that it is like
        earlier.author_key AS author_of_copied, -- the author of that
        ranked.evidence, -- bytes (the files are the same) or sound
        later.author_key = earlier.author_key AS same_author, -- whether both are of one author; NULL if not known
        epoch(later.posted_at - earlier.posted_at) AS after_s -- time between the two; NULL without dates [s]
    FROM ranked
    JOIN known AS later ON later.clip_id = ranked.clip_id
    JOIN known AS earlier ON earlier.clip_id = ranked.copy_of
)
SELECT * FROM final ORDER BY clip_id;
