"""How long documents, passages and rows are: characters, and tokens as estimated from bytes."""

from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from factory import tables
from factory.corpus import document_table, kept, passage_table
from factory.runs import Run
from factory.tokens import BYTES_A_TOKEN
from factory.views import declared, exported
from factory.views.chapter import Chapter, Finding
from factory.views.histogram import bins, summary, tokens

NAME, TITLE = "lengths", "Lengths"
FEW = 100  # rows: below this a fine-tuning learns the rows, not the task
Lengths = NDArray[np.int64]


def chapter(run: Run) -> Chapter:
    """Quantiles and a histogram of each; 16 bytes a document, passage and row are held."""
    rows = {kind: _told(*lengths) for kind, lengths in _rows(run).items()}
    documents = _told(*_documents(run))
    characters, its_tokens = _passages(run)
    passages = {"characters": summary(characters), "tokens": summary(its_tokens), "histogram": bins(its_tokens)}
    measures: dict[str, float] = {"tokens.total": sum(its["tokens"]["total"] for its in rows.values())}
    for kind, its in rows.items():
        measures |= {f"lengths.{kind}.tokens.{name}": its["tokens"][name] for name in ("median", "p95", "max")}
    numbers = {
        "documents": documents, "passages": passages, "rows": rows, "bytes_a_token": BYTES_A_TOKEN,
        "passage_tokens_are": run.counts("split").get("tokens_are", "estimated"),
    }  # fmt: skip
    return Chapter(numbers, measures, _too_few(rows, made=declared.has_documents(run)))


def _told(characters: Lengths, sizes: Lengths) -> dict[str, Any]:
    estimate = tokens(sizes)
    return {"characters": summary(characters), "tokens": summary(estimate), "histogram": bins(estimate)}


def _documents(run: Run) -> tuple[Lengths, Lengths]:
    """Characters and bytes of the kept documents, as parsed."""
    table = document_table(run)
    alive = kept(run, table).alive
    found = [
        (pc.utf8_length(batch["text"]), pc.binary_length(batch["text"]))
        for batch in tables.batches(table.folder, table.schema, columns=["text"])
    ]
    return _joined([pair[0] for pair in found])[alive], _joined([pair[1] for pair in found])[alive]


def _passages(run: Run) -> tuple[Lengths, Lengths]:
    """Characters of the kept passages in their documents, and the tokens that the splitter counted."""
    table = passage_table(run)
    alive = kept(run, table).alive
    found = [
        (pc.subtract(batch["end"], batch["start"]), batch["tokens"])
        for batch in tables.batches(table.folder, table.schema, columns=["start", "end", "tokens"])
    ]
    return _joined([pair[0] for pair in found])[alive], _joined([pair[1] for pair in found])[alive]


def _joined(arrays: list[Any]) -> Lengths:
    if not arrays:
        return np.zeros(0, np.int64)
    return np.concatenate([array.to_numpy(zero_copy_only=False).astype(np.int64) for array in arrays])


def _rows(run: Run) -> dict[str, tuple[Lengths, Lengths]]:
    """Characters and bytes of the exported rows by kind: all strings of a row, joined."""
    found: dict[str, list[Lengths]] = {}
    for kind, _, texts in exported.texts(run):
        pairs = [(len(text), len(text.encode())) for text in texts]
        found.setdefault(kind, []).append(np.array(pairs, np.int64).reshape(-1, 2))
    joined = {kind: np.concatenate(parts) for kind, parts in found.items()}
    return {kind: (pairs[:, 0], pairs[:, 1]) for kind, pairs in joined.items()}


def _too_few(rows: dict[str, dict[str, Any]], *, made: bool) -> list[Finding]:
    return [
        Finding(
            f"lengths.few_rows.{kind}", "info", f"Few rows of kind {kind}",
            f"Below {FEW} rows a model learns the rows by heart more than what they teach.", its["tokens"]["count"],
            "add documents, or a method under `generate: methods:` in the recipe" if made else "add rows",
        )
        for kind, its in rows.items() if its["tokens"]["count"] < FEW
    ]  # fmt: skip
