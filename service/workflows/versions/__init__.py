"""Versions: memories are trained, edited, loaded, gated, published, rolled back, scrubbed and given up."""
