-- what: a text in small letters, its accents written in one way (NFC), for comparisons in which case does not count
CREATE MACRO lowered(text) AS lower(nfc_normalize(text));
