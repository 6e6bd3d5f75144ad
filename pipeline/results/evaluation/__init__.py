"""How good models are: on human labels of a study, on labelled corpora, and against true transcripts."""
