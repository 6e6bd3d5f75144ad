"""Whether several voices speak at once in a speech region, by a linear head over its stored embedding."""
