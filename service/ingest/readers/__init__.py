"""Readers: each turns files of one format into rows of text and refuses what it cannot read."""
