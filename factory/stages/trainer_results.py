"""What a trainer's module returned, on disk as it comes: a call that is made again asks only for what it lacks.

DIGEST.part    results so far, a line of JSON each
DIGEST.jsonl   all of them: the call has ended

The digest is of all that a result follows from: the trainer's source, the model, the items in their order, the options.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Results:
    """The results of one call, below a folder, under a name."""

    def __init__(self, folder: Path, name: str) -> None:
        self.part, self._file = folder / f"{name}.part", folder / f"{name}.jsonl"

    @property
    def whole(self) -> bool:
        """Whether the call has ended."""
        return self._file.is_file()

    def left(self, items: Sequence[Any]) -> list[Any]:
        """The items without a result: of those with an id by that, for results come in any order; of others the rest.

        What was cut in the middle of a line is taken away.
        """
        content = self.part.read_bytes() if self.part.is_file() else b""
        had = content[: content.rfind(b"\n") + 1]
        if had != content:
            self.part.write_bytes(had)
        found = [json.loads(line) for line in had.splitlines()]
        if found and isinstance(found[0], dict):
            known = {its["id"] for its in found}
            return [item for item in items if item["id"] not in known]
        return list(items[len(found) :])

    def end(self) -> None:
        """All are there."""
        self.part.replace(self._file)

    def read(self) -> list[Any]:
        """The results of a call that has ended."""
        with self._file.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


def identity(model: str) -> Any:
    """What a model is: of a folder its files by name, size and the digest of their ends, else its name."""
    folder = Path(model).expanduser()
    if not folder.exists():
        return model
    inside = folder / "model" if (folder / "model").is_dir() else folder
    found = [folder] if folder.is_file() else sorted(inside.iterdir())
    return [(file.name, file.stat().st_size, _ends(file)) for file in found if file.is_file()]


def _ends(file: Path) -> str:
    """A digest of the first and last megabyte: weights that were trained again differ everywhere."""
    with file.open("rb") as opened:
        content = opened.read(1 << 20)
        opened.seek(max(0, file.stat().st_size - (1 << 20)))
        return hashlib.blake2b(content + opened.read(), digest_size=16).hexdigest()
