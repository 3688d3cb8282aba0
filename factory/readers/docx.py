"""Word documents to Markdown with heading marks, through kreuzberg (its plain mode loses tables and form text).

Runs in the parser process. Pictures are left out. The text runs are protected first (punctuation.py): kreuzberg 4.10
drops every & < > of a docx (xberg-io/xberg issue 1242) and escapes others. It joins the words beside a tab, and loses
the paragraph that a text box is anchored in: tabs are made spaces, and boxes put behind the paragraph. What Word hides
is read all the same. Cost: 1 to 10 ms a file.
"""

import html
import io
import re
import zipfile
from pathlib import Path

from factory.readers.extraction import NotReadable, extract
from factory.readers.headings import headings
from factory.readers.package import Damaged, Package, opened
from factory.readers.punctuation import protect, restore
from factory.readers.reading import Mark, newlines, storable

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_TEXT_RUN = re.compile(r"(<(?:\w+:)?t(?: [^<>]*)?>)([^<]+)(?=</)")
_SPACES = re.compile(r"<((?:\w+:)?)(tab|cr|noBreakHyphen) ?/>")  # those with attributes are tab stops, not tabs
_SHOWN_AS = {"tab": " ", "cr": " ", "noBreakHyphen": "-"}
_BOX_OR_END = re.compile(
    r"<(\w+:AlternateContent|(?:\w+:)?pict)[ >].*?</\1>|</(?:\w+:)?p>", re.DOTALL
)  # what may hold a text box, or else the end of a paragraph
_BOX = re.compile(r"<((?:\w+:)?txbxContent)>(.*?)</\1>", re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)\n*")


def parse(path: Path) -> tuple[str, list[Mark]]:
    """The text as Markdown and its headings."""
    with opened(path, "ingest.corrupt_docx") as package:
        try:
            result = extract(_protected(package), MEDIA_TYPE, output_format="markdown")
        except NotReadable as error:
            raise Damaged from error
    text = _PICTURE.sub("", newlines(result.content)).strip("\n")
    return restore(text), list(headings(text))


def _protected(package: Package) -> bytes:
    """The same package with its text runs protected, and unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as copy:
        for name in dict.fromkeys(part.filename for part in package.infos):
            if name.startswith("word/media/"):
                continue
            content = package.read(name)
            if name.startswith("word/") and name.endswith(".xml"):
                content = _protected_part(content)
            copy.writestr(name, content)
    return out.getvalue()


def _protected_part(content: bytes) -> bytes:
    try:
        text = content.decode()
    except UnicodeDecodeError:  # UTF-16: nobody writes it, and it is only read less well
        return content
    text = _boxes_behind(text)
    text = _SPACES.sub(lambda found: f'<{found[1]}t xml:space="preserve">{_SHOWN_AS[found[2]]}</{found[1]}t>', text)
    return _TEXT_RUN.sub(lambda run: run[1] + protect(storable(html.unescape(run[2]))[0]), text).encode()


def _boxes_behind(text: str) -> str:
    """`text` with the paragraphs of each text box behind the paragraph that it is anchored in."""
    waiting: list[str] = []

    def moved(found: re.Match[str]) -> str:
        if found[1] is None:
            behind = "".join(waiting)
            waiting.clear()
            return found[0] + behind
        box = _BOX.search(found[0])  # the first: what follows is the same for older programs
        if box is None or found[0].count(f"<{found[1]}") > 1:  # one in the other: this is not the end of it
            return found[0]
        waiting.append(box[2])
        return ""

    return _BOX_OR_END.sub(moved, text) if "txbxContent" in text else text
