"""dataset-factory: raw documents in, audited fine-tuning data out.

    from factory import run
    run("quickstart").report()["measures"]["records.kept"]

Names are loaded when first used, so that importing this package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
_HOME = {
    "Document": "documents",
    "LLM": "llm.client",
    "Passage": "passages",
    "Quote": "passages",
    "Record": "records",
    "Rejected": "records",
    "Run": "runs",
    "audit": "pipeline",
    "run": "pipeline",
}
__all__ = ["LLM", "Document", "Passage", "Quote", "Record", "Rejected", "Run", "__version__", "audit", "run"]

if TYPE_CHECKING:
    from factory.documents import Document
    from factory.llm.client import LLM
    from factory.passages import Passage, Quote
    from factory.pipeline import audit, run
    from factory.records import Record, Rejected
    from factory.runs import Run


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"factory.{_HOME[name]}"), name)
    raise AttributeError(f"module 'factory' has no attribute '{name}'")
