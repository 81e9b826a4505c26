"""Recalls: memories are served and queried, and queries are observed."""
