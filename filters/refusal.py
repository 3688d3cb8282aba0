"""Flag answers that refuse: "I cannot help with that", "As an AI language model, I …", in eight languages.

Sees    the answers of a record: what the assistant says, of a preference the chosen side; and which generator made it.
Misses  refusals in other words or languages; see `factory/refusals.py` for what counts.
Source  our own phrases. A refusal is reported and not dropped: whether it is right, no phrase can say.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pyarrow as pa

from factory.refusals import refuses
from factory.verdicts import Verdicts
from filters import _shown

DECIDES = {"decides": True}
ANSWERS = ("messages[", "completion[", "chosen[")


@dataclass(frozen=True)
class Refusal:
    """Flag rows of which an answer refuses, but for those of generators that make such rows on purpose."""

    sees: ClassVar[str] = "record"
    kinds: ClassVar[tuple[str, ...]] = ("sft", "feedback", "preference")
    action: Literal["flag", "reject"] = field(default="flag", metadata=DECIDES)
    wanted_from: list[str] = field(default_factory=lambda: ["unanswerable"], metadata=DECIDES)

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A row -> `id`, `generator`; of the first answer that refuses `field` and `language`, null where none does."""
        found = list(map(_first_refusal, _shown.rows(batch)))
        generators = [meta.get("generator") for meta in _shown.metas(batch)]
        return pa.record_batch(
            {
                "id": batch["id"],
                "generator": pa.array([name if isinstance(name, str) else None for name in generators], pa.string()),
                "field": pa.array([where for where, _ in found], pa.string()),
                "language": pa.array([language for _, language in found], pa.string()),
            }
        )

    def decide(self, features: pa.RecordBatch) -> Verdicts:
        """Flag or reject; the evidence gives field and language, never the phrase."""
        verdicts = Verdicts()
        say = verdicts.reject if self.action == "reject" else verdicts.flag
        columns = (features[name].to_pylist() for name in ("id", "generator", "field", "language"))
        for id_, generator, where, language in zip(*columns, strict=True):
            if language is None or generator in self.wanted_from:
                verdicts.keep(id_)
            else:
                say(id_, "refusal.refuses", field=where, language=language)
        return verdicts


def _first_refusal(strings: list[dict[str, Any]]) -> tuple[str | None, str | None]:
    for string in strings:
        if string["role"] == "assistant" and string["field"].startswith(ANSWERS):
            language = refuses(string["text"])
            if language is not None:
                return string["field"], language
    return None, None
