"""The tokens of names: the leading bits of their keyed hashes as -1 and +1, as in the closed form."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from service.memory.recipe import Resolved


def signs(digests: NDArray[np.uint8], d: int) -> NDArray[np.int8]:
    """Hashes (n, size) as tokens (n, d), the highest bit of each byte first."""
    bits = np.unpackbits(digests[:, : d // 8], axis=1)
    tokens: NDArray[np.int8] = np.where(bits == 1, np.int8(1), np.int8(-1))
    return tokens


def end_token(recipe: Resolved) -> NDArray[np.int8]:
    """The token at which networks of several layers are read, (d,): drawn from the seed alone."""
    stream = hashlib.shake_256(f"trained memory {recipe.seed} end".encode()).digest(recipe.d_model // 8)
    token: NDArray[np.int8] = signs(np.frombuffer(stream, dtype=np.uint8)[None], recipe.d_model)[0]
    return token
