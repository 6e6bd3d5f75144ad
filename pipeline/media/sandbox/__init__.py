"""The sandbox in which untrusted media is parsed: one process a file, with limited memory and time and no network."""
