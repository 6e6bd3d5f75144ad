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
rateable AS (
    SELECT clip_id, region, author_key, pitch, intensity, hf500
    FROM measured
    WHERE reason IS NULL
    QUALIFY count(*) OVER () >= 5
),
-- a region takes its place below the middle of its equals; the windows of one feature share their order
of_study AS (
    SELECT
        *,
        count(*) OVER () AS study_n,
        2 * rank() OVER pitches - 2 + count(*) OVER equal_pitches AS study_pitch,
        2 * rank() OVER intensities - 2 + count(*) OVER equal_intensities AS study_intensity,
        2 * rank() OVER hf500s - 2 + count(*) OVER equal_hf500s AS study_hf500
    FROM rateable
    WINDOW
        pitches AS (ORDER BY pitch),
        intensities AS (ORDER BY intensity),
        hf500s AS (ORDER BY hf500),
        equal_pitches AS (ORDER BY pitch RANGE BETWEEN CURRENT ROW AND CURRENT ROW),
        equal_intensities AS (ORDER BY intensity RANGE BETWEEN CURRENT ROW AND CURRENT ROW),
        equal_hf500s AS (ORDER BY hf500 RANGE BETWEEN CURRENT ROW AND CURRENT ROW)
),
of_author AS (
    SELECT
        *,
        count(*) OVER (PARTITION BY author_key) AS author_n,
        2 * rank() OVER pitches - 2 + count(*) OVER equal_pitches AS author_pitch,
        2 * rank() OVER intensities - 2 + count(*) OVER equal_intensities AS author_intensity,
        2 * rank() OVER hf500s - 2 + count(*) OVER equal_hf500s AS author_hf500,
        author_key IS NOT NULL AND author_n >= 5 AS by_author
    FROM of_study
    WINDOW
        pitches AS (PARTITION BY author_key ORDER BY pitch),
        intensities AS (PARTITION BY author_key ORDER BY intensity),
        hf500s AS (PARTITION BY author_key ORDER BY hf500),
        equal_pitches AS (PARTITION BY author_key ORDER BY pitch RANGE BETWEEN CURRENT ROW AND CURRENT ROW),
        equal_intensities AS (PARTITION BY author_key ORDER BY intensity RANGE BETWEEN CURRENT ROW AND CURRENT ROW),
        equal_hf500s AS (PARTITION BY author_key ORDER BY hf500 RANGE BETWEEN CURRENT ROW AND CURRENT ROW)
),
-- the baseline is the author's own speech from 5 regions on, else that of the study; the score is the share of it that
-- lies below less the share above: the paper's 2 E[baseline < x] - 1, with ties as halves
scored AS (
    SELECT
        clip_id,
        region,
        by_author,
        CASE WHEN by_author THEN author_n ELSE study_n END AS baseline_regions,
        (CASE WHEN by_author THEN author_pitch ELSE study_pitch END - baseline_regions) / (baseline_regions - 1)
            AS pitch_score,
        (CASE WHEN by_author THEN author_intensity ELSE study_intensity END - baseline_regions) / (baseline_regions - 1)
            AS intensity_score,
        (CASE WHEN by_author THEN author_hf500 ELSE study_hf500 END - baseline_regions) / (baseline_regions - 1)
            AS hf500_score,
        round((pitch_score + intensity_score + hf500_score) / 3, 9) AS mean_score
    FROM of_author
),
-- Spearman's correlation is Pearson's of ranks, those of equals averaged
ranked AS (
    SELECT
        2 * rank() OVER pitches + count(*) OVER equal_pitches AS pitch_rank,
        2 * rank() OVER intensities + count(*) OVER equal_intensities AS intensity_rank,
        2 * rank() OVER hf500s + count(*) OVER equal_hf500s AS hf500_rank,
        2 * rank() OVER means + count(*) OVER equal_means AS mean_rank
    FROM scored
    WINDOW
        pitches AS (ORDER BY pitch_score),
        intensities AS (ORDER BY intensity_score),
        hf500s AS (ORDER BY hf500_score),
        means AS (ORDER BY mean_score),
        equal_pitches AS (ORDER BY pitch_score RANGE BETWEEN CURRENT ROW AND CURRENT ROW),
        equal_intensities AS (ORDER BY intensity_score RANGE BETWEEN CURRENT ROW AND CURRENT ROW),
        equal_hf500s AS (ORDER BY hf500_score RANGE BETWEEN CURRENT ROW AND CURRENT ROW),
        equal_means AS (ORDER BY mean_score RANGE BETWEEN CURRENT ROW AND CURRENT ROW)
),
correlated AS (
    SELECT
        CASE WHEN max(pitch_rank) > min(pitch_rank) THEN corr(pitch_rank, mean_rank) END AS pitch,
        CASE WHEN max(intensity_rank) > min(intensity_rank) THEN corr(intensity_rank, mean_rank) END AS intensity,
        CASE WHEN max(hf500_rank) > min(hf500_rank) THEN corr(hf500_rank, mean_rank) END AS hf500,
        max(mean_rank) > min(mean_rank) AS is_spread
    FROM ranked
),
-- a feature weighs as much as it agrees with the mean of all three; one that runs against it weighs nothing
weights AS (
    SELECT
        CASE WHEN is_spread THEN greatest(round(coalesce(pitch, 0), 9), 0) ELSE 0 END AS pitch,
        CASE WHEN is_spread THEN greatest(round(coalesce(intensity, 0), 9), 0) ELSE 0 END AS intensity,
        CASE WHEN is_spread THEN greatest(round(coalesce(hf500, 0), 9), 0) ELSE 0 END AS hf500
    FROM correlated
),
rated AS (
    SELECT
        scored.*,
        round(
            (weights.pitch * pitch_score + weights.intensity * intensity_score + weights.hf500 * hf500_score)
            / nullif(weights.pitch + weights.intensity + weights.hf500, 0), 9
        ) AS rating, -- rounded, so that it is the same each time
        CASE WHEN by_author THEN 'author' ELSE 'study' END AS baseline
    FROM scored
    CROSS JOIN weights
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
