"""Read one file that a test writes: all that it gives, the one document, or the one rejection."""

from pathlib import Path
from typing import Any

from factory.errors import BadItem
from factory.readers.limits import Limits
from factory.readers.read import read
from factory.readers.reading import Mark, Reading

LIMITS = Limits(timeout_s=60)


def all_of(path: Path, content: bytes | str, limits: Limits = LIMITS, **options: Any) -> list[Reading | BadItem]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read(path, limits=limits, **options))


def one(path: Path, content: bytes | str, limits: Limits = LIMITS) -> Reading:
    [item] = all_of(path, content, limits)
    assert isinstance(item, Reading), item
    return item


def rejected(path: Path, content: bytes | str, limits: Limits = LIMITS) -> BadItem:
    [item] = all_of(path, content, limits)
    assert isinstance(item, BadItem), item
    return item


def texts(items: list[Reading | BadItem]) -> list[str]:
    return [item.text if isinstance(item, Reading) else item.reason for item in items]


def marked(got: Reading) -> list[tuple[str, int, str]]:
    """Kind and level of each mark, and the text that it covers; of a page, the line that it begins with."""
    return [(mark.kind, mark.level, _covered(got.text, mark)) for mark in got.marks]


def _covered(text: str, mark: Mark) -> str:
    return text[mark.start : mark.end] if mark.kind == "heading" else text[mark.start :].partition("\n")[0]
