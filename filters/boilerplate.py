"""Take out the lines that many documents share: navigation, cookie notices, footers, licence headers.

Sees    the whole text of a document. A line counts as another one's equal whatever its case, spacing and digits.
State   a hash and a count of each distinct line: about 16 bytes of RAM a line, twice that while it is merged.
Order   does not matter: a line is counted once a document.
Misses  boilerplate that differs from page to page, or that stands inside of lines.
Source  our own; lines that recur were dropped by CCNet (Wenzek et al. 2019, arXiv:1911.00359), whatever they were.

A shared line goes if it is long, if it begins or ends the document, or if it stands among other shared lines: by itself
a short one is a heading or a phrase. Headings of Markdown and code between fences are never looked at. A document that
would lose too much is left as it is and flagged: it is a copy of others, and which of them stays is for
`minhash_dedup` to say, which should run before.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from factory.edits import Edit
from factory.verdicts import Verdicts
from filters._rules import check_bounds

LONG = 40  # characters: a shared line of so many is no heading and no phrase
TOGETHER = 3  # shared lines that stand together, as in a menu
PARTS = 64  # arrays of a state before they are put together: their merging costs what is in them
DIGITS = re.compile(r"\d+")
FENCES = ("```", "~~~")
LINE = pa.struct([("hash", pa.uint64()), ("start", pa.int64()), ("end", pa.int64()), ("chars", pa.int64())])
DECIDES = {"decides": True}

Hashes = NDArray[np.uint64]


@dataclass
class Lines:
    """How many documents have each line, in several arrays; after `settle` the lines that are shared, sorted."""

    hashes: list[Hashes] = field(default_factory=list)
    counts: list[NDArray[np.int64]] = field(default_factory=list)

    def put_together(self) -> None:
        """One array of each, in place."""
        distinct, which = np.unique(np.concatenate([np.empty(0, np.uint64), *self.hashes]), return_inverse=True)
        counts = np.concatenate([np.empty(0, np.int64), *self.counts])
        self.hashes, self.counts = [distinct], [np.bincount(which, counts, len(distinct)).astype(np.int64)]


@dataclass(frozen=True)
class Boilerplate:
    """Take out lines that `min_documents` share, from documents that lose at most `max_removed` by it."""

    sees: ClassVar[str] = "text"
    kinds: ClassVar[tuple[str, ...]] = ("document",)
    min_documents: int = field(default=10, metadata=DECIDES)
    max_removed: float = field(default=0.5, metadata=DECIDES)

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.min_documents < 2:
            raise ValueError("min_documents must be at least 2: one document shares nothing")

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `text` -> `id` and `lines`: the hash, the place and the characters of each that is looked at."""
        lines = [list(_lines(text)) for text in batch["text"].to_pylist()]
        return pa.record_batch({"id": batch["id"], "lines": pa.array(lines, pa.list_(LINE))})

    def scan(self, features: pa.RecordBatch) -> Lines:
        """The lines of one batch, each once a document."""
        of_each = [
            np.unique(np.array([line["hash"] for line in lines if line["chars"]], np.uint64))
            for lines in features["lines"].to_pylist()
        ]
        found = Lines(of_each, [np.ones(len(its), np.int64) for its in of_each])
        found.put_together()
        return found

    def merge(self, into: Lines, other: Lines) -> Lines:
        """Add `other` to `into`, in place."""
        into.hashes += other.hashes
        into.counts += other.counts
        if len(into.hashes) > PARTS:
            into.put_together()
        return into

    def settle(self, lines: Lines, texts: object) -> Lines:
        """Keep the lines that are shared by enough documents."""
        lines.put_together()
        enough = lines.counts[0] >= self.min_documents
        return Lines([lines.hashes[0][enough]], [lines.counts[0][enough]])

    def decide(self, features: pa.RecordBatch, lines: Lines) -> Verdicts:
        """One verdict a document: without its shared lines, or flagged where too little would be left."""
        verdicts = Verdicts()
        for row in features.to_pylist():
            its = row["lines"]
            shared = np.isin(np.array([line["hash"] for line in its], np.uint64), lines.hashes[0]).tolist()
            runs = list(_runs(its, [held and bool(line["chars"]) for held, line in zip(shared, its, strict=True)]))
            removed = sum(line["chars"] for run in runs for line in run)
            share = removed / max(1, sum(line["end"] - line["start"] for line in its))
            if share > self.max_removed:
                verdicts.flag(row["id"], "boilerplate.mostly_shared", share=round(share, 3))
            else:
                edits = [("text", Edit(run[0]["start"], run[-1]["end"], "boilerplate.removed", "")) for run in runs]
                verdicts.edit(row["id"], edits, "boilerplate.removed", lines=sum(map(len, runs)))
        return verdicts


def _lines(text: str) -> Iterator[dict[str, Any]]:
    """Each line that is not blank; `chars` is 0 for what is never taken out: headings, code, lines without a letter."""
    end, fence = 0, ""
    for whole in text.splitlines(keepends=True):
        start, end = end, end + len(whole)
        line = " ".join(whole.split())
        if not line:
            continue
        is_fence = line.startswith(FENCES) and fence in ("", line[:3])
        inside = bool(fence) or is_fence
        if is_fence:
            fence = "" if fence else line[:3]
        stays = inside or line.startswith("#") or not any(map(str.isalpha, line))
        digest = hashlib.blake2b(DIGITS.sub("0", line.casefold()).encode(), digest_size=8).digest()
        chars = 0 if stays else end - start
        yield {"hash": int.from_bytes(digest, "little"), "start": start, "end": end, "chars": chars}


def _runs(lines: Sequence[dict[str, Any]], shared: Sequence[bool]) -> Iterator[list[dict[str, Any]]]:
    """The runs of shared lines that go."""
    at = 0
    for is_shared, group in groupby(zip(lines, shared, strict=True), key=lambda pair: pair[1]):
        run = [line for line, _ in group]
        at += len(run)
        if not is_shared:
            continue
        if len(run) >= TOGETHER or at == len(run) or at == len(lines):
            yield run
            continue
        for line in run:
            if line["chars"] >= LONG:
                yield [line]
