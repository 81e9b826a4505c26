"""How many facts a number of layers holds: what `depth` tries."""
