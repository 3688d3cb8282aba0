"""Repair text that was decoded wrongly, take control characters out, and reject what is broken beyond repair.

Sees    every string of a row; lines of ASCII without controls cost next to nothing.
Edits   the characters that were wrong and no others; `action: flag` and `action: reject` edit nothing.
Misses  what was lost before: U+FFFD and characters for private use are counted and not repaired.
Source  ftfy (Speer, https://ftfy.readthedocs.io), which undoes a decoding only where the result is likelier than the
        text; nothing is guessed here beyond it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import ftfy
import numpy as np
import pyarrow as pa
from ftfy.badness import BADNESS_RE, badness

from factory.edits import Edit
from factory.figures import Figure
from factory.verdicts import Verdicts
from filters import _shown
from filters._rules import check_bounds

LONGEST = 10_000  # characters of a line that are looked at together
PIECE = re.compile(rf"[^\n]{{1,{LONGEST}}}[^\x00-\x7f]{{0,99}}\n?|\n")  # not cut within a run beyond ASCII
FOREIGN = re.compile(r"[^\x00-\x7f]+")
CONTROL = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f\u206a-\u206f\ufeff\ufff9-\ufffc\ufffe\uffff]+"
)  # ftfy's, and two more
LOST = re.compile("[\ufffd\ue000-\uf8ff]")
_CONTROL_BYTES = bytes(code for code in range(0x80) if CONTROL.match(chr(code)))
_REACH = 6  # characters: ftfy's sequences have up to seven, one of which is beyond ASCII
_NEAR_FOREIGN = re.compile(rf"[^\x00-\x7f]+(?:[\x00-\x7f]{{1,{2 * _REACH}}}[^\x00-\x7f]+)*")
REPAIR = pa.struct(
    [("field", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("kind", pa.string()), ("text", pa.string())]
)
DECIDES = {"decides": True}


@dataclass(frozen=True)
class Encoding:
    """Keep rows whose share of broken characters is at most `max_broken`, and repair them."""

    sees: ClassVar[str] = "strings"
    action: Literal["repair", "reject", "flag"] = field(default="repair", metadata=DECIDES)
    max_broken: float | None = field(default=0.01, metadata=DECIDES)

    def __post_init__(self) -> None:
        check_bounds(self)

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `field`, `text`, several rows an id -> one row an id: `repairs`, how many of `chars` are `broken`."""
        rows: dict[str, dict[str, Any]] = {}
        for id_, name, _, text in _shown.strings(batch):
            row = rows.setdefault(id_, {"repairs": [], "chars": 0, "broken": 0})
            repairs, broken = _examined(text)
            row["chars"] += len(text)
            row["broken"] += broken
            row["repairs"] += [{"field": name} | repair for repair in repairs]
        return pa.record_batch(
            {
                "id": pa.array(rows, pa.string()),
                "repairs": pa.array([row["repairs"] for row in rows.values()], pa.list_(REPAIR)),
                "chars": pa.array([row["chars"] for row in rows.values()], pa.int64()),
                "broken": pa.array([row["broken"] for row in rows.values()], pa.int64()),
            }
        )

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """One verdict a row: broken beyond repair first, then repaired, rejected or flagged for what is wrong."""
        verdicts = Verdicts()
        for row in features.to_pylist():
            id_, repairs, share = row["id"], row["repairs"], row["broken"] / max(1, row["chars"])
            say = verdicts.flag if self.action == "flag" else verdicts.reject
            kinds = {repair["kind"] for repair in repairs}
            why = "encoding.mojibake" if "encoding.mojibake" in kinds else "encoding.control"
            if self.max_broken is not None and share > self.max_broken:
                say(id_, "encoding.broken", broken=row["broken"], share=round(share, 4))
            elif repairs and self.action != "repair":
                say(id_, why, places=len(repairs))
            else:
                edits = [(r["field"], Edit(r["start"], r["end"], r["kind"], r["text"])) for r in repairs]
                verdicts.edit(id_, edits, why, places=len(repairs))
        return verdicts

    def figures(self, features: pa.RecordBatch) -> list[Figure]:
        """The share of characters that are broken beyond repair."""
        broken, chars = (features[name].to_numpy() for name in ("broken", "chars"))
        return [Figure("broken", broken / np.maximum(chars, 1), most=self.max_broken)]


