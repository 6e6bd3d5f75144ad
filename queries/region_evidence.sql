-- what: what speaks for and against each speech region: voice, music, singing, noise, clipping and the words said there
-- grain: one row a speech region
-- unit: shares, scores and probabilities 0–1, times in s, signal to noise in dB, level in dBFS
-- caution: the measures are a model's or an estimate; words are those of trusted segments, NULL before transcription
WITH doubted AS (
    SELECT clip_id, segment FROM segment_trust WHERE NOT in_text
),
trusted AS (
    SELECT clip_id, start_s, end_s
    FROM words
    ANTI JOIN doubted USING (clip_id, segment)
),
spoken AS (
    SELECT
        speech_regions.clip_id,
        speech_regions.region,
        sum(least(trusted.end_s, speech_regions.end_s) - greatest(trusted.start_s, speech_regions.start_s)) AS words_s
    FROM speech_regions
    JOIN trusted ON trusted.clip_id = speech_regions.clip_id
        AND trusted.end_s > speech_regions.start_s AND trusted.start_s < speech_regions.end_s
    GROUP BY speech_regions.clip_id, speech_regions.region
),
voices AS (
    SELECT clip_id, region, max(overlap_probability) AS overlap_probability
    FROM speech_embeddings
    GROUP BY clip_id, region
),
measured AS (
    SELECT
        speech_regions.*,
        voices.overlap_probability,
        speech_regions.end_s - speech_regions.start_s AS length_s,
        CASE WHEN transcripts.clip_id IS NOT NULL
            THEN least(coalesce(spoken.words_s, 0), speech_regions.end_s - speech_regions.start_s)
        END AS words_s
    FROM speech_regions
    LEFT JOIN spoken USING (clip_id, region)
    LEFT JOIN transcripts USING (clip_id)
    LEFT JOIN voices USING (clip_id, region)
),
final AS (
    SELECT
        measured.clip_id, -- the clip
        measured.region, -- number of the region in the clip, from 0
        measured.start_s, -- start in the clip [s]
        measured.end_s, -- end in the clip [s]
        measured.length_s, -- length of the region [s]
        measured.speech_probability, -- mean probability of speech by voice activity detection [0–1]
        measured.witness_probability, -- mean probability of speech by the second witness; NULL without one [0–1]
        measured.voice_witnesses, -- who hears speech in it: silero, the tagger, the second witness
        measured.speech_score, -- mean score of speech sounds by the tagger; NULL without one [0–1]
        measured.music_score, -- mean score of music, singing apart; NULL without a tagger [0–1]
        measured.singing_score, -- mean score of singing and rapping; NULL without a tagger [0–1]
        measured.snr_db, -- signal to noise by how the samples are distributed; NULL below 0.3 s [dB]
        measured.level_dbfs, -- root mean square level; NULL for digital silence [dBFS]
        measured.clipping_share, -- share of samples at full scale [0–1]
        measured.overlap_probability, -- probability of several voices at once; NULL if not known [0–1]
        measured.words_s, -- time in which words of trusted segments are said; NULL before transcription [s]
        measured.words_s / nullif(measured.length_s, 0) AS words_share -- that over the length of the region [0–1]
    FROM measured
)
SELECT * FROM final ORDER BY clip_id, region;
