"""What Sphinx's directives and roles mean, in reStructuredText and in the Markdown of MyST alike."""

import re

SILENT = (  # they hold names of files and modules, and switches; docutils would make a list of headings of `contents`
    "toctree", "module", "currentmodule", "automodule", "autoclass", "autofunction", "automethod", "autoexception",
    "highlight", "index", "literalinclude", "tabularcolumns", "contents", "sectnum", "testsetup", "testcleanup",
)  # fmt: skip
CODE = ("code-block", "sourcecode", "doctest", "testcode", "testoutput", "ipython", "prompt")
VERSIONS = {
    "versionadded": "Added in version", "versionchanged": "Changed in version",
    "versionremoved": "Removed in version", "deprecated": "Deprecated since version",
}  # fmt: skip
_PROSE = ("ref", "doc", "term", "abbr", "menuselection", "guilabel", "numref")  # roles whose words are no code
_INVENTORY = re.compile(r"\A\w+:(?=[~!\w.]+\Z)")  # `py2:xrange`: in the documentation of another project
_TITLED = re.compile(r"(?s)(.+?)\s*<[^<>]*>\Z")  # `words <target>`


def words_of_role(name: str, text: str) -> tuple[str, bool]:
    """The words of a role without its target, of `words <target>` and of `~module.Class`; whether they are code."""
    if titled := _TITLED.match(text):
        return titled[1], False
    text = _INVENTORY.sub("", text)
    words = text.rpartition(".")[2] if text.startswith("~") else text.lstrip("!")
    return words, name.rpartition(":")[2] not in _PROSE
