"""What a run gives back of the memory that it no longer needs."""

import pyarrow as pa


def give_back() -> None:
    """Give back what is free: between two stages, or after a large document.

    Arrow and the C library keep it for later. What lies between pieces that are in use, where a long list of small
    texts was, would be kept until the end: other stages need large pieces.
    """
    pa.default_memory_pool().release_unused()
    pa.system_memory_pool().release_unused()  # with glibc all that malloc holds, Python's too
