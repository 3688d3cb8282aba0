"""A text that is put together block by block, with the marks of the pages and headings in it."""

from factory.readers.reading import Mark

BETWEEN = "\n\n"


class Outline:
    """Blocks of text with an empty line between them."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._length = 0
        self._page: int | None = None  # whose mark waits for a text: an empty page has no place of its own
        self.marks: list[Mark] = []

    def page(self, number: int) -> None:
        """What is added from here on stands on this page, slide or sheet; one with nothing on it gets no mark."""
        self._page = number

    def heading(self, title: str, level: int) -> None:
        """Add a title of one line, as a Markdown heading with its mark."""
        title = " ".join(title.split())
        start = self._next() + level + 1
        self.add(f"{'#' * level} {title}")
        self.marks.append(Mark("heading", start, start + len(title), level))

    def add(self, block: str) -> None:
        """Add a block as it is."""
        start = self._next()
        if self._page is not None:
            self.marks.append(Mark("page", start, start, self._page))
            self._page = None
        self._length = start + len(block)
        self._blocks.append(block)

    def text(self) -> str:
        return BETWEEN.join(self._blocks)

    def _next(self) -> int:
        return self._length + len(BETWEEN) if self._blocks else 0
