"""Depth: how many facts networks of one to four layers hold at the same number of parameters."""
