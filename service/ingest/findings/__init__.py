"""Findings: what a data owner should look at in a table that was taken in. They refuse nothing and change nothing."""
