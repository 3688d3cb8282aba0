"""Plugins that a test writes: a package on the path that declares them, as `pip install` leaves one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from factory import plugins


class Package:
    """One installed distribution that can still be given plugins."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._info = folder / f"{name}-1.0.dist-info"
        self._info.mkdir(parents=True)
        (self._info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")

    def declares(self, group: str, name: str, source: str) -> None:
        """A plugin `name`, which is the object of that name in a module of its own with this source."""
        module = f"{self._name}_{name}"
        (self._folder / f"{module}.py").write_text(source)
        for file, line in (
            ("entry_points.txt", f"[factory.{group}]\n{name} = {module}:{name}\n"),
            ("RECORD", f"{module}.py,,\n"),
        ):
            with (self._info / file).open("a") as opened:
                opened.write(line)
        plugins.declared.cache_clear()
        plugins.source_digest.cache_clear()
        sys.modules.pop(module, None)


@contextmanager
def on_the_path(folder: Path) -> Iterator[Path]:
    """`folder` is searched for packages; afterwards nothing of it is loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, str(folder))
    try:
        yield folder
    finally:
        sys.path.remove(str(folder))
        plugins.declared.cache_clear()
        plugins.source_digest.cache_clear()
        for name in [n for n, module in sys.modules.items() if str(folder) in str(getattr(module, "__file__", ""))]:
            del sys.modules[name]
