"""Rank: how large a table is as a 3-tensor, and how large the tensor of a layer is (Wong, arXiv 2502.05076)."""
