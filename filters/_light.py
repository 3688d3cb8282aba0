"""Packages without what they would bring along.

Where torch and transformers are installed, presidio's import takes seconds and hundreds of megabytes for engines that
nobody here asks for; wordllama's import makes every library of the process print what it does.
"""

import logging
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


@contextmanager
def logging_as_it_was() -> Iterator[None]:
    """When it closes, the root logger is what it was: a library is no place to configure it."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        yield
    finally:
        root.setLevel(level)
        for handler in [one for one in root.handlers if one not in handlers]:
            root.removeHandler(handler)
