"""Reject what the rules of FineWeb reject: lists, short lines, lines that stand there twice.

Sees    the whole text of a document, passage or plain-text row; a line is what a line feed ends, blank ones apart.
Misses  texts without line breaks: one line that ends in a full stop breaks no rule.
Source  Penedo et al. 2024 (arXiv:2406.17557), section 3.6, each bound the published one; counted as datatrove does
        (https://github.com/huggingface/datatrove).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from factory.figures import Figure
from factory.verdicts import Verdicts
from filters._repetition import repeated
from filters._rules import Rule, check_bounds, figures_of, judge
from filters._words import tokens

DECIDES = {"decides": True}
ENDS = tuple(  # what Unicode says may end a sentence (Sentence_Terminal), the scripts in daily use
    ".!?։؝؞؟۔܀܁܂߹।॥၊။።፧፨᙮᜵᜶។៕᠃᠉᥄᥅᪨᪩᪪᪫‼‽⁇⁈⁉⸮⸼。｡．？！﹒﹖﹗꘎꘏꛳꛷꡶꡷꣎꣏꤯꧈꧉"
)


@dataclass(frozen=True)
class Fineweb:
    """Keep texts that break no rule; a bound of null is no rule."""

    sees: ClassVar[str] = "text"
    kinds: ClassVar[tuple[str, ...]] = ("document", "passage", "text")
    min_line_ends: float | None = field(default=0.12, metadata=DECIDES)
    max_short_lines: float | None = field(default=0.67, metadata=DECIDES)
    short_line: int = 30
    max_repeated_chars: float | None = field(default=0.01, metadata=DECIDES)
    max_newlines_a_word: float | None = field(default=0.3, metadata=DECIDES)

    def __post_init__(self) -> None:
        check_bounds(self)

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `text` -> `id` and a figure for each rule."""
        texts = batch["text"].to_pylist()
        words = np.maximum(tokens(texts).counts, 1)
        newlines = np.array([text.count("\n") for text in texts], np.int64)
        rows = np.array([self._of_lines(text) for text in texts], np.float64).reshape(-1, 3)
        names = ("line_ends", "short_lines", "repeated_chars")
        columns = dict(zip(names, rows.T, strict=True)) | {"newlines_a_word": newlines / words}
        return pa.record_batch({"id": batch["id"], **{name: pa.array(its) for name, its in columns.items()}})

    def _of_lines(self, text: str) -> Sequence[float]:
        lines = [line for line in text.split("\n") if line.strip()]
        count = max(1, len(lines))
        ends = sum(line.endswith(ENDS) for line in lines) / count
        short = sum(len(line) <= self.short_line for line in lines) / count
        _, again = repeated(lines)
        return ends, short, again / max(1, len(text) - text.count("\n"))

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Reject for the first rule that is broken."""
        return judge(features, self._rules())

    def figures(self, features: pa.RecordBatch) -> list[Figure]:
        """What each rule looks at."""
        return figures_of(features, self._rules())

    def _rules(self) -> list[Rule]:
        return [
            Rule("line_ends", "fineweb.too_few_line_ends", least=self.min_line_ends),
            Rule("short_lines", "fineweb.short_lines", most=self.max_short_lines),
            Rule("repeated_chars", "fineweb.repeated_lines", most=self.max_repeated_chars),
            Rule("newlines_a_word", "fineweb.list", most=self.max_newlines_a_word),
        ]
