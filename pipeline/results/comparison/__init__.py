"""Differences between groups of clips: what a study may say of tone without labels."""
