"""Randomness as a function: every random draw names the seed and the place it is for.

No room touches a global generator. A draw is addressed by a path of integers and words, so a member's
numbers do not depend on its neighbours, its slot, the number of workers, or what was drawn before.
"""

import hashlib

import numpy as np


def derive(seed: int, *path: int | str) -> int:
    """A 63-bit seed for the place `path` under `seed`.

    Example:
        >>> derive(0, "order", 3) == derive(0, "order", 3)
        True
        >>> derive(0, "order", 3) == derive(0, "order", 4)
        False
    """
    text = "/".join([str(int(seed)), *(f"{type(p).__name__[0]}{p}" for p in path)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def generator(seed: int, *path: int | str) -> np.random.Generator:
    """A NumPy generator for the place `path` under `seed`.

    Example:
        >>> int(generator(0, "order").integers(100)) == int(generator(0, "order").integers(100))
        True
    """
    return np.random.Generator(np.random.SFC64(derive(seed, *path)))
