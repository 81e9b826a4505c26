"""Upkeep: stored versions are verified, consolidated, searched for damage and rebuilt."""
