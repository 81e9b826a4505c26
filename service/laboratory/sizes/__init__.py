"""Sizes: how many facts a network of a given size holds, by capacity, allocation and heads."""
