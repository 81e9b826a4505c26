"""Grants, per dictionary and relation."""
