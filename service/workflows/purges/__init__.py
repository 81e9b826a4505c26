"""Purges: facts are removed with every trace, provably, and no backup brings them back."""
