"""Prompts: Jinja2 files beside their plugin, which a user may replace by files of their own.

`prompt("ask", passage=passage)`, called in `generators/qa.py`, renders `prompts/qa/ask.j2` of the recipe's `prompts:`
folder (as `<folder>/qa/ask.j2`) where it is there, else `generators/prompts/qa/ask.j2`.

What stands in a document is a value and never part of a template; templates are sandboxed, an unknown name in one is an
error, and the filter `fenced` puts a text between marks that the text cannot close.
"""

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.errors import WrongRequest

if TYPE_CHECKING:
    from jinja2 import Environment

SUFFIX = ".j2"
_USED: ContextVar[dict[str, str] | None] = ContextVar("used", default=None)


@dataclass(frozen=True)
class Style:
    """How rows shall sound: what a recipe says under `generate: {style: …}`."""

    language: str | None = None
    glossary: Mapping[str, str] = field(default_factory=dict)
    examples: Sequence[str] = ()


@dataclass(frozen=True)
class Wording:
    """What a recipe says of its prompts: a folder of templates that come first, and the style that all of them see."""

    folder: Path | None = None
    style: Style = Style()


_WORDING: ContextVar[Wording] = ContextVar("wording", default=Wording())  # noqa: B039 # frozen


class Prompt(str):
    """A rendered prompt; `digest` names the template it came from, not the values."""

    digest: str

    def __new__(cls, text: str, digest: str) -> "Prompt":
        """The text, and the digest of its template."""
        made = super().__new__(cls, text)
        made.digest = digest
        return made


def prompt(name: str, **values: Any) -> Prompt:
    """Render a template of the calling plugin. Raises WrongRequest naming the file where it is absent or wrong."""
    plugin = Path(sys._getframe(1).f_globals["__file__"])
    file = _find(plugin, name)
    text = rendered(file, plugin.parent / "prompts", style=_WORDING.get().style, **values)
    made = Prompt(text.strip() + "\n", digest_of(file))
    used = _USED.get()
    if used is not None:
        used[f"{plugin.stem}/{name}"] = made.digest
    return made


def rendered(file: Path, *folders: Path, **values: Any) -> str:
    """A template's text in the sandbox; it may include others beside it, and of `folders`.

    Raises WrongRequest naming the file and line where it is wrong.
    """
    from jinja2 import TemplateError

    try:
        return _environment(file.parent, *folders).get_template(file.name).render(values)
    except TemplateError as error:
        at = getattr(error, "lineno", None)
        line = f":{at}" if at else ""
        why = "" if line == "" and not error.message else f": {error.message}"
        raise WrongRequest(f"{file}{line}: the prompt cannot be made{why}.") from None


def _find(plugin: Path, name: str) -> Path:
    own = plugin.parent / "prompts" / plugin.stem / f"{name}{SUFFIX}"
    folder = _WORDING.get().folder
    replaced = folder / plugin.stem / f"{name}{SUFFIX}" if folder else None
    if replaced is not None and replaced.is_file():
        return replaced
    if not own.is_file():
        places = " and ".join(str(file) for file in (replaced, own) if file)
        raise WrongRequest(f"There is no prompt '{name}' of {plugin.stem}: looked for {places}.")
    return own


@contextmanager
def used(wording: Wording) -> Iterator[dict[str, str]]:
    """While it is open, prompts are worded so; gives the digests of the templates rendered, by name."""
    found: dict[str, str] = {}
    before = _WORDING.set(wording), _USED.set(found)
    try:
        yield found
    finally:
        _WORDING.reset(before[0])
        _USED.reset(before[1])


def replaced(folder: Path | None, plugin: str) -> dict[str, str]:
    """The digests of a user's own templates for one plugin, by file name: what its records depend on."""
    place = folder / plugin if folder else None
    files = sorted(place.glob(f"*{SUFFIX}")) if place and place.is_dir() else []
    return {file.name: digest_of(file) for file in files}


def digest_of(file: Path) -> str:
    """16 hex digits of a template's bytes."""
    return hashlib.blake2b(file.read_bytes(), digest_size=8).hexdigest()


@cache
def _environment(*folders: Path) -> "Environment":
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader([str(folder) for folder in folders]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # a model reads it, not a browser
    )
    environment.filters["fenced"] = fenced
    return environment


def fenced(text: str, name: str = "document") -> str:
    """`text` between `<name>` and `</name>`, numbered until neither stands in it: a text cannot end its own fence."""
    mark, nth = name, 1
    while f"<{mark}>" in text or f"</{mark}>" in text:
        nth += 1
        mark = f"{name}-{nth}"
    return f"<{mark}>\n{text.strip()}\n</{mark}>"
