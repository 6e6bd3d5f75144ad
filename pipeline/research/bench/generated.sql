-- what: the stored results of a range of generated clips, one INSERT a table, as a run would have left them
-- grain: that of each table
-- unit: that of each column
-- caution: nobody said any of this; every value is drawn from hashes of the clip's number, so the same seed gives it again

CREATE OR REPLACE TEMP MACRO u(n, what) AS ((hash(n, what, getvariable('seed')) % 1000003) + 0.5) / 1000003.0;
CREATE OR REPLACE TEMP MACRO between_(low, high, n, what) AS low + (high - low) * u(n, what);
CREATE OR REPLACE TEMP MACRO zipf(size, n, what) AS CAST(floor(exp(u(n, what) * ln(size + 1))) AS BIGINT) - 1;

CREATE OR REPLACE TEMP TABLE chosen AS SELECT * FROM drawn WHERE n >= getvariable('low') AND n < getvariable('high') ORDER BY n;
CREATE OR REPLACE TEMP TABLE heard AS SELECT * FROM chosen WHERE fate IN ('speech', 'silent');
CREATE OR REPLACE TEMP TABLE spoken AS
SELECT n, clip_id, segment, 0.5 + segment * 2.8 AS start_s, 3.0 + segment * 2.8 AS end_s, n * 1000 + segment AS m
FROM heard, range(segments) AS numbers(segment)
ORDER BY n, segment;
CREATE OR REPLACE TEMP TABLE said AS
WITH ranked AS (
    SELECT *, m * 10 + k AS w, zipf(getvariable('vocabulary'), m * 10 + k, 'word') AS rank
    FROM spoken, range(getvariable('words')) AS numbers(k)
)
SELECT
    n,
    clip_id,
    segment,
    segment * getvariable('words') + k AS word_index,
    word,
    start_s + k * 0.5 AS start_s,
    start_s + k * 0.5 + 0.2 + least(0.3, 0.04 * length(word)) AS end_s,
    w AS m
