"""Versions of a memory that share its blocks: what each edit wrote, and which folders they stand on."""
