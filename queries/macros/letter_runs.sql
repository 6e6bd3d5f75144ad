-- what: the runs of letters, marks and digits of a text in any script, as a list
-- caution: an apostrophe parts two runs; scripts without spaces are cut at punctuation alone
CREATE MACRO letter_runs(text) AS regexp_extract_all(text, '[\p{L}\p{M}\p{N}]+');
