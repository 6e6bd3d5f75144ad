"""Tests of the measurement of shared sounds."""
