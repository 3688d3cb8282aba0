"""The Markdown of MyST, as manuals made with Sphinx are written in it, as plain Markdown.

A role gives its words, a directive what stands in it, as in `rst.py`; what is code stays as it is. Left out: targets,
options, directives that hold names of files and modules. A text in which nothing is surely MyST's is not touched.
"""

import re
from collections.abc import Iterator, Sequence

from factory.readers.sphinx import CODE, SILENT, VERSIONS, words_of_role

ADMONITIONS = ("attention", "caution", "danger", "error", "hint", "important", "note", "tip", "warning")
_LEFT_OUT = ("image", "include")
_PLAIN = ("figure", "seealso", "admonition", "dropdown", "rubric", "topic", "sidebar", "epigraph", "eval-rst")
_KNOWN = "|".join([*ADMONITIONS, *CODE, *SILENT, *VERSIONS, *_LEFT_OUT, *_PLAIN])
_ROLES = "(?:py:)?(?:class|func|meth|mod|attr|exc|obj|data|const)|ref|doc|term|option|command|envvar|file|program"
_IS_MYST = re.compile(
    rf"^[ \t]*(?:`{{3,}}|:{{3,}})\{{(?:{_KNOWN})\}}|(?<![\w`\\])\{{(?:{_ROLES})\}}`[^`\n]", re.MULTILINE
)
_ROLE = re.compile(r"(?<![\w`\\])\{([A-Za-z][\w:+.-]*)\}`([^`]+)`")
_TARGET = re.compile(r"\([\w:.-]+\)=[ \t]*")
_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,}|:{3,})(?:\{(?P<name>[\w:+.-]+)\})?(?P<rest>.*)")
_OPTION = re.compile(r"[ \t]*:[\w-]+:(?:[ \t].*)?")


def plain(text: str) -> str:
    """The text without MyST's markup; as it is where it has none."""
    return "\n".join(_plain(text.split("\n"))) if _IS_MYST.search(text) else text


def _plain(lines: Sequence[str]) -> Iterator[str]:
    prose: list[str] = []
    at = 0
    while at < len(lines):
        opened = _FENCE.fullmatch(lines[at])
        end = _closed(lines, at, opened) if opened else None
        if opened is None or end is None:
            if not _TARGET.fullmatch(lines[at]):
                prose.append(lines[at])
            at += 1
            continue
        yield from _in_prose(prose)
        prose = []
        yield from _directive(opened, lines[at + 1 : end]) if opened["name"] else lines[at : end + 1]
        at = end + 1
    yield from _in_prose(prose)


def _closed(lines: Sequence[str], at: int, opened: re.Match[str]) -> int | None:
    """The line that closes a fence; None where none does, or where nothing is opened: ":::" without a name."""
    fence, depth = opened["fence"], 1
    if fence[0] == ":" and not opened["name"]:
        return None
    for nth in range(at + 1, len(lines)):
        found = _FENCE.fullmatch(lines[nth])
        if found is None or found["fence"][0] != fence[0] or len(found["fence"]) < len(fence):
            continue
        if found["name"] or found["rest"].strip():  # a fence of colons may stand in another of the same length
            depth += fence[0] == ":"
        else:
            depth -= 1
        if not depth:
            return nth
    return None


def _directive(opened: re.Match[str], held: Sequence[str]) -> Iterator[str]:
    name, argument, indent = opened["name"], opened["rest"].strip(), opened["indent"]
    body = _without_options(held)
    if name in (*SILENT, *_LEFT_OUT):
        return
    if name in CODE or name == "eval-rst":
        language = "rst" if name == "eval-rst" else argument
        yield from [f"{indent}{opened['fence']}{language}", *body, f"{indent}{opened['fence']}"]
        return
    if name in ADMONITIONS:
        yield from [f"{indent}**{name.capitalize()}**", ""]
    first = " ".join(filter(None, [VERSIONS.get(name, ""), "" if name == "figure" else argument]))
    if first:
        yield from [f"{indent}{line}" for line in _in_prose([f"**{first}**" if name == "admonition" else first])]
        if any(line.strip() for line in body):
            yield ""
    yield from _plain(body)


def _without_options(held: Sequence[str]) -> Sequence[str]:
    """What stands in a directive below its options: lines such as ":depth: 1", or YAML between dashes."""
    dashes = [nth for nth, line in enumerate(held) if line.strip() == "---"]
    if len(dashes) > 1 and dashes[0] == 0:
        return held[dashes[1] + 1 :]
    first = next((nth for nth, line in enumerate(held) if not _OPTION.fullmatch(line)), len(held))
    return held[first:]


def _in_prose(lines: Sequence[str]) -> Iterator[str]:
    """Lines with the words of their roles."""
    if lines:
        yield from _ROLE.sub(_words, "\n".join(lines)).split("\n")


def _words(role: re.Match[str]) -> str:
    words, is_code = words_of_role(role[1], role[2])
    return f"`{words}`" if is_code else words
