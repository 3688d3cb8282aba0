"""pandas, which pyarrow loads with the first list that it is given, only where somebody needs it.

Costs of the load: 0.4 CPU-seconds and 40 MB a process. pyarrow asks whether the list is one of pandas' own; told once
that there is no pandas, it does not ask again, and loads it all the same for what needs it (`to_pandas`). Only for
processes that are ours from start to end: it would take a list of pandas', given by somebody else, for any list.
"""

import sys
from importlib.abc import MetaPathFinder
from typing import Any


def put_off() -> None:
    """Let pyarrow ask now; does nothing where pandas is loaded already."""
    import pyarrow as pa

    if "pandas" in sys.modules:
        return
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(absent)


class _Absent(MetaPathFinder):
    """Says that there is no pandas."""

    def find_spec(self, fullname: str, *_: Any) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is loaded later", name=fullname)
