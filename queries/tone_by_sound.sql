-- what: mean perceived tone of the clips over each sound that the platform names: does a sound go with a tone of voice?
-- grain: one row a sound, model and tone label
-- unit: probabilities 0–1, counts
-- caution: loud music hides the voice, and clips without enough evidence are left out of the mean, see `clips`; few clips say little
WITH used AS (
    SELECT platform, sound_id, clip_id, sound_title, sound_artist FROM clips WHERE sound_id IS NOT NULL
),
sounds AS (
    SELECT
        platform,
        sound_id,
        min(sound_title) AS sound_title,
        min(sound_artist) AS sound_artist,
        count(*) AS clips
    FROM used
    GROUP BY platform, sound_id
),
scored AS (
    SELECT
        used.platform,
        used.sound_id,
        clip_probabilities.model,
        clip_probabilities.tone,
        avg(clip_probabilities.probability) AS mean_probability,
        count(*) AS clips_scored
    FROM used
    JOIN clip_probabilities USING (clip_id)
    GROUP BY used.platform, used.sound_id, clip_probabilities.model, clip_probabilities.tone
),
final AS (
    SELECT
        sounds.platform, -- the platform whose sound it is
        sounds.sound_id, -- the platform's id of the sound
        sounds.sound_title, -- its title; of several the first by alphabet
        sounds.sound_artist, -- its artist, in the same way
        scored.model, -- the tone model
        scored.tone, -- tone label
        scored.mean_probability, -- mean over clips of the tone's probability [0–1]
        scored.clips_scored, -- clips behind the mean [count]
        sounds.clips -- all clips over the sound [count]
    FROM scored
    JOIN sounds USING (platform, sound_id)
)
SELECT * FROM final ORDER BY clips_scored DESC, platform, sound_id, model, mean_probability DESC, tone;
