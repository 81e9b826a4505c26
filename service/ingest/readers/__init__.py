"""Readers: each turns the bytes of one file format into rows of text, or refuses what it cannot read."""
