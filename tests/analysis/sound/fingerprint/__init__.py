"""Tests of sounds that clips share."""
