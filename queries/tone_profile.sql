-- what: how the tone of a clip moves: first 3 s (hook), body, last 3 s (close), slope, strongest moment, peak of arousal
-- grain: one row a clip, model and tone label, for clips whose tone is known
-- unit: probabilities 0–1, times in s, slope in probability per second
-- caution: parts without scored speech are NULL; under 6 s hook and close overlap; look at `regions` before a slope
WITH lengths AS (
    SELECT clip_id, duration_s FROM audio
),
placed AS (
    SELECT
        clip_id,
        region,
        start_s,
        (start_s + end_s) / 2 AS middle_s,
        greatest(0, least(end_s, 3) - start_s) AS hook_s,
        greatest(0, least(end_s, duration_s - 3) - greatest(start_s, 3)) AS body_s,
        greatest(0, end_s - greatest(start_s, duration_s - 3)) AS close_s
    FROM speech_regions
    JOIN lengths USING (clip_id)
),
known AS (
    SELECT DISTINCT clip_id, model FROM clip_probabilities
),
parts AS (
    SELECT
        placed.*,
        emotions.model,
        unnest(map_keys(emotions.probabilities)) AS tone,
        unnest(map_values(emotions.probabilities)) AS probability
    FROM emotions
    JOIN placed USING (clip_id, region)
    SEMI JOIN known USING (clip_id, model)
    WHERE emotions.status = 'scored'
),
profile AS (
    SELECT
        clip_id,
        model,
        tone,
        sum(probability * hook_s) / nullif(sum(hook_s), 0) AS hook_probability,
        sum(probability * body_s) / nullif(sum(body_s), 0) AS body_probability,
        sum(probability * close_s) / nullif(sum(close_s), 0) AS close_probability,
        sum(hook_s) AS hook_s,
        sum(body_s) AS body_s,
        sum(close_s) AS close_s,
        CASE WHEN max(middle_s) > min(middle_s) THEN regr_slope(probability, middle_s) END AS slope_per_s,
        max(probability) AS peak_probability,
        arg_min(start_s, (-probability, start_s)) AS peak_at_s,
        count(*) AS regions
    FROM parts
    GROUP BY clip_id, model, tone
),
strongest AS (
    SELECT
        clip_id,
        model,
        arg_min(tone, (-peak_probability, tone)) AS strongest_tone,
        arg_min(peak_at_s, (-peak_probability, tone)) AS strongest_at_s
    FROM profile
    WHERE tone <> 'neutral'
    GROUP BY clip_id, model
),
-- by rule, so that every clip with a voice has it, whatever its tone models give
excited AS (
    SELECT
        clip_id,
        arg_min(start_s, (-arousal_rank, start_s)) AS peak_arousal_at_s,
        max(arousal_rank) AS peak_arousal_rank
    FROM arousal
    WHERE arousal_rank IS NOT NULL
    GROUP BY clip_id
),
final AS (
    SELECT
        profile.clip_id, -- the clip
        profile.model, -- the tone model
        profile.tone, -- tone label
        profile.hook_probability, -- mean probability in the first 3 s, by length; NULL without scored speech [0–1]
        profile.body_probability, -- mean probability between hook and close, by length [0–1]
        profile.close_probability, -- mean probability in the last 3 s, by length [0–1]
        profile.hook_s, -- scored speech in the first 3 s [s]
        profile.body_s, -- scored speech between hook and close [s]
        profile.close_s, -- scored speech in the last 3 s [s]
        profile.slope_per_s, -- least-squares slope of the probability over the middles of the regions [1/s]
        profile.peak_probability, -- highest probability of this tone in a region [0–1]
        profile.peak_at_s, -- start of that region: the second to jump to [s]
        strongest.strongest_tone, -- the tone other than neutral with the highest probability in any region of the clip
        strongest.strongest_at_s, -- start of that region [s]
        excited.peak_arousal_at_s, -- start of the region with the highest rank in `arousal`; NULL without one [s]
        excited.peak_arousal_rank, -- that rank within the study [0–1]
        profile.regions -- scored regions of the clip [count]
    FROM profile
    LEFT JOIN strongest USING (clip_id, model)
    LEFT JOIN excited USING (clip_id)
)
SELECT * FROM final ORDER BY clip_id, model, tone;
