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


def one_thread() -> None:
    """Let each operation compute in its caller's thread. In a process that answers requests, waking a second thread
    costs a small batch more than it saves, and a busy second core makes every operation wait for it.
    """
    torch.set_num_threads(1)
