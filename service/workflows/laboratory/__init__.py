"""Experiments: ordered, done in a process of their own, remembered trial by trial."""
