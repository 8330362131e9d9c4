"""How often a promise is tried: a small seeded count in `make test`, the full one in `make soak`."""

import os


def count(small: int, full: int) -> int:
    """`full` when VENOM_SOAK is set, else `small`."""
    return full if os.environ.get("VENOM_SOAK") else small
