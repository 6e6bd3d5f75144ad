"""Bringing posts here: which addresses may be asked, what an answer proves, and why a post is lost."""
