-- what: warm, cold or even words in a warm, cold or even voice, as one phrase
-- unit: both values -1–1
-- caution: the borders of neutral are VADER's own for words; for voices, a fifth of the scale
CREATE MACRO quadrant(text_sentiment, voice_valence) AS
    CASE WHEN text_sentiment >= 0.05 THEN 'warm' WHEN text_sentiment <= -0.05 THEN 'cold' ELSE 'even' END
    || ' words, '
    || CASE WHEN voice_valence >= 0.2 THEN 'warm' WHEN voice_valence <= -0.2 THEN 'cold' ELSE 'even' END
    || ' voice';
