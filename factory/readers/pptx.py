"""PowerPoint slides to Markdown: each slide a page mark and its title a heading; lists, tables, speaker notes.

Runs in the parser process, on the XML itself: kreuzberg 4.10 gives no slide numbers, breaks cells at `|`, drops the
notes. Shapes come in the order in which a screen reader reads them. Left out: hidden slides, pictures, charts, slide
numbers, dates and footers. Cost: 1 ms a slide.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory.readers.grid import table
from factory.readers.outline import Outline
from factory.readers.package import Damaged, Package, opened
from factory.readers.reading import Mark, newlines

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_WORDS = (f"{_A}t", f"{_A}br")
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"
_ALTERNATIVES = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_TITLES = {"ctrTitle": 1, "title": 2}  # kinds of placeholders, and the levels of their headings
_DRESSING = ("sldNum", "dt", "ftr", "hdr", "sldImg")
_LISTS = (None, "body", "obj")  # the placeholders whose paragraphs are items


def parse(path: Path) -> tuple[str, list[Mark]]:
    """The text of all slides as Markdown, with a mark for each slide and its title."""
    outline = Outline()
    with opened(path, "ingest.corrupt_pptx") as package:
        for number, name in enumerate(_slides(package), 1):
            slide = package.xml(name)
            outline.page(number)
            if slide.get("show", "1") not in ("0", "false"):
                _Slide(package, name, outline).write(slide)
    return outline.text(), outline.marks


def _slides(package: Package) -> Iterator[str]:
    """The names of the slides' parts, as they are shown."""
    main = next((its.target for its in package.related("").values() if its.type == "officeDocument"), None)
    if main is None:
        raise Damaged
    parts = package.related(main)
    for slide in package.xml(main).iter(f"{_P}sldId"):
        yield parts[slide.get(f"{_R}id", "")].target


class _Slide:
    """One slide on its way into the outline."""

    def __init__(self, package: Package, name: str, outline: Outline) -> None:
        self._package, self._outline = package, outline
        self._related = package.related(name)

    def write(self, slide: Any) -> None:
        """The title first, wherever it stands; then all else, and what the speaker noted."""
        shapes = list(_shapes(slide.find(f"{_P}cSld/{_P}spTree")))
        titles = [shape for shape in shapes if _placeholder(shape) in _TITLES]
        for shape in titles:
            if title := " ".join(text for _, text in _paragraphs(shape.find(f"{_P}txBody"))):
                self._outline.heading(title, _TITLES[str(_placeholder(shape))])
        for shape in shapes:
            if shape not in titles:
                self._add(self._shape(shape))
        for its in self._related.values():
            if its.type == "notesSlide":
                self._notes(self._package.xml(its.target))

    def _add(self, block: str) -> None:
        if block:
            self._outline.add(block)

    def _notes(self, page: Any) -> None:
        bodies = [shape for shape in _shapes(page.find(f"{_P}cSld/{_P}spTree")) if _placeholder(shape) == "body"]
        texts = [text for body in bodies for _, text in _paragraphs(body.find(f"{_P}txBody"))]
        self._add("Notes: " + "\n\n".join(texts) if texts else "")

    def _shape(self, shape: Any) -> str:
        kind = _placeholder(shape)
        if kind in _DRESSING:
            return ""
        if (grid := next(shape.iter(f"{_A}tbl"), None)) is not None:
            return _table(grid)
        if (diagram := next(shape.iter(_DIAGRAM), None)) is not None:
            return self._diagram(diagram.get(f"{_R}dm", ""))
        paragraphs = _paragraphs(shape.find(f"{_P}txBody"))
        if kind in _LISTS and _is_placeholder(shape) and len(paragraphs) > 1:
            return "\n".join(f"{'  ' * level}- {' '.join(text.split())}" for level, text in paragraphs)
        return "\n\n".join(text for _, text in paragraphs)

    def _diagram(self, id_: str) -> str:
        """The words of a drawing made of boxes, one box an item."""
        if id_ not in self._related:
            return ""
        boxes = self._package.xml(self._related[id_].target).iter(f"{_A}p")
        return "\n".join(f"- {text}" for box in boxes if (text := " ".join(_text(box).split())))


def _shapes(tree: Any) -> Iterator[Any]:
    """The shapes below `tree`, those of groups among them; of alternatives the first."""
    for child in tree if tree is not None else ():
        if child.tag == f"{_P}grpSp":
            yield from _shapes(child)
        elif child.tag == _ALTERNATIVES:
            yield from _shapes(next(iter(child), None))
        elif child.tag in (f"{_P}sp", f"{_P}graphicFrame"):
            yield child


def _is_placeholder(shape: Any) -> bool:
    return next(shape.iter(f"{_P}ph"), None) is not None


def _placeholder(shape: Any) -> str | None:
    """What the layout says that the shape is for; None for what has no such role."""
    place = next(shape.iter(f"{_P}ph"), None)
    return None if place is None else place.get("type")


def _paragraphs(body: Any) -> list[tuple[int, str]]:
    """Level and text of each paragraph that has text."""
    found = []
    for paragraph in body.iter(f"{_A}p") if body is not None else ():
        dress = paragraph.find(f"{_A}pPr")
        level = int(dress.get("lvl", "0")) if dress is not None else 0
        found.append((level, _text(paragraph).strip()))
    return [(level, text) for level, text in found if text]


def _text(paragraph: Any) -> str:
    """The text of a paragraph; a break in it is a line end."""
    parts = ["\n" if part.tag == f"{_A}br" else part.text or "" for part in paragraph.iter() if part.tag in _WORDS]
    return newlines("".join(parts))


def _table(grid: Any) -> str:
    rows = [[" ".join(map(_text, cell.iter(f"{_A}p"))) for cell in row.iter(f"{_A}tc")] for row in grid.iter(f"{_A}tr")]
    return table(rows[0], rows[1:]) if any("".join(row).strip() for row in rows) else ""
