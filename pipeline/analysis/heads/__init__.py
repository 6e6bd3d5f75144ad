"""Tone models of a researcher's own: linear heads over stored speech embeddings, trained on labels."""
