"""What one file may cost before it is given up."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file; a file over one of them is rejected alone."""

    max_bytes: int = 100 * 2**20  # of a file that is one document; jsonl and csv stream, so they may be any size
    max_line_bytes: int = 64 * 2**20  # of one jsonl line or one csv cell, counted as UTF-8
    timeout_s: float = 120.0  # for one file in the parser process
    memory_mb: int = 4096  # of the parser process, which holds one file at a time
