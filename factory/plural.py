"""Counts in words, in the one place that knows a singular: `1 row`, `2,000 rows`, `1 row has`, `2 rows have`."""


def noun(count: float, one: str, several: str = "") -> str:
    """The word for so many: `one`, or `several` (without it `one` with an s)."""
    return one if count == 1 else several or f"{one}s"


def many(count: int, one: str, several: str = "") -> str:
    """The count and its word."""
    return f"{count:,} {noun(count, one, several)}"
