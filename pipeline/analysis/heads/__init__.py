"""Linear heads over stored speech embeddings: the starter, the detector of several voices, and a study's own."""
