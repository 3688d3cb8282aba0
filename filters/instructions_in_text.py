"""Flag texts that give orders to a model: "ignore the previous instructions", "as an AI you must …", hidden or not.

Sees    the whole text of a document or passage.
Misses  orders in other words, other languages than English, German, Spanish, French and Chinese, in pictures, in rare
        encodings; see `filters/_orders.py` for what counts.
Source  our own phrases. An order is reported and not dropped: a text about such attacks quotes them.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import pyarrow as pa

from factory.verdicts import Verdicts
from filters._orders import orders


@dataclass(frozen=True)
class InstructionsInText:
    """Flag or reject documents and passages that speak to the model which reads them."""

    sees: ClassVar[str] = "text"
    kinds: ClassVar[tuple[str, ...]] = ("document", "passage")
    action: Literal["flag", "reject"] = field(default="flag", metadata={"decides": True})

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """`id`, `text` -> `id`, `orders`: their kinds, `hidden`: whether one is out of a reader's sight."""
        found = [orders(text) for text in batch["text"].to_pylist()]
        return pa.record_batch(
            {
                "id": batch["id"],
                "orders": pa.array([kinds for kinds, _ in found], pa.list_(pa.string())),
                "hidden": pa.array([hidden for _, hidden in found], pa.bool_()),
            }
        )

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Flag or reject; the evidence names the kinds of order, never their words."""
        verdicts = Verdicts()
        say = verdicts.reject if self.action == "reject" else verdicts.flag
        for row in features.to_pylist():
            if not row["orders"]:
                verdicts.keep(row["id"])
            else:
                reason = "instructions_in_text.hidden" if row["hidden"] else "instructions_in_text.orders"
                say(row["id"], reason, orders=row["orders"])
        return verdicts
