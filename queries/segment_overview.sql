-- what: each segment of speech with how far it can be trusted, and whether the platform's captions say the same
-- grain: one row a segment
-- unit: times in s, probabilities, shares and trust 0–1
-- caution: trust ranks segments and is no probability; agreement counts words, and automatic captions err as well
WITH final AS (
    SELECT
        segments.clip_id, -- the clip
        segments.segment, -- number of the segment in the clip, from 0
        segments.start_s, -- start in the clip [s]
        segments.end_s, -- end in the clip [s]
        segments.text, -- the words
        coalesce(segments.language, transcripts.language) AS language, -- language it was decoded in, else the clip's [ISO 639-1]
        segment_trust.in_text, -- whether the transcript has it: its trust reaches the least trust of the study
        segment_trust.trust, -- weighted geometric mean of the parts below that are known [0–1]
        -- captions that share no word with a segment halve its trust
        segment_trust.trust * (1 + coalesce(caption_agreement.caption_agreement, 1)) / 2 AS trust_with_captions, -- both as one [0–1]
        segment_trust.speech_overlap, -- share of its time inside speech regions [0–1]
        segment_trust.token_probability, -- geometric mean of the probabilities of its tokens [0–1]
        segment_trust.voice_probability, -- 1 less Whisper's probability that the window holds no speech [0–1]
        segment_trust.incompressible, -- 1 up to a compression ratio of 2.4, then 2.4 over the ratio [0–1]
        segment_trust.variety, -- different pairs of neighbouring words over all pairs [0–1]
        segment_trust.originality, -- 0 for a credit of subtitles, 0.5 for a phrase that Whisper invents, else 1 [0–1]
        segment_trust.language_probability, -- Whisper's probability of the language, times the share of letters in its scripts [0–1]
        segment_trust.window_fill, -- sound left in the window that was decoded, over 0.5 s, at most 1 [0–1]
        caption_agreement.caption_agreement, -- share of its words in captions nearby; NULL without any [0–1]
        caption_agreement.caption_kind, -- kind of those captions: automatic or stated
        segments.avg_logprob, -- mean log probability of the tokens [ln]
        segments.no_speech_prob, -- Whisper's probability that the window holds no speech [0–1]
        segments.compression_ratio -- length over gzip length of the text [ratio]
    FROM segments
    LEFT JOIN transcripts USING (clip_id)
    LEFT JOIN segment_trust USING (clip_id, segment)
    LEFT JOIN caption_agreement USING (clip_id, segment)
)
SELECT * FROM final ORDER BY clip_id, segment;
