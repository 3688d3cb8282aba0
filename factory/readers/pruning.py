"""The main part of a web page: HTML in, plainer HTML out.

Left out: head, scripts, styles, hidden parts; menus, by tag (nav, aside, footer, a header outside the article), by
role, and by what they are (a list of short links); pictures, and the addresses of links, whose words stay. Where the
page has a <main> or one <article>, only that counts. A table that only lays out the page becomes its cells.
Broken nesting is tolerated. Cost: 0.2 ms a kB.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from factory.readers.punctuation import protect

MAX_DEPTH = 50  # deeper elements join their ancestor: pages nest 30 deep; kreuzberg drops what is deeper than 64
MENU_SHARE, MENU_LINKS, MENU_LINK_CHARS = 0.8, 3, 40  # a menu: so much of it is links, so many, so short
LONG_CELL = 600  # characters; a longer cell is prose laid out in a table

_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_CLOSED_BY_NEXT = {  # an open element of the value ends where one of the key begins
    "li": {"li"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "option": {"option"},
    "td": {"td", "th"}, "th": {"td", "th"}, "tr": {"td", "th", "tr"}, "body": {"head"},
}  # fmt: skip
_TITLES = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = frozenset(  # they end an open paragraph
    (*_TITLES, "p", "div", "ul", "ol", "li", "dl", "dt", "dd", "table", "pre", "blockquote", "section", "hr")
)
_NEVER = frozenset(
    ("head", "script", "style", "template", "noscript", "svg", "iframe", "object", "img", "input", "title")
)
_FURNITURE = frozenset(("nav", "aside", "footer", "button", "dialog"))
_FURNITURE_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "complementary", "dialog"))
_MENUS = frozenset(("ul", "ol", "table", "div", "section", "p"))
_CELLS = frozenset(("td", "th"))
_TABLE_PARTS = frozenset(("table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "colgroup"))
_RICH = frozenset(("table", "hr", *_TITLES))  # in a cell: the table is layout
_UNWRAPPED = frozenset(("a", "font", "span", "html", "body", "main", "article", "header", "form", "center"))
_SPACE = re.compile(r"[ \t\n\f]+")
_KEPT_ATTRIBUTES = frozenset(("colspan", "rowspan", "start"))


@dataclass(slots=True)
class Node:
    """An element and what is in it, in order."""

    tag: str
    attributes: dict[str, str]
    children: list["Node | str"] = field(default_factory=list)

    def elements(self) -> Iterator["Node"]:
        """All elements below, in document order."""
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child.elements()

    def text(self) -> str:
        """All text below."""
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)


class _Builder(HTMLParser):  # the standard library's parser is used by inheriting
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while (last := self._open[-1].tag) in _CLOSED_BY_NEXT.get(tag, ()) or (last == "p" and tag in _BLOCKS):
            self._open.pop()
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in _VOID and len(self._open) < MAX_DEPTH:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag == tag:
                del self._open[depth:]
                return
            if self._open[depth].tag == "table" and tag not in ("body", "html"):
                return  # a stray end inside a table closes nothing outside it

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def prune(page: str) -> tuple[str, str]:
    """The title of a page, and the HTML of its main part; of all of it, where that would leave nothing.

    The text in it is protected (punctuation.py); the caller restores it.
    """
    builder = _Builder()
    builder.feed(page)
    builder.close()
    root = builder.root
    title = next((node.text() for node in root.elements() if node.tag == "title"), "")
    _drop(root, _is_never)
    whole = _html(root)
    _drop(root, _is_furniture)
    main = _main(root)
    _drop(main, _is_menu)
    return " ".join(title.split()), _html(main) if main.text().strip() else whole


def _drop(node: Node, is_dropped: Callable[[Node, bool], bool], inside: bool = False) -> None:
    """Take out the elements that `is_dropped(element, inside the article?)` names."""
    inside = inside or node.tag in ("main", "article")
    node.children = [c for c in node.children if isinstance(c, str) or not is_dropped(c, inside)]
    for child in node.children:
        if isinstance(child, Node):
            _drop(child, is_dropped, inside)


def _is_never(node: Node, inside: bool) -> bool:
    return node.tag in _NEVER or "hidden" in node.attributes or node.attributes.get("aria-hidden") == "true"


def _is_furniture(node: Node, inside: bool) -> bool:
    return (
        node.tag in _FURNITURE
        or node.attributes.get("role") in _FURNITURE_ROLES
        or (node.tag == "header" and not inside)
    )


def _is_menu(node: Node, inside: bool) -> bool:
    """Is nearly all its text in links, several and short?"""
    if node.tag not in _MENUS:
        return False
    links = [len(link.text().strip()) for link in node.elements() if link.tag == "a"]
    chars = len(node.text().strip())
    short = len(links) >= MENU_LINKS and sum(links) <= MENU_LINK_CHARS * len(links)
    return short and sum(links) >= MENU_SHARE * chars


def _main(root: Node) -> Node:
    """The part that the page itself says is the main one."""
    for name in ("main", "article"):
        found = [node for node in root.elements() if node.tag == name or node.attributes.get("role") == name]
        if len(found) == 1 and found[0].text().strip():
            return found[0]
    return root


def _is_layout(table: Node) -> bool:
    """Does a table place prose, and not relate values? Then it holds headings or tables, or has one cell a row, or long
    cells without headers."""
    cells = [node for node in table.elements() if node.tag in _CELLS]
    if any(node.tag in _RICH for cell in cells for node in cell.elements()):
        return True
    if not any(_is_wide(row) for row in table.elements()):
        return True
    return not any(cell.tag == "th" for cell in cells) and any(len(cell.text()) > LONG_CELL for cell in cells)


def _is_wide(row: Node) -> bool:
    cells = [child for child in row.children if isinstance(child, Node) and child.tag in _CELLS]
    return row.tag == "tr" and sum(bool(cell.text().strip()) for cell in cells) > 1


def _html(node: Node, in_layout: bool = False, as_is: bool = False) -> str:
    """The HTML of a node, without what only dresses it; the parts of a layout table as <div>, white space as one."""
    as_is = as_is or node.tag in ("pre", "textarea")
    if node.tag == "table":
        in_layout = _is_layout(node)
    inner = "".join(_text(c, as_is) if isinstance(c, str) else _html(c, in_layout, as_is) for c in node.children)
    if node.tag in _UNWRAPPED:
        return inner
    is_plain = node.tag in _FURNITURE or (in_layout and node.tag in _TABLE_PARTS)
    tag = "div" if is_plain else node.tag or "html"
    kept = "".join(f' {k}="{html.escape(v)}"' for k, v in node.attributes.items() if k in _KEPT_ATTRIBUTES)
    return f"<{tag}{kept}>" if tag in _VOID else f"<{tag}{kept}>{inner}</{tag}>"


def _text(text: str, as_is: bool) -> str:
    return protect(text if as_is else _SPACE.sub(" ", text))
