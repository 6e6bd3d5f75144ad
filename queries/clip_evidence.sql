-- what: how much of each clip is speech, music and singing, and whether its tone could be scored, with the reason
-- grain: one row a clip and tone model, for every clip of the study
-- unit: shares and probabilities 0–1, times in s, signal to noise in dB
-- caution: shares overlap, for people talk and sing over music; they are NULL where a stage has not passed; the status of the tone is that of `clip_tone_status`
WITH failed AS (
    SELECT clip_id, min(reason) AS reason FROM failures GROUP BY clip_id
),
regions AS (
    SELECT
        clip_id,
        sum(speech_probability * length_s) / sum(length_s) FILTER (speech_probability IS NOT NULL)
            AS speech_probability,
        sum(words_s) AS words_s,
        sum(words_s) / sum(length_s) FILTER (words_s IS NOT NULL) AS words_share,
        median(snr_db) AS region_snr_db
    FROM region_evidence
    GROUP BY clip_id
),
gaps AS (
    SELECT
        clip_id,
        string_agg(DISTINCT reason, ', ' ORDER BY reason) AS gap_reasons
    FROM sound_gaps
    GROUP BY clip_id
),
final AS (
    SELECT
        clips.clip_id, -- the clip
        tone_models.model, -- the tone model
        CASE
            WHEN clip_tone_status.tone_status IS NOT NULL THEN clip_tone_status.tone_status
            WHEN failed.reason IS NOT NULL THEN 'failed'
            ELSE 'pending'
        END AS tone_status, -- scored, partly_scored, no_evidence, no_speech, not_scored, failed or pending
        coalesce(clip_tone_status.tone_reason, failed.reason) AS tone_reason, -- why there is no tone
        evidence.speech_s, -- time inside speech regions [s]
        evidence.speech_share, -- that over the length of the clip [0–1]
        regions.speech_probability, -- mean probability of speech inside the regions, by length [0–1]
        evidence.uncertain_speech_s, -- time in regions that not every witness hears; without regions, in which one hears speech [s]
        evidence.speech_reason, -- why there is no speech region: no_speech or speech_uncertain
        evidence.music_share, -- share of the clip in which music is heard [0–1]
        evidence.singing_share, -- share of the clip in which singing or rapping is heard [0–1]
        evidence.music_reason, -- why the two are NULL
        regions.region_snr_db, -- median signal to noise of the regions, by how their samples are distributed [dB]
        evidence.snr_db, -- power of speech regions over the median power of the rest [dB]
        audio.clipping_share, -- share of samples at full scale [0–1]
        audio.start_s AS sound_start_s, -- when the sound starts in the clip; before, it is silent [s]
        audio.gap_s, -- time without packets of sound after that, which is silent here [s]
        audio.damaged_s, -- time whose packets could not be decoded, which is silent here [s]
        gaps.gap_reasons, -- reasons of `sound_gaps`; NULL without one
        audio.decoded_ratio, -- decoded sound over the length of its track; below 0.98 some was lost [0–1]
        audio.mix, -- what the one channel was made of: mono, mean, left, right, difference or centre
        regions.words_s, -- time of the regions in which words of trusted segments are said [s]
        regions.words_share -- that over the length of the regions [0–1]
    FROM clips
    LEFT JOIN tone_models ON true
    LEFT JOIN audio USING (clip_id)
    LEFT JOIN evidence USING (clip_id)
    LEFT JOIN gaps USING (clip_id)
    LEFT JOIN regions USING (clip_id)
    LEFT JOIN failed USING (clip_id)
    LEFT JOIN clip_tone_status ON clip_tone_status.clip_id = clips.clip_id AND clip_tone_status.model = tone_models.model
)
SELECT * FROM final ORDER BY clip_id, model;
