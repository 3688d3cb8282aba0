"""What a plugin says of itself: the docstring of its module, and its options as its signature declares them."""

import inspect
import sys
from typing import Any

from factory import plugins
from factory.plugins import Group


def describe(group: Group, name: str) -> dict[str, Any]:
    """Name, package, summary, whole docstring and options of one plugin."""
    loaded = plugins.load(group, name)
    doc = inspect.cleandoc(sys.modules[loaded.__module__].__doc__ or "")
    entry = plugins.declared(group)[name]
    return {
        "name": name,
        "group": group,
        "package": entry.dist.name if entry.dist else "",
        "summary": doc.split("\n", 1)[0],
        "doc": doc,
        "options": [f"  {option.describe()}" for option in plugins.options_of(loaded)],
    }
