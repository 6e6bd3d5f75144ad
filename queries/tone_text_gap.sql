-- what: clips where the voice and the words point different ways: candidates to listen to, for irony among other things
-- grain: one row a clip and model with both a pleasantness of the voice and an English sentiment
-- unit: voice valence -1–1, text sentiment -1–1 (VADER), gap 0–2
-- caution: of tone, only valence is comparable between voice and words (Lindevelt et al. 2026), arousal and dominance hardly; `valence_of` and `quadrant` say how; a gap is a reason to listen, not a finding
WITH voices AS (
    SELECT
        clip_id,
        model,
        'labels' AS valence_from,
        tone,
        tone_probability,
        valence_of(probabilities) AS voice_valence,
        scored_s
    FROM clip_tone_status
    WHERE voice_valence IS NOT NULL
    UNION ALL
    SELECT clip_id, model, 'dimension', NULL, NULL, 2 * valence - 1, scored_s
    FROM dimensions
    WHERE valence IS NOT NULL AND model <> 'rule' -- the rule gives arousal alone
),
words AS (
    SELECT
        clip_id,
        transcripts.text AS speech_text,
        text_features.word_count AS speech_words,
        text_features.sentiment AS text_sentiment
    FROM text_features
    JOIN transcripts USING (clip_id)
    WHERE text_features.channel = 'speech' AND text_features.sentiment IS NOT NULL
),
-- a word or two, or a second of voice, say nothing of a whole clip
judged AS (
    SELECT
        voices.*,
        words.speech_text,
        words.speech_words,
        words.text_sentiment,
        CASE
            WHEN coalesce(words.speech_words, 0) < 5 THEN 'too_few_words'
            WHEN voices.scored_s < 2 THEN 'too_little_voice'
        END AS reason
    FROM voices
    JOIN words USING (clip_id)
),
-- how far each lies from what is usual in this study, by the same model
usual AS (
    SELECT
        model,
        count(*) AS clips,
        avg(voice_valence) AS voice_mean,
        stddev_samp(voice_valence) AS voice_sd,
        avg(text_sentiment) AS text_mean,
        stddev_samp(text_sentiment) AS text_sd
    FROM judged
    WHERE reason IS NULL
    GROUP BY model
    HAVING count(*) >= 5
),
final AS (
    SELECT
        judged.clip_id, -- the clip
        judged.model, -- the tone model
        judged.valence_from, -- labels: happy less angry and sad; dimension: the model's own valence
        judged.tone, -- perceived tone of the clip; NULL for a model of dimensions
        judged.tone_probability, -- mean probability of `tone` [0–1]
        judged.voice_valence, -- probability of happy less those of angry and sad, or the model's valence [-1–1]
        judged.text_sentiment, -- VADER compound score of the speech [-1–1]
        CASE WHEN judged.reason IS NULL
            THEN abs(judged.voice_valence - judged.text_sentiment)
        END AS gap, -- distance between the two; NULL with a reason [0–2]
        CASE WHEN judged.reason IS NULL
            THEN (judged.text_sentiment - usual.text_mean) / nullif(usual.text_sd, 0)
            - (judged.voice_valence - usual.voice_mean) / nullif(usual.voice_sd, 0)
        END AS gap_z, -- words less voice, each standardised over the study; NULL below 5 clips [sd]
        CASE WHEN judged.reason IS NULL
            THEN quadrant(judged.text_sentiment, judged.voice_valence)
        END AS quadrant, -- warm, cold or even words, and the same for the voice: warm words in a cold voice may be irony
        judged.reason, -- why there is no gap: too_few_words (below 5) or too_little_voice (below 2 s scored)
        judged.speech_words, -- words said [count]
        judged.scored_s, -- length of the scored speech regions [s]
        judged.speech_text -- what was said
    FROM judged
    LEFT JOIN usual USING (model)
)
SELECT * FROM final ORDER BY gap DESC NULLS LAST, clip_id, model;
