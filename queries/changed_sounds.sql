-- what: clips that play a known sound faster, slower, higher or lower: voice filters, "sped up" and "slowed" versions
-- grain: one row a clip and sound
-- unit: tempo as a ratio, pitch in semitones, times in s
-- caution: known are sounds that two clips of the study and more share; tempo from 0.76 to 1.35 and pitch to 4 semitones are looked for, not both at will; of two versions the one in fewer clips is called the changed one; none is looked for among more than 20,000 clips
WITH changed AS (
    SELECT * FROM sounds WHERE tempo <> 1 OR semitones <> 0
),
final AS (
    SELECT
        changed.clip_id, -- the clip
        clips.author_key, -- its author
        changed.sound_id, -- the sound as it is in its other clips
        changed.tempo, -- times as fast [ratio]
        changed.semitones, -- semitones higher [semitones]
        CASE
            WHEN changed.semitones = 0 THEN 'tempo'
            WHEN changed.tempo = 1 THEN 'pitch'
            ELSE 'speed'
        END AS change, -- speed (tempo and pitch together, as a tape does), tempo or pitch alone
        changed.start_s, -- start of the stretch in the clip [s]
        changed.length_s, -- its length [s]
        changed.score -- share of its landmarks that agree [0–1]
    FROM changed
    JOIN clips USING (clip_id)
)
SELECT * FROM final ORDER BY sound_id, clip_id;
