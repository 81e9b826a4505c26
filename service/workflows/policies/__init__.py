"""Policies: what is done to personal data before anything is stored."""
