"""Which device computes: `cpu`, `cuda`, or `auto` for CUDA where there is one."""

import torch

from service.errors import Unavailable


def choose(device: str) -> str:
    """Resolve `auto`; Unavailable when CUDA is asked for and absent."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise Unavailable("FACTSTORE_DEVICE is cuda, but PyTorch sees no CUDA device")
    return device