def _examined(text: str) -> tuple[list[dict[str, Any]], int]:
    """What is to be put in place of what, in order, none overlapping; and how much is broken beyond repair.

    Broken are lost characters, and sequences that still look decoded wrongly after the repair.
    """
    if text.isascii() and not _has_controls(text):
        return [], 0
    repairs: list[dict[str, Any]] = []
    lost, broken = len(LOST.findall(text)), 0
    for piece in PIECE.finditer(text):
        line, start, at = piece[0], piece.start(), 0
        is_bad = _is_bad(line)
        fixed = ftfy.fix_encoding(line) if is_bad else line
        for first, last, run in _differences(line, fixed) if fixed != line else ():
            repairs += _controls(line, at, first, start)
            repairs.append(_repair(start + first, start + last, "encoding.mojibake", CONTROL.sub("", run)))
            at = last
        repairs += _controls(line, at, len(line), start)
        if (is_bad or lost) and not fixed.isascii():  # else nothing looks decoded wrongly
            broken += badness(LOST.sub("", fixed))
    return repairs, lost + broken


def _has_controls(text: str) -> bool:
    """Whether CONTROL stands in a text of ASCII; a tenth of the time that the pattern takes."""
    return len(text.encode().translate(None, _CONTROL_BYTES)) < len(text)


def _is_bad(line: str) -> bool:
    """As `ftfy.badness.is_bad`, which looks at every letter of ASCII; sequences that are bad reach beyond that."""
    near = _NEAR_FOREIGN.finditer(line)
    return any(BADNESS_RE.search(line, max(0, its.start() - _REACH), its.end() + _REACH) for its in near)


def _controls(line: str, first: int, last: int, start: int) -> Iterator[dict[str, Any]]:
    for found in CONTROL.finditer(line, first, last):
        yield _repair(start + found.start(), start + found.end(), "encoding.control", "")


def _repair(start: int, end: int, kind: str, text: str) -> dict[str, Any]:
    return {"start": start, "end": end, "kind": kind, "text": text}


def _differences(line: str, fixed: str) -> Iterator[tuple[int, int, str]]:
    """The runs beyond ASCII that ftfy decodes otherwise, and what they become.

    The bytes of UTF-8 that were taken for letters are all beyond ASCII. Where what becomes of a line does not fall into
    the runs of it, the line is replaced from its first to its last difference.
    """
    runs = [(found.start(), found.end()) for found in FOREIGN.finditer(line)]
    made = _aligned(line, runs, fixed)
    if made is None:
        yield _whole(line, fixed)
        return
    yield from ((start, end, text) for (start, end), text in zip(runs, made, strict=True) if line[start:end] != text)


def _aligned(line: str, runs: list[tuple[int, int]], fixed: str) -> list[str] | None:
    """What becomes of each run, if what stands between them is left as it is; else None."""
    ends = [start for start, _ in runs[1:]] + [len(line)]
    at = runs[0][0]
    made = []
    if fixed[:at] != line[:at]:
        return None
    for (_, end), until in zip(runs, ends, strict=True):
        between = line[end:until]
        place = fixed.find(between, at) if until < len(line) else len(fixed) - len(between)
        if place < at or fixed[place : place + len(between)] != between:
            return None
        made.append(fixed[at:place])
        at = place + len(between)
    return made


def _whole(line: str, fixed: str) -> tuple[int, int, str]:
    """The smallest part of a line that is to be replaced at once; it holds at least one character."""
    same = min(len(line), len(fixed))
    first = next((nth for nth in range(same) if line[nth] != fixed[nth]), same)
    first = min(first, len(line) - 1)
    last = next((nth for nth in range(same - first) if line[-1 - nth] != fixed[-1 - nth]), same - first)
    last = min(last, len(line) - first - 1)
    return first, len(line) - last, fixed[first : len(fixed) - last]
