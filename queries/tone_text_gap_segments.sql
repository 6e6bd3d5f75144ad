-- what: segments in which the voice and the words point different ways: moments to listen to, for irony among other things
-- grain: one row a segment and model with both a pleasantness of the voice and an English sentiment
-- unit: voice valence -1–1, text sentiment -1–1 (VADER), gap 0–2, times in s
-- caution: of tone, only valence is comparable between voice and words (Lindevelt et al. 2026); a sentence is little text for VADER; `valence_of` and `quadrant` say how; a gap is a reason to listen, not a finding
WITH toned AS (
    SELECT
        emotions.clip_id,
        emotions.model,
        speech_regions.start_s,
        speech_regions.end_s,
        coalesce(valence_of(emotions.probabilities), 2 * emotions.valence - 1) AS valence
    FROM emotions
    JOIN speech_regions USING (clip_id, region)
    WHERE emotions.status = 'scored'
),
worded AS (
    SELECT clip_id, segment, start_s, end_s, word_count, sentiment
    FROM segment_sentiment
    JOIN segments USING (clip_id, segment)
    WHERE sentiment IS NOT NULL
),
heard AS (
    SELECT
        worded.*,
        toned.model,
        toned.valence,
        least(worded.end_s, toned.end_s) - greatest(worded.start_s, toned.start_s) AS overlap_s
    FROM worded
    JOIN toned ON toned.clip_id = worded.clip_id
        AND toned.end_s > worded.start_s AND toned.start_s < worded.end_s
    WHERE toned.valence IS NOT NULL
),
voiced AS (
    SELECT
        clip_id,
        segment,
        model,
        any_value(start_s) AS start_s,
        any_value(end_s) AS end_s,
        any_value(word_count) AS word_count,
        any_value(sentiment) AS text_sentiment,
        sum(valence * overlap_s) / sum(overlap_s) AS voice_valence,
        sum(overlap_s) AS scored_s
    FROM heard
    GROUP BY clip_id, segment, model
),
judged AS (
    SELECT
        *,
        CASE WHEN word_count < 3 THEN 'too_few_words' WHEN scored_s < 1 THEN 'too_little_voice' END AS reason
    FROM voiced
),
final AS (
    SELECT
        judged.clip_id, -- the clip
        judged.segment, -- number of the segment in the clip, from 0
        judged.model, -- the tone model
        judged.start_s, -- start in the clip: the second to jump to [s]
        judged.end_s, -- end in the clip [s]
        judged.voice_valence, -- happy less angry and sad, or the model's valence, by overlap with its regions [-1–1]
        judged.text_sentiment, -- VADER compound score of the segment [-1–1]
        CASE WHEN judged.reason IS NULL
            THEN abs(judged.voice_valence - judged.text_sentiment)
        END AS gap, -- distance between the two; NULL with a reason [0–2]
        CASE WHEN judged.reason IS NULL
            THEN quadrant(judged.text_sentiment, judged.voice_valence)
        END AS quadrant, -- warm, cold or even words, and the same for the voice: warm words in a cold voice may be irony
        judged.reason, -- why there is no gap: too_few_words (below 3) or too_little_voice (below 1 s scored)
        judged.scored_s, -- scored speech under the segment [s]
        segment_trust.trust, -- how far the segment can be trusted [0–1]
        segments.text -- the words
    FROM judged
    JOIN segments USING (clip_id, segment)
    LEFT JOIN segment_trust USING (clip_id, segment)
)
SELECT * FROM final ORDER BY gap DESC NULLS LAST, clip_id, segment, model;
