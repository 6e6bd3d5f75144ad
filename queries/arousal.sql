-- what: how excited each speech region sounds by rule, without a model: from pitch, intensity and spectral balance
-- grain: one row a speech region that was measured
-- unit: rank 0–1 within this study, rating and scores -1–1, times in s
-- caution: a rank among these regions only, never between studies; intensity also tells of the microphone; Bone, Lee and Narayanan (2014), IEEE Trans. Affective Computing 5(2): 201-213, whose baseline is neutral speech of the same person
WITH thin AS ( -- what no tone model could score is not rated either
    SELECT clip_id, region, min(reason) AS reason
    FROM emotions
    GROUP BY clip_id, region
    HAVING bool_and(status <> 'scored')
),
measured AS (
    SELECT
        acoustics.clip_id,
        acoustics.region,
        speech_regions.start_s,
        speech_regions.end_s,
        clips.author_key,
        ln(acoustics.f0_median_hz) AS pitch,
        acoustics.intensity_p50_db AS intensity,
        acoustics.hf500_db AS hf500,
        CASE
            WHEN thin.reason IS NOT NULL THEN thin.reason
            WHEN acoustics.reason IS NOT NULL THEN acoustics.reason
            WHEN pitch IS NULL OR intensity IS NULL OR hf500 IS NULL THEN 'not_measured'
        END AS reason
    FROM acoustics
    JOIN speech_regions USING (clip_id, region)
    LEFT JOIN clips USING (clip_id)
    LEFT JOIN thin USING (clip_id, region)
),
features AS (
    SELECT
        clip_id,
        region,
        author_key,
        unnest(['pitch', 'intensity', 'hf500']) AS feature,
        unnest([pitch, intensity, hf500]) AS value
    FROM measured
    WHERE reason IS NULL
),
-- the baseline is the author's own speech from 5 regions on, else that of the study
placed AS (
    SELECT
        *,
        count(*) OVER (PARTITION BY feature) AS study_n,
        rank() OVER (PARTITION BY feature ORDER BY value) - 1 AS study_lower,
        count(*) OVER (PARTITION BY feature, value) AS study_equal,
        count(*) OVER (PARTITION BY feature, author_key) AS author_n,
        rank() OVER (PARTITION BY feature, author_key ORDER BY value) - 1 AS author_lower,
        count(*) OVER (PARTITION BY feature, author_key, value) AS author_equal,
        author_key IS NOT NULL AND author_n >= 5 AS by_author
    FROM features
),
-- the share of the baseline that lies below less the share above: the paper's 2 E[baseline < x] - 1, with ties as halves
scored AS (
    SELECT
        clip_id,
        region,
        feature,
        by_author,
        CASE WHEN by_author THEN author_n ELSE study_n END AS baseline_regions,
        CASE
            WHEN by_author THEN (2 * author_lower + author_equal - author_n) / (author_n - 1)
            ELSE (2 * study_lower + study_equal - study_n) / (study_n - 1)
        END AS score
    FROM placed
    WHERE study_n >= 5
),
averaged AS (
    SELECT *, round(avg(score) OVER (PARTITION BY clip_id, region), 9) AS mean_score FROM scored
),
-- Spearman's correlation is Pearson's of ranks, those of equals averaged
ranked AS (
    SELECT
        *,
        rank() OVER (PARTITION BY feature ORDER BY score)
        + count(*) OVER (PARTITION BY feature, score) / 2 AS score_rank,
        rank() OVER (PARTITION BY feature ORDER BY mean_score)
        + count(*) OVER (PARTITION BY feature, mean_score) / 2 AS mean_rank
    FROM averaged
),
-- a feature weighs as much as it agrees with the mean of all three; one that runs against it weighs nothing
weights AS (
    SELECT
        feature,
        CASE WHEN max(score_rank) > min(score_rank) AND max(mean_rank) > min(mean_rank)
            THEN greatest(round(corr(score_rank, mean_rank), 9), 0) ELSE 0
        END AS weight
    FROM ranked
    GROUP BY feature
),
rated AS (
    SELECT
        clip_id,
        region,
        round(sum(weight * score) / nullif(sum(weight), 0), 9) AS rating, -- rounded, so that it is the same each time
        max(score) FILTER (feature = 'pitch') AS pitch_score,
        max(score) FILTER (feature = 'intensity') AS intensity_score,
        max(score) FILTER (feature = 'hf500') AS hf500_score,
        CASE WHEN bool_or(by_author) THEN 'author' ELSE 'study' END AS baseline,
        max(baseline_regions) AS baseline_regions
    FROM scored
    JOIN weights USING (feature)
    GROUP BY clip_id, region
),
places AS (
    SELECT
        clip_id,
        region,
        percent_rank() OVER (ORDER BY rating) AS arousal_rank,
        count(*) OVER () AS regions
    FROM rated
    WHERE rating IS NOT NULL
),
final AS (
    SELECT
        measured.clip_id, -- the clip
        measured.region, -- the speech region
        measured.start_s, -- start in the clip [s]
        measured.end_s, -- end in the clip [s]
        places.arousal_rank, -- share of the study's other rated regions that have a lower rating; NULL with a reason [0–1]
        rated.rating AS arousal_rating, -- the three scores by their weights; NULL with a reason [-1–1]
        rated.pitch_score, -- median log pitch against the baseline: -1 lowest, 1 highest [-1–1]
        rated.intensity_score, -- median intensity against the baseline [-1–1]
        rated.hf500_score, -- energy above 500 Hz over that of 80 to 500 Hz, against the baseline [-1–1]
        rated.baseline, -- author from 5 regions of the author on, else study
        rated.baseline_regions, -- regions in that baseline [count]
        places.regions, -- rated regions behind the rank [count]
        CASE
            WHEN measured.reason IS NOT NULL THEN measured.reason
            WHEN rated.clip_id IS NULL THEN 'too_few_regions'
            WHEN places.arousal_rank IS NULL THEN 'no_spread'
        END AS reason -- why there is no rank
    FROM measured
    LEFT JOIN rated USING (clip_id, region)
    LEFT JOIN places USING (clip_id, region)
)
SELECT * FROM final ORDER BY clip_id, region;
