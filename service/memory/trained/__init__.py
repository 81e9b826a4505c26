"""The gradient solver: each block is a small network of its own, of which every weight was trained and is stored.

sizes     how large a block's network is            reading   blocks that are asked
storing   weights as steps and scales, and back     kept      what a training that is stopped leaves for the next
training  blocks that are trained, several at once  solver    all of it behind the memory's interface
"""

from service.memory.trained.solver import Trained

__all__ = ["Trained"]
