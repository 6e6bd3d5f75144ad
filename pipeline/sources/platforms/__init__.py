"""Fetching posts: which URLs are allowed, whether a file is the post's complete media, and why a fetch failed."""
