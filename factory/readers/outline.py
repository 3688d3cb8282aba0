"""A text that is put together block by block, with the marks of the pages and headings in it."""

from factory.readers.reading import Mark

BETWEEN = "\n\n"


class Outline:
    """Blocks of text with an empty line between them."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._length = 0
        self.marks: list[Mark] = []

    def page(self, number: int) -> None:
        """What is added from here on stands on this page, slide or sheet."""
        self.marks.append(Mark("page", self._next(), self._next(), number))

    def heading(self, title: str, level: int) -> None:
        """Add a title of one line, as a Markdown heading with its mark."""
        title = " ".join(title.split())
        start = self._next() + level + 1
        self.marks.append(Mark("heading", start, start + len(title), level))
        self.add(f"{'#' * level} {title}")

    def add(self, block: str) -> None:
        """Add a block as it is."""
        self._length = self._next() + len(block)
        self._blocks.append(block)

    def text(self) -> str:
        return BETWEEN.join(self._blocks)

    def _next(self) -> int:
        return self._length + len(BETWEEN) if self._blocks else 0
