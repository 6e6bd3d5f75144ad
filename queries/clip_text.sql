-- what: the words of each clip, speech and caption side by side
-- grain: one row a clip with a transcript
-- unit: sentiment -1–1 (VADER, English alone), probabilities 0–1
-- caution: a transcript over music can be invented; look at its log probability before quoting it
WITH speech AS (
    SELECT * FROM text_features WHERE channel = 'speech'
),
caption AS (
    SELECT * FROM text_features WHERE channel = 'caption'
),
confidence AS (
    SELECT clip_id, avg(avg_logprob) AS avg_logprob, max(no_speech_prob) AS no_speech_prob
    FROM segments
    GROUP BY clip_id
),
final AS (
    SELECT
        transcripts.clip_id,
        transcripts.text AS speech_text,
        transcripts.reason AS speech_reason,
        transcripts.language AS speech_language,
        transcripts.language_probability AS speech_language_probability,
        confidence.avg_logprob,
        confidence.no_speech_prob,
        speech.word_count AS speech_words,
        speech.sentiment AS speech_sentiment,
        speech.sentiment_reason AS speech_sentiment_reason,
        clips.caption,
        caption.language AS caption_language,
        caption.word_count AS caption_words,
        caption.emoji AS caption_emoji,
        clips.hashtags,
        clips.mentions,
        caption.sentiment AS caption_sentiment,
        caption.sentiment_reason AS caption_sentiment_reason
    FROM transcripts
    JOIN clips USING (clip_id)
    LEFT JOIN speech USING (clip_id)
    LEFT JOIN caption USING (clip_id)
    LEFT JOIN confidence USING (clip_id)
)
SELECT * FROM final ORDER BY clip_id;
