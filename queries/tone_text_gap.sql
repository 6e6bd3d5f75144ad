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
        voices.clip_id,
        voices.model,
        voices.tone,
        voices.tone_probability,
        voices.voice_valence,
        words.text_sentiment,
        abs(voices.voice_valence - words.text_sentiment) AS gap,
        -- VADER's own borders of neutral for words; for voices, a fifth of the scale
        CASE WHEN words.text_sentiment >= 0.05 THEN 'warm' WHEN words.text_sentiment <= -0.05 THEN 'cold' ELSE 'even' END
        || ' words, '
        || CASE WHEN voices.voice_valence >= 0.2 THEN 'warm' WHEN voices.voice_valence <= -0.2 THEN 'cold' ELSE 'even' END
        || ' voice' AS quadrant,
        words.speech_text
    FROM voices
    JOIN words USING (clip_id)
)
SELECT * FROM final ORDER BY gap DESC, clip_id, model;
