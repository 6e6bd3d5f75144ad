"""How good models are: against human labels of a study, on labelled corpora, and against true words."""
