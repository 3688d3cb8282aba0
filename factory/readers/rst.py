"""reStructuredText to Markdown with heading marks: docutils reads it, and its HTML goes the way of a web page.

Runs in the parser process. Sphinx's roles give their words, directives that docutils does not know what stands in them;
nothing is included from other files, no raw HTML, no code is run. Left out: comments, substitutions that nobody
defined, pictures, `toctree` and the like, which hold file names. Cost: 5 ms a kB.
"""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from factory.errors import BadItem
from factory.readers import html
from factory.readers.decoding import decode
from factory.readers.headings import headings
from factory.readers.punctuation import restore
from factory.readers.reading import Mark, newlines, storable
from factory.readers.sphinx import CODE, SILENT, VERSIONS, words_of_role

_DIRECTIVE = re.compile(r"^\s*\.\. +(?:\|[^|\n]+\| +)?([\w:+.-]+)::", re.MULTILINE)
_ROLE = re.compile(r":([\w:+.-]+):`|`:([\w:+.-]+):")
_SETTINGS = {
    "file_insertion_enabled": False, "raw_enabled": False, "report_level": 5, "halt_level": 5, "warning_stream": "",
    "doctitle_xform": False, "initial_header_level": "1", "syntax_highlight": "none", "math_output": "LaTeX",
    "embed_stylesheet": False, "stylesheet_path": "", "smart_quotes": False, "toc_backlinks": False,
    "line_length_limit": 2**31, "_disable_config": True,
}  # fmt: skip
_NO_PAGE = (  # what pruning takes for the furniture of a page is none here, nor is a list of links a menu
    (re.compile(r"<(/?)(?:aside|header|footer|nav|main)\b"), r"<\1div"),
    (re.compile(r'<p class="admonition-title">(.*?)</p>', re.DOTALL), r"<p><strong>\1</strong></p>"),
    (re.compile(r"<li><p>([^<]*(?:<(?!/?p\b)[^<]*)*)</p>\s*</li>"), r"<li>\1</li>"),  # an item of one paragraph
    (re.compile(r"</?a\b[^>]*>"), ""),
    (
        re.compile(r'<span class="docutils literal">((?:<span class="pre">[^<]*</span>|[^<])*)</span>'),
        r"<code>\1</code>",
    ),
)


def parse(path: Path) -> tuple[str, list[Mark]]:
    """The text as Markdown and its headings."""
    page = _as_html(storable(newlines(decode(path.read_bytes())))[0])
    for pattern, plain in _NO_PAGE:
        page = pattern.sub(plain, page)
    text, _ = html.markdown(page)
    return restore(text), list(headings(text))


def _as_html(source: str) -> str:
    from docutils.core import publish_parts

    _register(source)
    try:
        return str(publish_parts(source, writer="html5", settings_overrides=_SETTINGS)["body"])
    except RecursionError:
        raise BadItem("ingest.parser_crashed", "Nested too deep to be read as .rst. Split it.") from None


def _register(source: str) -> None:
    """Give the directives and roles in `source` that docutils does not know a meaning: their words."""
    from docutils.parsers.rst import directives, roles

    for name in {*_DIRECTIVE.findall(source.lower()), *SILENT}:
        if name in SILENT or name not in directives._directive_registry:
            directives.register_directive(name, _words_directive())
    for name in {first or second for first, second in _ROLE.findall(source.lower())}:
        if name not in roles._role_registry:
            roles.register_local_role(name, _words_role)


def _words_role(name: str, raw: str, text: str, *_: Any) -> tuple[list[Any], list[Any]]:
    """The words of a role, without its target: of `words <target>` and of `~module.Class`."""
    from docutils import nodes
    from docutils.utils import unescape

    words, is_code = words_of_role(name, text)
    return [(nodes.literal if is_code else nodes.inline)("", unescape(words))], []


@cache
def _words_directive() -> Any:
    from docutils import nodes
    from docutils.parsers.rst import Directive

    class Words(Directive):  # type: ignore[misc] # docutils has no types
        """What stands in a directive: as code, as text, or not at all."""

        optional_arguments = 1
        final_argument_whitespace = True
        has_content = True
        option_spec = defaultdict(lambda: str, {"any": str})  # noqa: RUF012 # docutils' own attribute; any is allowed

        def run(self) -> list[Any]:
            if self.name in SILENT:
                return []
            if self.name in CODE:
                return [nodes.literal_block("", "\n".join(self.content))]
            first = " ".join([VERSIONS.get(self.name, ""), *self.arguments]).strip()
            inline, _ = self.state.inline_text(first, self.lineno)
            within = nodes.Element()
            self.state.nested_parse(self.content, self.content_offset, within)
            return [*([nodes.paragraph("", "", *inline)] if first else []), *within.children]

    return Words
