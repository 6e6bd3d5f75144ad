"""Benchmarks: the time and memory that cliptone needs."""
