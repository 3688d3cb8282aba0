"""Doctor: whether this environment, and a recipe in it, can work; each finding with what mends it.

In      the environment; with a recipe also what it names (`factory.views.doctor_recipe`).
Out     findings: ok, warning, error. None holds a key, or text of a document.
Costs   every plugin is loaded: some seconds. torch is only ever imported in a process of its own.
"""

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from factory import __version__, plugins
from factory.errors import FactoryError
from factory.plugins import Group

DIST = "dataset-factory"
TOPS = ("factory", "generators", "filters", "trainers")  # our top-level names
GROUPS: tuple[Group, ...] = ("generators", "filters", "trainers", "recognisers")
FOR_DEVELOPERS = ("test", "dev", "browser")
LITTLE_BYTES, TOO_LITTLE_BYTES = 2_000_000_000, 200_000_000
GPU = "import torch; print(*[torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())], sep=', ')"
PATIENCE_S = 120  # importing torch from a cold disk takes its time
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `fix` is what to do, for what is not ok."""

    level: Literal["ok", "warning", "error"]
    what: str
    said: str
    fix: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def doctor(recipe: str | None = None) -> Iterator[Finding]:
    """Every finding, in order: of the environment, and where one is named of a recipe, whose servers are then asked
    for the list of their models."""
    yield Finding("ok", "python", f"Python {platform.python_version()}, {DIST} {__version__}, {sys.prefix}")
    yield _packages()
    yield from _extras()
    yield from _shadows()
    yield from _plugins()
    if recipe is None:
        yield disk(Path())
        return
    from factory.views.doctor_recipe import of_recipe

    yield from of_recipe(recipe)


def disk(folder: Path) -> Finding:
    """Whether there is room where a run will lie, and whether it may be written: its folder, or the one above it."""
    there = next(place for place in [folder.absolute(), *folder.absolute().parents] if place.exists())
    try:
        free = shutil.disk_usage(there).free
        _try_to_write(there)
    except OSError as error:
        return Finding("error", "disk", f"{there} cannot be written ({error.strerror})", "Choose another run folder.")
    said = f"{free / 1e9:,.1f} GB are free at {there}"
    if free < LITTLE_BYTES:
        level: Literal["warning", "error"] = "error" if free < TOO_LITTLE_BYTES else "warning"
        return Finding(level, "disk", said, "Make room, or choose a run folder on another disk.")
    return Finding("ok", "disk", said)


def _try_to_write(folder: Path) -> None:
    from tempfile import TemporaryFile

    with TemporaryFile(dir=folder) as file:
        file.write(b"x")


def is_installed(name: str) -> str | None:
    """The version of a distribution, None where it is not there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def extras() -> dict[str, list[str]]:
    """The distributions that each extra asks for; '' those that are always asked for."""
    found: dict[str, list[str]] = {}
    for line in metadata.requires(DIST) or []:
        name, extra = _NAME.match(line), _EXTRA.search(line)
        found.setdefault(extra[1] if extra else "", []).append(name[0] if name else line)
    return found


def _packages() -> Finding:
    versions = {name: is_installed(name) for name in extras().get("", [])}
    missing = [name for name, version in versions.items() if version is None]
    if missing:
        return Finding("error", "packages", f"not installed: {', '.join(missing)}", f"pip install {' '.join(missing)}")
    return Finding("ok", "packages", ", ".join(f"{name} {version}" for name, version in versions.items()))


def _extras() -> Iterator[Finding]:
    for extra, names in extras().items():
        if not extra or extra in FOR_DEVELOPERS:
            continue
        missing = [name for name in names if is_installed(name) is None]
        install = f"pip install '{DIST}[{extra}]'"
        if not missing:
            yield Finding("ok", f"extra [{extra}]", ", ".join(f"{name} {is_installed(name)}" for name in names))
        elif len(missing) < len(names):
            yield Finding("warning", f"extra [{extra}]", f"half there; not installed: {', '.join(missing)}", install)
        else:
            yield Finding("ok", f"extra [{extra}]", f"not installed; {install} where it is wanted")
    if is_installed("torch"):
        yield _gpu()


def _gpu() -> Finding:
    try:
        command = [sys.executable, "-c", GPU]
        said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)  # noqa: S603 # ours
    except (subprocess.SubprocessError, OSError) as error:
        fix = "Install torch again: https://pytorch.org/get-started"
        return Finding("warning", "gpu", f"torch cannot be imported ({type(error).__name__})", fix)
    return Finding("ok", "gpu", said.stdout.strip() or "none that torch sees; training takes the CPU")


def _shadows() -> Iterator[Finding]:
    """Our top-level names are plain words: who else has them?"""
    fix = f"Install {DIST} in an environment of its own."
    owners = metadata.packages_distributions()
    dist, fine = metadata.distribution(DIST), True
    for top in TOPS:
        hiding = plugins.stranger(dist, top)
        others = sorted(set(owners.get(top, [])) - {DIST})
        if hiding or others:
            fine = False
            said = f"'{top}' is also a name of {', '.join(others) or hiding}"
            yield Finding("error" if hiding else "warning", "names", said, fix)
    if fine:
        yield Finding("ok", "names", f"{', '.join(TOPS)} are those of {DIST}")


def _plugins() -> Iterator[Finding]:
    loaded = []
    for group in GROUPS:
        try:
            names = list(plugins.declared(group))
        except FactoryError as error:
            yield Finding("error", group, str(error), "Uninstall one of the two packages.")
            continue
        for name in names:
            try:
                plugin = plugins.load(group, name)
                if group != "recognisers":  # which have no options
                    plugins.options_of(plugin)
                loaded.append(name)
            except FactoryError as error:
                owner = plugins.declared(group)[name].dist
                fix = f"Install {owner.name if owner else 'its package'} again, or uninstall it."
                yield Finding("error", f"plugin {name}", str(error), fix)
    yield Finding("ok", "plugins", f"{len(loaded)} load; 'factory plugins' lists them")
