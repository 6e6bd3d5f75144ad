"""People check the machine: a sample to hear, a page for each coder, their answers, and what these say of models."""
