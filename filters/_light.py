"""Presidio without what it would bring along: where torch and transformers are installed, its import takes seconds and
hundreds of megabytes for engines that nobody here asks for.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

HEAVY = ("torch", "transformers", "spacy_huggingface_pipelines", "stanza", "gliner")


@contextmanager
def without_heavy() -> Iterator[None]:
    """While it is open, heavy packages that are not loaded yet cannot be: presidio then does without them."""
    hidden = [name for name in HEAVY if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment] # how an import is told that there is none
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
