-- what: a text in small letters without accents, for searches in which neither case nor accents count
CREATE MACRO unaccented(text) AS strip_accents(lower(text));
