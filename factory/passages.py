"""Passages: slices of documents that fit a token budget, with offsets, as filters left them.

The table holds offsets; the text is sliced from `documents/` on reading, with the edits of the filters applied. A
`Passage` in hand is what a generator may see: its text, its headings and its gap hold edited text only.
"""

import re
from dataclasses import dataclass
from itertools import accumulate, pairwise

import pyarrow as pa

from factory.edits import EditMap
from factory.policy import Policy

VERSION = 1
SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),  # document/0003
        pa.field("document", pa.string(), nullable=False),
        pa.field("index", pa.int32(), nullable=False),
        pa.field("start", pa.int64(), nullable=False),  # code points of the document as parsed
        pa.field("end", pa.int64(), nullable=False),
        pa.field("tokens", pa.int32(), nullable=False),
        pa.field("digest", pa.string(), nullable=False),  # of the text as the splitter saw it
        pa.field("source", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("copyright", pa.string()),
        pa.field("confidentiality", pa.string(), nullable=False),
    ],
    metadata={"factory.table": "passages", "factory.version": str(VERSION)},
)


@dataclass(frozen=True, slots=True)
class Quote:
    """A slice of a document: `edits.apply(document[start:end]) == text`. Offsets are of the document as parsed."""

    document: str
    passage: str
    start: int
    end: int
    text: str
    edits: EditMap = EditMap()  # in coordinates of the slice


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, as a generator may see it.

    `start` and `end` are code points of the document as parsed; `edits` are in coordinates of that slice, and `text`
    is the slice with the edits applied. `heading` holds the titles above the passage, outermost first; `gap` is the
    white space between the passage before and this one.
    """

    id: str
    text: str
    document: str = ""
    index: int = 0
    start: int = 0
    end: int = 0
    tokens: int = 0
    edits: EditMap = EditMap()
    heading: tuple[str, ...] = ()
    page: int | None = None
    by_ocr: bool = False  # some of it was read from a picture
    gap: str = ""
    source: str = ""
    language: str | None = None
    policy: Policy = Policy()

    def span(self, start: int, end: int) -> Quote:
        """`text[start:end]` as a quote, widened to whole replacements. Raises ValueError for an empty span."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError(f"no span [{start}, {end}) in a passage of {len(self.text)} characters")
        first, last = self.edits.to_source(start, end)
        shown = self.text[slice(*self.edits.widen(start, end))]
        edits = self.edits.within(first, last)
        return Quote(self.document, self.id, self.start + first, self.start + last, shown, edits)

    def locate(self, quote: str) -> Quote | None:
        """Where `quote` stands: exactly, or but for white space, quotation marks, dashes and hyphens at line ends.

        None where it does not.
        The result's text is the passage's own slice, never the caller's wording.
        """
        wanted = quote.strip()
        at = self.text.find(wanted) if wanted else -1
        if at >= 0:
            return self.span(at, at + len(wanted))
        return self._locate_folded(wanted)

    def _locate_folded(self, wanted: str) -> Quote | None:
        folded, _ = _fold(wanted)
        shown, places = _fold(self.text)
        at = shown.find(folded) if folded.strip() else -1
        return self.span(places[at], places[at + len(folded) - 1] + 1) if at >= 0 else None


_LOOK_ALIKE = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb\u2033", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)


_PIECES = re.compile(r"(?P<hyphen>(?<=\w)-[ \t]*\n\s*(?=[^\W\d_])|\u00ad)|\s+|(?:(?!-[ \t]*\n|\u00ad)\S)+|-")


def _fold(text: str) -> tuple[str, list[int]]:
    """`text` with one kind of quotation mark and dash, single spaces, words of one piece; and where all that was."""
    pieces, places = [], []
    for run in _PIECES.finditer(text):
        if run.lastgroup == "hyphen":
            continue
        word = run.group()
        pieces.append(" " if word.isspace() else word.translate(_LOOK_ALIKE))
        places += [run.start()] if word.isspace() else list(range(run.start(), run.end()))
    return "".join(pieces), places


def passage_id(document: str, index: int) -> str:
    """`3f9a0c11d2e4/0003`: four digits so that ids of one document sort as they stand."""
    return f"{document}/{index:04d}"


def runs(passages: list[Passage]) -> list[list[Passage]]:
    """Neighbours kept together: a new run begins wherever a passage between two is missing."""
    breaks = accumulate((int(right.index != left.index + 1) for left, right in pairwise(passages)), initial=0)
    grouped: dict[int, list[Passage]] = {}
    for group, passage in zip(breaks, passages, strict=False):
        grouped.setdefault(group, []).append(passage)
    return list(grouped.values())