FROM ranked
JOIN vocabulary USING (rank)
ORDER BY n, word_index;
CREATE OR REPLACE TEMP TABLE phrases AS
SELECT n, clip_id, segment, string_agg(word, ' ' ORDER BY word_index) AS text, count(*) AS words
FROM said
GROUP BY ALL
ORDER BY n, segment;
CREATE OR REPLACE TEMP TABLE stretches AS
SELECT
    n,
    clip_id,
    region,
    n * 100 + region AS m,
    0.3 + (region * segments // regions) * 2.8 AS start_s,
    0.4 + ((region + 1) * segments // regions) * 2.8 AS end_s,
    CASE
        WHEN region >= getvariable('embedded') THEN 'too_short'
        WHEN u(n * 100 + region, 'gate') < 0.06 THEN 'low_snr'
        WHEN u(n * 100 + region, 'gate') < 0.10 THEN 'music_over_speech'
        WHEN u(n * 100 + region, 'gate') < 0.12 THEN 'too_quiet'
    END AS reason
FROM heard, range(regions) AS numbers(region)
ORDER BY n, region;

INSERT INTO observations BY NAME -- of the download, and of a later look; the source's own counts are there already
SELECT
    clip_id,
    TIMESTAMP '2026-04-01' + to_seconds(n + 604800 * look) AS counted_at,
    'yt_dlp' AS count_source,
    CAST(views * (1.2 + look) AS BIGINT) AS views,
    CAST(views * (1.2 + look) * between_(0.02, 0.1, n, 'likes') AS BIGINT) AS likes,
    CAST(views * between_(0.001, 0.01, n, 'comments') AS BIGINT) AS comments,
    CASE WHEN u(n, 'shares') > 0.2 THEN CAST(views * 0.003 AS BIGINT) END AS shares,
    CASE WHEN u(n, 'saves') > 0.5 THEN CAST(views * 0.005 AS BIGINT) END AS saves
FROM chosen, range(2) AS looks(look)
WHERE fate <> 'lost'
ORDER BY n, look;

INSERT INTO visibility BY NAME
SELECT clip_id, TIMESTAMP '2026-04-08' + to_seconds(n) AS looked_at, 'public' AS state
FROM chosen WHERE fate <> 'lost' ORDER BY n;

INSERT INTO media BY NAME
SELECT
    clip_id,
    sha256(clip_id) AS sha256,
    CAST(between_(400000, 9000000, n, 'size') AS BIGINT) AS size_bytes,
    'media.mp4' AS file_name,
    'h264_540p' AS format_id,
    'TikTok' AS extractor
FROM chosen WHERE fate <> 'lost' ORDER BY n;

INSERT INTO platform_captions BY NAME
SELECT clip_id, language, 'automatic' AS kind, segment AS line, start_s, end_s, text
FROM phrases JOIN spoken USING (n, clip_id, segment) JOIN chosen USING (n, clip_id)
WHERE u(n, 'captions') < 0.1
ORDER BY n, segment;

INSERT INTO audio BY NAME
SELECT
    clip_id,
    'mov,mp4,m4a,3gp,3g2,mj2' AS container,
    'h264' AS video_codec,
    540 AS width,
    960 AS height,
    'aac' AS audio_codec,
    44100 AS source_sample_rate,
    2 AS source_channels,
    duration_s,
    duration_s AS container_duration_s,
    1.0 AS decoded_ratio,
    between_(-30, -9, n, 'loudness') AS loudness_lufs,
    between_(-6, 0.5, n, 'peak') AS true_peak_dbtp,
    CASE WHEN u(n, 'clipped') < 0.1 THEN 0.001 ELSE 0.0 END AS clipping_share,
    1 AS audio_tracks,
    0 AS audio_track,
    CASE WHEN u(n, 'late') < 0.05 THEN 0.4 ELSE 0.0 END AS start_s,
    0.0 AS gap_s,
    0.0 AS damaged_s,
    'mean' AS mix,
    between_(0.2, 1, n, 'correlation') AS channel_correlation
FROM heard ORDER BY n;

INSERT INTO sound_gaps BY NAME
SELECT clip_id, 0 AS gap, 0.0 AS start_s, 0.4 AS end_s, 'late_sound' AS reason
FROM heard WHERE u(n, 'late') < 0.05 ORDER BY n;

INSERT INTO sound_landmarks BY NAME
SELECT
    clip_id,
    -- clips over the same sound have the same 75 landmarks of six seconds
    [
        (4 * beat + hash(coalesce(sound_id, clip_id), beat, 'frame') % 4) * 128
        + hash(coalesce(sound_id, clip_id), beat, 'bin') % 111
        FOR beat IN range(75)
    ] AS landmarks,
    duration_s
FROM heard ORDER BY n;

INSERT INTO vocal_events BY NAME
SELECT
    clip_id,
    0 AS event,
    ['laughter', 'crying', 'sigh', 'scream', 'cheering'][1 + zipf(5, n, 'event')] AS kind,
    0.5 AS start_s,
    1.5 AS end_s,
    between_(0.3, 1, n, 'event score') AS score,
    'yamnet' AS source
FROM heard WHERE u(n, 'event') < 0.1 ORDER BY n;

INSERT INTO evidence BY NAME
SELECT
    clip_id,
    least(duration_s, segments * 2.6) AS speech_s,
    least(duration_s, segments * 2.6) / duration_s AS speech_share,
    u(n, 'music') ** 2 AS music_share,
    CASE WHEN segments > 0 THEN between_(0, 35, n, 'snr') END AS snr_db,
    'yamnet' AS tagger,
    u(n, 'singing') ** 4 AS singing_share
FROM heard ORDER BY n;

INSERT INTO speech_regions BY NAME
SELECT
    clip_id,
    region,
    start_s,
    end_s,
    between_(-40, -12, m, 'level') AS level_dbfs,
    between_(0.5, 1, m, 'speech') AS speech_score,
    u(m, 'music') ** 3 AS music_score,
    u(m, 'singing') ** 5 AS singing_score,
    between_(0.5, 1, m, 'voice') AS speech_probability,
    between_(-5, 35, m, 'snr') AS snr_db,
    0.0 AS clipping_share
FROM stretches ORDER BY n, region;

INSERT INTO sound_tags BY NAME
SELECT
    clip_id,
    ['Speech', 'Music', 'Singing', 'Silence', 'Inside, small room', 'Vehicle', 'Animal', 'Laughter'][tag + 1] AS tag,
    u(n * 8 + tag, 'mean') / (tag + 1) AS mean_score,
    least(1.0, 2 * u(n * 8 + tag, 'mean') / (tag + 1)) AS max_score,
    floor(u(n * 8 + tag, 'at') * duration_s) AS max_at_s
FROM heard, range(8) AS tags(tag)
WHERE tag < 2 OR u(n * 8 + tag, 'tag') < 0.2
ORDER BY n, tag;

INSERT INTO transcripts BY NAME
SELECT
    heard.clip_id,
    string_agg(text, ' ' ORDER BY segment) AS text,
    CASE WHEN count(text) = 0 THEN 'no_speech' END AS reason,
    CASE WHEN count(text) > 0 THEN any_value(language) END AS language,
    CASE WHEN count(text) > 0 THEN between_(0.6, 1, any_value(heard.n), 'language') END AS language_probability,
    'ctranslate2' AS engine,
    'whisper-base' AS model
FROM heard LEFT JOIN phrases ON phrases.n = heard.n
GROUP BY heard.n, heard.clip_id
ORDER BY heard.n;

INSERT INTO segments BY NAME
SELECT
    clip_id,
    segment,
    start_s,
    end_s,
    text,
    between_(-1.1, -0.1, m, 'logprob') AS avg_logprob,
    u(m, 'no_speech') ** 4 AS no_speech_prob,
    between_(0.9, 1.8, m, 'compression') AS compression_ratio,
    0.0 AS temperature
FROM spoken JOIN phrases USING (n, clip_id, segment)
ORDER BY n, segment;

INSERT INTO segment_trust BY NAME
SELECT
    clip_id,
    segment,
    1 - u(m, 'trust') ** 3 AS trust,
    true AS in_text,
    between_(0.6, 1, m, 'overlap') AS speech_overlap,
    between_(0.4, 1, m, 'token') AS token_probability,
    1 - u(m, 'no_speech') ** 4 AS voice_probability,
    1.0 AS incompressible,
    between_(0.7, 1, m, 'variety') AS variety,
    1.0 AS originality,
    between_(0.6, 1, n, 'language') AS language_probability,
    1.0 AS window_fill
FROM spoken ORDER BY n, segment;

INSERT INTO words BY NAME
SELECT
    said.clip_id,
    word_index,
    segment,
    word,
    said.start_s,
    said.end_s,
    round(between_(0.3, 1, said.m, 'probability'), 4) AS probability,
    CASE WHEN (said.start_s + said.end_s) / 2 < stretches.end_s THEN region END AS region
FROM said
ASOF LEFT JOIN stretches ON stretches.n = said.n AND (said.start_s + said.end_s) / 2 >= stretches.start_s
ORDER BY said.n, word_index;

INSERT INTO word_emphasis BY NAME
SELECT
    clip_id,
    word_index,
    segment,
    round(between_(-6, 9, m, 'intensity'), 2) AS intensity_peak_db,
    CASE WHEN u(m, 'voiced') > 0.15 THEN round(between_(-5, 7, m, 'pitch'), 2) END AS f0_peak_semitones,
    round(between_(-2, 2, m, 'length'), 2) AS duration_z,
    round(between_(-2, 2, m, 'emphasis'), 2) AS emphasis,
    row_number() OVER (PARTITION BY n, segment ORDER BY u(m, 'emphasis') DESC) = 1 AS is_strongest,
    CASE WHEN u(m, 'voiced') <= 0.15 THEN 'unvoiced' END AS reason
FROM said ORDER BY n, word_index;

INSERT INTO text_features BY NAME
WITH channels AS (
    SELECT chosen.n, clip_id, 'speech' AS channel, transcripts.language, text, [] AS emoji, 0 AS hashtags
    FROM chosen JOIN transcripts USING (clip_id) WHERE text IS NOT NULL
    UNION ALL
    SELECT n, clip_id, 'caption', language, caption, ['😍'], hashtags FROM heard
)
SELECT
    clip_id,
    channel,
    language,
    len(string_split(text, ' ')) AS word_count,
    length(text) AS character_count,
    emoji,
    hashtags AS hashtag_count,
    0 AS mention_count,
    CASE WHEN language = 'en' THEN round(between_(-0.9, 0.95, n, channel), 4) END AS sentiment,
    CASE WHEN language = 'en' THEN 0.2 END AS sentiment_positive,
    CASE WHEN language = 'en' THEN 0.7 END AS sentiment_neutral,
    CASE WHEN language = 'en' THEN 0.1 END AS sentiment_negative,
    CASE WHEN language <> 'en' THEN 'language_unsupported' END AS sentiment_reason
FROM channels ORDER BY n, channel DESC;

INSERT INTO segment_sentiment BY NAME
SELECT
    clip_id,
    segment,
    words AS word_count,
    CASE WHEN language = 'en' THEN round(between_(-0.9, 0.95, n * 1000 + segment, 'sentiment'), 4) END AS sentiment,
    CASE WHEN language <> 'en' THEN 'language_unsupported' END AS sentiment_reason
FROM phrases JOIN (SELECT n, language FROM heard) USING (n)
ORDER BY n, segment;

INSERT INTO text_embeddings BY NAME -- of one caption in ten: all would take most of the file
SELECT
    clip_id,
    'caption' AS channel,
    0 AS part,
    language,
    len(string_split(caption, ' ')) AS word_count,
    'multilingual-e5-small' AS model,
    [between_(-0.08, 0.08, n * 1000 + place, 'meaning') FOR place IN range(384)] AS embedding,
    between_(-0.8, 0.9, n, 'felt') AS sentiment,
    'e5-sentiment' AS sentiment_model,
    CASE WHEN language = 'en' THEN 'ratings' ELSE 'signs' END AS sentiment_measured
FROM heard WHERE n % 10 = 0 AND caption IS NOT NULL ORDER BY n;

INSERT INTO speech_embeddings BY NAME -- those that are too short; the others come with their numbers
SELECT clip_id, region, getvariable('encoder') AS encoder, 'too_short' AS reason
FROM stretches WHERE region >= getvariable('embedded') ORDER BY n, region;

INSERT INTO emotions BY NAME
WITH weights AS (
    SELECT
        stretches.*,
        model,
        list_transform(labels, lambda label: -ln(u(m, model || label)) * (0.5 + u(n, label))) AS weights,
        labels
    FROM stretches, (VALUES
        ('starter', ['angry', 'happy', 'neutral', 'sad']),
        ('speechbrain-iemocap', ['angry', 'happy', 'neutral', 'sad'])
    ) AS models(model, labels)
),
shares AS (
    SELECT *, list_transform(weights, lambda weight: weight / list_sum(weights)) AS shares FROM weights
),
best AS (
    SELECT *, list_max(shares) AS highest, labels[list_position(shares, list_max(shares))] AS likeliest FROM shares
)
SELECT
    clip_id,
    region,
    model,
    CASE WHEN reason IS NULL THEN likeliest END AS label,
    CASE WHEN reason IS NULL THEN highest END AS probability,
    CASE WHEN reason IS NULL THEN map(labels, shares) END AS probabilities,
    CASE WHEN reason IS NULL AND model = 'starter' THEN
        CASE WHEN highest > 0.6 THEN [likeliest] WHEN highest > 0.4 THEN list_reverse_sort([likeliest, 'neutral']) ELSE [] END
    END AS label_set,
    CASE WHEN reason IS NULL THEN 'scored' ELSE 'no_evidence' END AS status,
    reason
FROM best ORDER BY n, region, model DESC;

INSERT INTO emotion_spans BY NAME
SELECT
    clip_id,
    'speechbrain-timeline' AS model,
    region AS span,
    region,
    start_s,
    end_s,
    CASE WHEN reason IS NULL THEN ['angry', 'happy', 'neutral', 'sad'][1 + zipf(4, m, 'span')] END AS label,
    CASE WHEN reason IS NULL THEN between_(0.3, 1, m, 'span') END AS probability,
    CASE WHEN reason IS NULL THEN 'scored' ELSE 'no_evidence' END AS status,
    reason
FROM stretches ORDER BY n, region;

INSERT INTO acoustics BY NAME
WITH measured AS (
    SELECT *, exp(between_(ln(90), ln(260), n, 'voice')) AS f0, reason IS DISTINCT FROM 'too_short' AS long FROM stretches
)
SELECT
    clip_id,
    region,
    CASE WHEN long THEN f0 * between_(0.9, 1.1, m, 'f0') END AS f0_median_hz,
    CASE WHEN long THEN f0 * 0.8 END AS f0_p10_hz,
    CASE WHEN long THEN f0 * 0.85 END AS f0_p20_hz,
    CASE WHEN long THEN f0 * 1.25 END AS f0_p80_hz,
    CASE WHEN long THEN f0 * 1.4 END AS f0_p90_hz,
    CASE WHEN long THEN between_(1, 6, m, 'sd') END AS f0_sd_semitones,
    CASE WHEN long THEN between_(3, 14, m, 'range') END AS f0_range_semitones,
    CASE WHEN long THEN between_(0.3, 0.9, m, 'voiced') END AS voiced_share,
    between_(55, 80, m, 'intensity') AS intensity_mean_db,
    between_(4, 14, m, 'intensity_sd') AS intensity_sd_db,
    CASE WHEN long THEN between_(0.005, 0.04, m, 'jitter') END AS jitter_local,
    CASE WHEN long THEN between_(0.03, 0.2, m, 'shimmer') END AS shimmer_local,
    CASE WHEN long THEN between_(3, 22, m, 'hnr') END AS hnr_db,
    CASE WHEN long THEN between_(2, 6, m, 'rate') END AS syllable_rate_hz,
    CASE WHEN long THEN between_(3, 7, m, 'rate') END AS articulation_rate_hz,
    CAST(floor(between_(0, 6, m, 'pauses')) AS BIGINT) AS pause_count,
    u(m, 'pause') * 0.4 AS pause_share,
    list_transform(range(12), lambda c: round(between_(-20, 20, m, c), 2)) AS mfcc_mean,
    list_transform(range(12), lambda c: round(between_(1, 12, m, c), 2)) AS mfcc_sd,
    CASE WHEN NOT long THEN 'too_short' END AS reason
FROM measured ORDER BY n, region;

INSERT INTO spectral BY NAME
SELECT
    clip_id,
    region,
    CASE WHEN region < getvariable('embedded') THEN between_(-25, -5, m, 'alpha') END AS alpha_ratio_db,
    CASE WHEN region < getvariable('embedded') THEN between_(10, 35, m, 'hammarberg') END AS hammarberg_db,
    CASE WHEN region < getvariable('embedded') THEN between_(-3, 12, m, 'h1h2') END AS h1_h2_db,
    CASE WHEN region < getvariable('embedded') THEN between_(350, 800, m, 'f1') END AS f1_hz,
    CASE WHEN region < getvariable('embedded') THEN between_(1100, 2200, m, 'f2') END AS f2_hz,
    CASE WHEN region < getvariable('embedded') THEN between_(2300, 3200, m, 'f3') END AS f3_hz,
    CASE WHEN region >= getvariable('embedded') THEN 'too_short' END AS reason
FROM stretches ORDER BY n, region;

INSERT INTO mentions BY NAME
SELECT
    said.clip_id,
    row_number() OVER (PARTITION BY said.n ORDER BY word_index) - 1 AS mention,
    'speech' AS channel,
    word AS label,
    word AS term,
    word AS matched,
    start_s,
    end_s,
    word_index,
    language
FROM said JOIN (SELECT n, language FROM heard) AS spoken_in ON spoken_in.n = said.n
WHERE word IN ('bag', 'person', 'service')
ORDER BY said.n, word_index;
