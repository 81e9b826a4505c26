"""Findings: what a data owner should look at in a table that was read. They refuse and change nothing."""
