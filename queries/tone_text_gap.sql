-- what: clips where the voice and the words point different ways: candidates to listen to, for irony among other things
-- grain: one row a clip and model with both a tone and an English sentiment
-- unit: voice valence -1–1 (happy minus angry and sad), text sentiment -1–1 (VADER), gap 0–2
-- caution: only pleasantness is comparable between the two; a gap is a reason to listen, not a finding
WITH voices AS (
    SELECT
        clip_id,
        model,
        tone,
        tone_probability,
        coalesce(probabilities['happy'], 0) - coalesce(probabilities['angry'], 0)
        - coalesce(probabilities['sad'], 0) AS voice_valence
    FROM clip_tone
    WHERE tone IS NOT NULL AND probabilities['happy'] IS NOT NULL
),
words AS (
    SELECT clip_id, speech_text, speech_sentiment AS text_sentiment
    FROM clip_text
    WHERE speech_sentiment IS NOT NULL
),
final AS (
    SELECT
        voices.clip_id, -- the clip
        voices.model, -- the tone model
        voices.tone, -- perceived tone of the clip
        voices.tone_probability, -- mean probability of `tone` [0–1]
        voices.voice_valence, -- probability of happy less those of angry and sad [-1–1]
        words.text_sentiment, -- VADER compound score of the speech [-1–1]
        abs(voices.voice_valence - words.text_sentiment) AS gap, -- distance between the two [0–2]
        -- VADER's own borders of neutral for words; for voices, a fifth of the scale
        CASE WHEN words.text_sentiment >= 0.05 THEN 'warm' WHEN words.text_sentiment <= -0.05 THEN 'cold' ELSE 'even' END
        || ' words, '
        || CASE WHEN voices.voice_valence >= 0.2 THEN 'warm' WHEN voices.voice_valence <= -0.2 THEN 'cold' ELSE 'even' END
        || ' voice' AS quadrant, -- warm, cold or even words, and the same for the voice
        words.speech_text -- what was said
    FROM voices
    JOIN words USING (clip_id)
)
SELECT * FROM final ORDER BY gap DESC, clip_id, model;
