-- what: whether a segment's trust reaches the least trust that is asked for
-- caution: what was transcribed long ago has no trust, and is taken
CREATE MACRO is_trusted(trust, least) AS coalesce(trust >= CAST(least AS DOUBLE), true);
