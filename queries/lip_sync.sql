-- what: clips in which another author's recorded voice is heard: candidates for lip-sync, dubs and duets
-- grain: one row a clip
-- unit: times in s, score 0–1
-- caution: the sound alone is compared, nobody's lips are seen; a song with words counts, and so does a repost (`is_repost`): look
WITH spoken AS (
    SELECT sounds.clip_id, sounds.sound_id, sum(
        greatest(0, least(speech_regions.end_s, sounds.start_s + sounds.length_s)
            - greatest(speech_regions.start_s, sounds.start_s))
    ) AS speech_s
    FROM sounds
    JOIN speech_regions USING (clip_id)
    GROUP BY sounds.clip_id, sounds.sound_id
),
final AS (
    SELECT
        sound_use.clip_id, -- the clip
        sound_use.author_key, -- its author
        sound_use.sound_id, -- the sound that it shares
        sound_use.first_clip_id, -- the first clip of the study with that sound
        sound_use.first_author_key, -- its author, another one
        spoken.speech_s, -- speech inside the shared stretch [s]
        sound_use.start_s, -- start of that stretch [s]
        sound_use.length_s, -- its length [s]
        sound_use.score, -- share of its landmarks that agree [0–1]
        reposts.clip_id IS NOT NULL AS is_repost -- whether the whole clip looks like a copy, see `reposts`
    FROM sound_use
    JOIN spoken USING (clip_id, sound_id)
    LEFT JOIN reposts USING (clip_id)
    WHERE sound_use.use = 'borrowed' AND sound_use.own_voice IS false AND spoken.speech_s >= 1
)
SELECT * FROM final ORDER BY sound_id, clip_id;
