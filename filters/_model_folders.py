"""Models that lie in a folder: which one it is, by what is in its files."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

WEIGHTS = ("*.json", "*.safetensors", "*.txt", "*.model")  # what says which model lies in a folder


def digest(folder: Path, patterns: Iterable[str] = WEIGHTS) -> str:
    """Of the names and the bytes of the files of `folder` that `patterns` find."""
    total = hashlib.blake2b(digest_size=8)
    for file in sorted({file for pattern in patterns for file in folder.glob(pattern)}):
        with file.open("rb") as opened:
            total.update(file.relative_to(folder).as_posix().encode() + hashlib.file_digest(opened, "sha256").digest())
    return total.hexdigest()
