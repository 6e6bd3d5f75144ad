"""Exports of a study's results: at a named level, with a manifest and a codebook, checked by a leak scanner."""
