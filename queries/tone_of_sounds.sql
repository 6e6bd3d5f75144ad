-- what: the tone of each shared sound, scored once however many clips play it
-- grain: one row a sound, model and tone label
-- unit: probabilities 0–1, counts
-- caution: of the first clip of the study whose tone is known; it is the sound's tone and of none of the accounts that borrowed it; changed copies are left out
WITH clips_of AS (
    SELECT sounds.sound_id, sounds.clip_id, clips.author_key, clips.posted_at
    FROM sounds
    JOIN clips USING (clip_id)
    WHERE sounds.tempo = 1 AND sounds.semitones = 0
),
counted AS (
    SELECT sound_id, count(*) AS clips, count(DISTINCT author_key) AS authors FROM clips_of GROUP BY sound_id
),
scored AS (
    SELECT clips_of.sound_id, clip_probabilities.*
    FROM clips_of
    JOIN clip_probabilities USING (clip_id)
    QUALIFY dense_rank() OVER (
        PARTITION BY clips_of.sound_id, clip_probabilities.model
        ORDER BY clips_of.posted_at NULLS LAST, clips_of.clip_id
    ) = 1
),
final AS (
    SELECT
        scored.sound_id, -- the sound
        scored.model, -- the tone model
        scored.tone, -- tone label
        scored.probability, -- probability of the tone in the clip that was taken [0–1]
        scored.clip_id AS scored_clip_id, -- that clip
        counted.clips, -- clips that play the sound as it is [count]
        counted.authors -- their known authors [count]
    FROM scored
    JOIN counted USING (sound_id)
)
SELECT * FROM final ORDER BY sound_id, model, probability DESC, tone;
