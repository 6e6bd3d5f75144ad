-- what: the word that stands out most in each segment, by loudness, pitch and length, with what is said around it
-- grain: one row a segment in which a word stands out
-- unit: times in s, intensity in dB, pitch in semitones, emphasis and length in standard deviations
-- caution: Whisper's word times are rough and speakers are not told apart: listen before you quote
WITH strongest AS (
    SELECT word_emphasis.*, words.word, words.start_s, words.end_s
    FROM word_emphasis
    JOIN words USING (clip_id, word_index)
    WHERE word_emphasis.is_strongest
),
final AS (
    SELECT
        strongest.clip_id, -- the clip
        strongest.segment, -- the segment
        strongest.word, -- the word that stands out most
        strongest.start_s, -- its start in the clip: the second to jump to [s]
        strongest.end_s, -- its end in the clip [s]
        strongest.emphasis, -- mean of its intensity, pitch and length, each standardised over the clip [sd]
        strongest.intensity_peak_db, -- highest intensity less the median in words [dB]
        strongest.f0_peak_semitones, -- highest pitch above the clip's median in words; NULL where unvoiced [semitones]
        strongest.duration_z, -- length beyond that of words of as many letters, standardised over the clip [sd]
        segments.text, -- the segment
        segment_trust.trust -- how far the segment can be trusted [0–1]
    FROM strongest
    JOIN segments USING (clip_id, segment)
    LEFT JOIN segment_trust USING (clip_id, segment)
)
SELECT * FROM final ORDER BY clip_id, segment;
