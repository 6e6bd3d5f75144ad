-- what: how pleasant a voice sounds, from the probabilities of its tones: happy less angry and sad; NULL without happy
-- unit: -1–1
CREATE MACRO valence_of(probabilities) AS
    probabilities['happy'] - coalesce(probabilities['angry'], 0) - coalesce(probabilities['sad'], 0);
