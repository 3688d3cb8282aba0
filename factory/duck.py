"""DuckDB, for sorting and asking tables: no network, bounded memory, one thread so that results are the same bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

MEMORY = "400MB"  # more is spilled to the folder


@contextmanager
def connect(spill: Path) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A connection whose temporary files lie in `spill`."""
    import duckdb

    spill.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",  # never fetches anything
        "autoload_known_extensions": "false",
        "memory_limit": MEMORY,
        "temp_directory": str(spill),
        "threads": "1",
    }
    connection = duckdb.connect(config=config)
    try:
        yield connection
    finally:
        connection.close()


def quoted(path: Path) -> str:
    """A path as an SQL string."""
    return "'" + str(path).replace("'", "''") + "'"
