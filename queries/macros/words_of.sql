-- what: the words of a text in small letters, as a list: runs of letters, marks and digits, held together by apostrophes
-- caution: a hyphen parts two words, so that cold-hearted is found however it was written
CREATE MACRO words_of(text) AS
    regexp_extract_all(replace(lowered(text), '’', ''''), '[\p{L}\p{M}\p{N}]+(?:''[\p{L}\p{M}\p{N}]+)*');
