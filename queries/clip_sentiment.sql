-- what: how positive the words of each clip are, in speech and caption, by a model of many languages and by VADER
-- grain: one row a clip and channel with a text that was embedded
-- unit: sentiment -1–1, words as a count
-- caution: means of two languages are not to be compared, see `measured`; the two scores have scales of their own
WITH weighed AS (
    SELECT
        clip_id,
        channel,
        mode(language) AS language,
        sum(word_count) AS word_count,
        sum(sentiment * word_count) FILTER (sentiment IS NOT NULL)
            / nullif(sum(word_count) FILTER (sentiment IS NOT NULL), 0) AS sentiment,
        any_value(sentiment_model) AS sentiment_model,
        CASE max(CASE sentiment_measured WHEN 'ratings' THEN 0 WHEN 'signs' THEN 1 ELSE 2 END)
            WHEN 0 THEN 'ratings'
            WHEN 1 THEN 'signs'
            ELSE 'never'
        END AS measured,
        any_value(reason) AS reason
    FROM text_embeddings
    GROUP BY clip_id, channel
),
final AS (
    SELECT
        weighed.clip_id, -- the clip
        weighed.channel, -- speech or caption
        weighed.language, -- language of most of its segments, or of the caption [ISO 639-1]
        weighed.word_count, -- words of what was embedded [count]
        weighed.sentiment, -- what people would say of the words: mean over the segments, by their words [-1–1]
        weighed.sentiment_model, -- the head that says so
        weighed.measured, -- the least that it was compared with in these languages: ratings, signs or never
        CASE WHEN weighed.sentiment IS NULL THEN weighed.reason END AS reason, -- why `sentiment` is NULL
        text_features.sentiment AS vader, -- VADER compound score, of English alone [-1–1]
        text_features.sentiment_reason AS vader_reason -- why that is NULL
    FROM weighed
    LEFT JOIN text_features USING (clip_id, channel)
)
SELECT * FROM final ORDER BY clip_id, channel DESC;
