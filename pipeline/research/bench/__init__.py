"""What cliptone costs, measured."""
