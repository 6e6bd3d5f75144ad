"""Which clips share a recorded sound: spectral peaks of each clip, and matches between their constellations."""
