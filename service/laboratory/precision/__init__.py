"""Precision: how many bits a stored weight needs before facts are lost."""
