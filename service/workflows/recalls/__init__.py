"""Recalls: memories are served and asked, and what was asked is observed."""
