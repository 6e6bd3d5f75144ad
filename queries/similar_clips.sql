-- what: clips that are like a given one, in how they sound or in what they say: cosine between the means of their vectors
-- grain: one row a clip and encoder, without the given clip
-- unit: cosine similarity -1–1, regions (of words: segments) as a count
-- caution: compare ranks, not values: all speech is alike to an encoder; by voice it can be the voice, the room or the words
-- parameters: clip = a clip_id, as clip_overview shows it, or the name of its file; by = voice|words (words: what is said and written means much the same, in any language); limit = 10 (clips at most, for each encoder)
WITH embedded AS NOT MATERIALIZED (
    SELECT clip_id, region, encoder, embedding
    FROM speech_embeddings
    WHERE embedding IS NOT NULL AND $by = 'voice'
    UNION ALL
    SELECT clip_id, CASE channel WHEN 'caption' THEN -1 ELSE part END AS region, model AS encoder, embedding
    FROM text_embeddings
    WHERE embedding IS NOT NULL AND $by = 'words'
),
-- The dot product of two means is the mean of the dot products: no mean vector has to be made.
products AS (
    SELECT other.clip_id, other.encoder, avg(list_dot_product(given.embedding, other.embedding)) AS product
    FROM embedded AS given
    JOIN embedded AS other ON other.encoder = given.encoder
    WHERE given.clip_id = $clip
    GROUP BY other.clip_id, other.encoder
),
squares AS (
    SELECT clip_id, encoder, count(*) AS regions, sum(list_dot_product(embedding, embedding)) AS total
    FROM embedded
    GROUP BY clip_id, encoder
),
-- each pair of regions stands for two
pairs AS (
    SELECT one.clip_id, one.encoder, 2 * sum(list_dot_product(one.embedding, two.embedding)) AS total
    FROM embedded AS one
    JOIN embedded AS two ON two.clip_id = one.clip_id AND two.encoder = one.encoder AND two.region > one.region
    GROUP BY one.clip_id, one.encoder
),
norms AS (
    SELECT
        squares.clip_id,
        squares.encoder,
        squares.regions,
        sqrt(squares.total + coalesce(pairs.total, 0)) / squares.regions AS norm
    FROM squares
    LEFT JOIN pairs USING (clip_id, encoder)
),
ranked AS (
    SELECT
        products.clip_id,
        products.encoder,
        greatest(-1, least(1, products.product / nullif(own.norm * given.norm, 0))) AS similarity,
        own.regions,
        row_number() OVER (PARTITION BY products.encoder ORDER BY similarity DESC NULLS LAST, products.clip_id) AS rank
    FROM products
    JOIN norms AS own ON own.clip_id = products.clip_id AND own.encoder = products.encoder
    JOIN norms AS given ON given.clip_id = $clip AND given.encoder = products.encoder
    WHERE products.clip_id <> $clip
),
final AS (
    SELECT
        ranked.rank,
        ranked.clip_id,
        ranked.similarity,
        ranked.regions,
        ranked.encoder,
        transcripts.text,
        media.file_name
    FROM ranked
    LEFT JOIN transcripts USING (clip_id)
    LEFT JOIN media USING (clip_id)
    WHERE ranked.rank <= CAST($limit AS BIGINT)
)
SELECT * FROM final ORDER BY encoder, rank;
