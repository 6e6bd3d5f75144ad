"""Results that leave a study: at a named level, with a manifest, a codebook, and a scan for what must not leave."""
