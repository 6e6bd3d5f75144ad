-- what: how the voice sounds around what the lexicon mentions: for each label the share of mentions with each tone
-- grain: one row a label, tone model and tone
-- unit: shares and probabilities 0–1
-- caution: tone of the region that holds the mention and of its neighbours, not of the word; captions have no tone; look at `mentions`
-- parameters: around = 1 (regions before and after); min_trust = 0.75 (0 takes all segments); own_voice_only = 0 (1 leaves borrowed sounds out, see `sound_use`)
WITH spoken AS (
    SELECT mentions.clip_id, mentions.mention, mentions.label, (mentions.start_s + mentions.end_s) / 2 AS middle_s
    FROM mentions
    LEFT JOIN words ON words.clip_id = mentions.clip_id AND words.word_index = mentions.word_index
    LEFT JOIN segment_trust ON segment_trust.clip_id = words.clip_id AND segment_trust.segment = words.segment
    WHERE mentions.channel = 'speech'
        AND is_trusted(segment_trust.trust, $min_trust)
        AND (CAST($own_voice_only AS DOUBLE) = 0 OR mentions.clip_id IN (SELECT clip_id FROM sound_use WHERE own_voice))
),
held AS (
    SELECT spoken.*, speech_regions.region
    FROM spoken
    JOIN speech_regions ON speech_regions.clip_id = spoken.clip_id
        AND spoken.middle_s >= speech_regions.start_s AND spoken.middle_s < speech_regions.end_s
),
near AS (
    SELECT
        held.label,
        held.clip_id,
        held.mention,
        emotions.model,
        unnest(map_keys(emotions.probabilities)) AS tone,
        unnest(map_values(emotions.probabilities)) AS probability,
        speech_regions.end_s - speech_regions.start_s AS length_s
    FROM held
    JOIN speech_regions ON speech_regions.clip_id = held.clip_id
        AND abs(speech_regions.region - held.region) <= CAST($around AS BIGINT)
    JOIN emotions ON emotions.clip_id = speech_regions.clip_id AND emotions.region = speech_regions.region
    WHERE emotions.status = 'scored'
),
heard AS (
    SELECT label, clip_id, mention, model, tone, sum(probability * length_s) / sum(length_s) AS probability
    FROM near
    GROUP BY label, clip_id, mention, model, tone
),
likeliest AS (
    SELECT clip_id, mention, model, arg_min(tone, (-probability, tone)) AS tone
    FROM heard
    GROUP BY clip_id, mention, model
),
winners AS (
    SELECT heard.*, heard.tone = likeliest.tone AS is_tone
    FROM heard
    JOIN likeliest USING (clip_id, mention, model)
),
totals AS (
    SELECT label, count(*) AS mentions FROM spoken GROUP BY label
),
by_tone AS (
    SELECT
        label,
        model,
        tone,
        count(*) FILTER (is_tone) AS mentions_with_tone,
        count(*) AS mentions_scored,
        avg(is_tone::INT) AS share,
        avg(probability) AS mean_probability,
        count(DISTINCT clip_id) AS clips
    FROM winners
    GROUP BY label, model, tone
),
final AS (
    SELECT
        totals.label, -- what the lexicon calls it
        by_tone.model, -- the tone model; NULL if none scored a mention
        by_tone.tone, -- tone label
        by_tone.share, -- share of scored mentions around which this tone is the most probable [0–1]
        by_tone.mean_probability, -- mean probability of this tone around them, regions by length [0–1]
        by_tone.mentions_with_tone, -- mentions with this tone [count]
        by_tone.mentions_scored, -- mentions in speech with a scored region around them: the n behind the share [count]
        totals.mentions, -- all mentions in speech [count]
        by_tone.clips -- clips of the scored mentions [count]
    FROM totals
    LEFT JOIN by_tone USING (label)
)
SELECT * FROM final ORDER BY label, model, tone;
