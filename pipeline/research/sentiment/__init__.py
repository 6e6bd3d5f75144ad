"""The sentiment head on multilingual E5: its ratings, its training, and what it is worth in each language."""
