"""One door to models: the client, its settings, and the journal of every answer. See docs/howto/use-the-model-door.md.

Names are loaded when first used: importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOME = {"LLM": "client", "Journal": "journal", "Model": "settings", "Reply": "replies"}
__all__ = ["LLM", "Journal", "Model", "Reply"]

if TYPE_CHECKING:
    from factory.llm.client import LLM
    from factory.llm.journal import Journal
    from factory.llm.replies import Reply
    from factory.llm.settings import Model


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"factory.llm.{_HOME[name]}"), name)
    raise AttributeError(f"module 'factory.llm' has no attribute '{name}'")
