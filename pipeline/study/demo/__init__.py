"""The demo study: short clips, their posts and the words that are spoken in them."""
