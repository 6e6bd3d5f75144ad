-- what: the words of each clip, speech and caption side by side
-- grain: one row a clip with a transcript
-- unit: sentiment -1–1 (VADER, English alone), probabilities 0–1
-- caution: segments that are not trusted are not in `speech_text`, see how many; what is left can still be misheard
WITH speech AS (
    SELECT * FROM text_features WHERE channel = 'speech'
),
caption AS (
    SELECT * FROM text_features WHERE channel = 'caption'
),
confidence AS (
    SELECT
        clip_id,
        avg(avg_logprob) AS avg_logprob,
        max(no_speech_prob) AS no_speech_prob,
        sum(trust * length(text)) FILTER (in_text) / sum(length(text)) FILTER (in_text AND trust IS NOT NULL) AS trust,
        count(*) AS segments,
        count(*) FILTER (NOT in_text) AS segments_left_out,
        sum(length(text)) FILTER (NOT in_text) / sum(length(text)) AS share_left_out
    FROM segments
    LEFT JOIN segment_trust USING (clip_id, segment)
    GROUP BY clip_id
),
captioned AS (
    SELECT clip_id, avg(caption_agreement) AS caption_agreement FROM caption_agreement GROUP BY clip_id
),
final AS (
    SELECT
        transcripts.clip_id, -- the clip
        transcripts.text AS speech_text, -- the segments that are trusted; NULL without any
        transcripts.reason AS speech_reason, -- why there is no transcript
        transcripts.language AS speech_language, -- language of the speech [ISO 639-1]
        transcripts.language_probability AS speech_language_probability, -- Whisper's probability of that language [0–1]
        confidence.avg_logprob, -- mean log probability over segments [ln]
        confidence.no_speech_prob, -- highest probability of a segment that it holds no speech [0–1]
        confidence.trust, -- mean trust of the segments in the text, by their length; NULL if not known [0–1]
        confidence.segments, -- all segments [count]
        confidence.segments_left_out, -- segments with too little trust, which are in `segments` alone [count]
        coalesce(confidence.share_left_out, 0) AS share_left_out, -- their share of all characters [0–1]
        captioned.caption_agreement, -- mean share of words in the platform's captions; NULL without them [0–1]
        speech.word_count AS speech_words, -- words said [count]
        speech.sentiment AS speech_sentiment, -- VADER compound score of the speech [-1–1]
        speech.sentiment_reason AS speech_sentiment_reason, -- why that is NULL
        clips.caption,
        caption.language AS caption_language, -- language of the caption [ISO 639-1]
        caption.word_count AS caption_words, -- words of the caption, without tags [count]
        caption.emoji AS caption_emoji, -- emoji of the caption, in order
        clips.hashtags,
        clips.mentions,
        caption.sentiment AS caption_sentiment, -- VADER compound score of the caption [-1–1]
        caption.sentiment_reason AS caption_sentiment_reason -- why that is NULL
    FROM transcripts
    JOIN clips USING (clip_id)
    LEFT JOIN speech USING (clip_id)
    LEFT JOIN caption USING (clip_id)
    LEFT JOIN confidence USING (clip_id)
    LEFT JOIN captioned USING (clip_id)
)
SELECT * FROM final ORDER BY clip_id;
