"""The laboratory: experiments on a table of facts. Knows the memory, but neither torch nor where results are kept."""
