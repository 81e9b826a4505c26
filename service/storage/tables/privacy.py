"""Policies for personal data, pseudonyms and tombstones."""
