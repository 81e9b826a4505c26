"""Purges: facts leave with every trace, provably, and no backup brings them back."""
