"""What is heard in a waveform besides words: voice activity, sound tags, and Praat's measurements."""
