"""How well shared sounds are found: made songs, what happens to them, and the table of what is found and missed."""
