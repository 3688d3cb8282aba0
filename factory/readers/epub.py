"""Books (EPUB 2 and 3) to Markdown: the chapters in the order of the spine, each read as a web page is.

Runs in the parser process. The book's title is the first heading, unless a heading of level 1 is there. Left out: the
table of contents, pictures, styles. Cost: as for HTML.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory.errors import BadItem
from factory.readers import html
from factory.readers.decoding import decode
from factory.readers.headings import headings
from factory.readers.package import Damaged, Package, below, opened
from factory.readers.punctuation import protect, restore
from factory.readers.reading import Mark

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_PAGES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")


def parse(path: Path) -> tuple[str, list[Mark]]:
    """The text of all chapters as Markdown, and their headings."""
    with opened(path, "ingest.corrupt_epub") as package:
        rootfile = package.xml(_CONTAINER).find(".//{*}rootfile")
        if rootfile is None:
            raise Damaged
        main = below("", rootfile.get("full-path", ""))
        book = package.xml(main)
        chapters = list(_chapters(book, main.rpartition("/")[0]))
        _refuse_locked(package, chapters)
        texts = [html.markdown(decode(package.read(name)))[0] for name in chapters]
    text = "\n\n".join(text for text in texts if text)
    if text and (title := _title(book)) and not any(mark.level == 1 for mark in headings(text)):
        text = f"# {protect(title)}\n\n{text}"
    return restore(text), list(headings(text))


def _chapters(book: Any, folder: str) -> Iterator[str]:
    """The names of the parts that are read one after the other."""
    items = {item.get("id"): item.attrib for item in book.iterfind("{*}manifest/{*}item")}
    for place in book.iterfind("{*}spine/{*}itemref"):
        item = items.get(place.get("idref"), {})
        if item.get("media-type") in _PAGES and "nav" not in item.get("properties", "").split():
            yield below(folder, item.get("href", ""))


def _title(book: Any) -> str:
    found = book.find("{*}metadata/{http://purl.org/dc/elements/1.1/}title")
    return "" if found is None else " ".join("".join(found.itertext()).split())


def _refuse_locked(package: Package, chapters: list[str]) -> None:
    """Fonts may be scrambled, chapters may not: then a shop's key is needed to read them."""
    if not package.has(_ENCRYPTION):
        return
    locked = {below("", its.get("URI", "")) for its in package.xml(_ENCRYPTION).iterfind(".//{*}CipherReference")}
    if locked & set(chapters):
        raise BadItem("ingest.encrypted", "Locked by a shop's copy protection. Leave it out, or get an unlocked copy.")
