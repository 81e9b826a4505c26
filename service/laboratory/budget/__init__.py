"""Budget: what a memory of the whole table will cost, measured on parts of it and extrapolated."""
