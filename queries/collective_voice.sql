-- what: when many voices are heard together in a clip: chants, calls that come back, cheering, several voices at once, beside what the tagger hears of a crowd
-- grain: one row a clip with at least one such moment or a crowd's tag
-- unit: times in s, shares and scores 0–1
-- caution: a song's refrain and one loud caller look like a chant; the tagger's scores are of the whole clip; nothing counts people: listen
WITH moments AS (
    SELECT clip_id, 'chant' AS kind, start_s, end_s, phrase FROM chants
    UNION ALL
    SELECT clip_id, kind, start_s, end_s, NULL AS phrase FROM vocal_events WHERE kind IN ('cheering', 'scream')
    UNION ALL
    SELECT speech_regions.clip_id, 'several_voices' AS kind, speech_regions.start_s, speech_regions.end_s, NULL AS phrase
    FROM speech_regions
    JOIN speech_embeddings USING (clip_id, region)
    -- music sounds like several voices to the detector
    WHERE speech_embeddings.overlap_probability >= 0.5
        AND coalesce(greatest(speech_regions.music_score, speech_regions.singing_score), 0) < 0.2
),
-- moments that overlap are one stretch
begun AS (
    SELECT
        *,
        start_s > coalesce(max(end_s) OVER (
            PARTITION BY clip_id ORDER BY start_s, end_s, kind ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), -1) AS is_new
    FROM moments
),
numbered AS (
    SELECT
        *,
        count(*) FILTER (is_new) OVER (
            PARTITION BY clip_id ORDER BY start_s, end_s, kind ROWS UNBOUNDED PRECEDING
        ) AS stretch
    FROM begun
),
stretches AS (
    SELECT clip_id, stretch, min(start_s) AS start_s, max(end_s) AS end_s FROM numbered GROUP BY clip_id, stretch
),
together AS (
    SELECT
        clip_id,
        sum(end_s - start_s) AS together_s,
        list(start_s ORDER BY start_s) AS starts_s,
        list(end_s ORDER BY start_s) AS ends_s
    FROM stretches
    GROUP BY clip_id
),
kinds AS (
    SELECT
        clip_id,
        list_sort(list(DISTINCT kind)) AS kinds,
        list(phrase ORDER BY start_s, phrase) FILTER (phrase IS NOT NULL) AS phrases
    FROM moments
    GROUP BY clip_id
),
tags AS (
    SELECT
        clip_id,
        max(max_score) FILTER (tag IN ('Chant', 'Choir', 'Crowd', 'Hubbub, speech noise, speech babble')) AS crowd_score,
        max(max_score) FILTER (tag IN ('Cheering', 'Applause', 'Clapping')) AS applause_score,
        max(max_score) FILTER (tag IN ('Shout', 'Yell', 'Screaming', 'Children shouting', 'Battle cry')) AS shout_score,
        arg_max(max_at_s, max_score) AS tag_at_s
    FROM sound_tags
    WHERE tag IN (
        'Chant', 'Choir', 'Crowd', 'Hubbub, speech noise, speech babble', 'Cheering', 'Applause', 'Clapping', 'Shout',
        'Yell', 'Screaming', 'Children shouting', 'Battle cry'
    )
    GROUP BY clip_id
    HAVING max(max_score) >= 0.2
),
final AS (
    SELECT
        clip_id, -- the clip
        coalesce(together.together_s, 0) AS together_s, -- time inside such moments, counted once where they overlap [s]
        coalesce(together.together_s, 0) / nullif(audio.duration_s, 0) AS together_share, -- the same over the clip's length [0–1]
        kinds.kinds, -- what was heard: chant, cheering, scream, several_voices; NULL where the tagger alone hears a crowd
        together.starts_s, -- where each stretch begins: the seconds to jump to [s]
        together.ends_s, -- where each ends [s]
        kinds.phrases, -- the words that come back, where they are trusted
        tags.crowd_score, -- highest score of chant, choir, crowd and babble [0–1]
        tags.applause_score, -- of cheering, applause and clapping [0–1]
        tags.shout_score, -- of shouting, yelling and screaming [0–1]
        tags.tag_at_s -- when the tagger is surest of any of them [s]
    FROM audio
    LEFT JOIN together USING (clip_id)
    LEFT JOIN kinds USING (clip_id)
    LEFT JOIN tags USING (clip_id)
    WHERE together.clip_id IS NOT NULL OR tags.clip_id IS NOT NULL
)
SELECT * FROM final ORDER BY together_share DESC, clip_id;
