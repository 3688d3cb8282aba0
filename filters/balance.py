"""Cap how many rows come from one document, one source, one generator or one topic.

Sees    what `meta` notes of a row: documents, sources, generator, and whatever else its generator noted.
State   of each group the digests of the rows that stay, at most its cap: about 150 bytes of RAM a row that stays.
Order   does not matter: of a group those rows stay whose ids have the smallest digests, a draw that is the same in
        every run and falls on all parts of a group alike.
Source  our own. Rows of one document are alike; a few long documents, or one eager generator, outweigh all others.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, ClassVar

import pyarrow as pa

from factory.drawing import draw
from factory.verdicts import Verdicts

NAMES = {"document": "documents", "source": "sources", "method": "generator"}  # what a cap is called -> its key in meta
LONGEST = 200  # characters of a value: a group has a short name, and a text is no group
GROUPS = pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary(8))]))
Group = tuple[str, bytes]
Staying = dict[Group, list[bytes]]  # the smallest digests of each group, sorted


@dataclass(frozen=True)
class Balance:
    """Keep of each group at most as many rows as `caps` says; a row must be among those of all its groups."""

    sees: ClassVar[str] = "record"
    caps: dict[str, int] = field(default_factory=lambda: {"document": 50}, metadata={"decides": True})
    seed: int = field(default=0, metadata={"decides": True})

    def __post_init__(self) -> None:
        if not self.caps:
            raise ValueError("'caps' caps nothing")
        for key, most in self.caps.items():
            if most < 1:
                raise ValueError(f"the cap of '{key}' must be at least 1")

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A row -> `id`, `groups`: the key and an 8-byte digest of each short value in its `meta`."""
        groups = [list(_groups(json.loads(meta))) for meta in batch["meta"].to_pylist()]
        return pa.record_batch({"id": batch["id"], "groups": pa.array(groups, GROUPS)})

    def scan(self, features: pa.RecordBatch) -> Staying:
        """Who of one batch could stay."""
        staying: Staying = {}
        for id_, groups in zip(features["id"].to_pylist(), features["groups"].to_pylist(), strict=True):
            for group, _ in self._capped(groups):
                staying.setdefault(group, []).append(draw(self.seed, id_))
        return {group: sorted(digests)[: self.caps[group[0]]] for group, digests in staying.items()}

    def merge(self, into: Staying, other: Staying) -> Staying:
        """Fold `other` into `into`, in place."""
        for group, digests in other.items():
            into[group] = sorted(into.get(group, []) + digests)[: self.caps[group[0]]]
        return into

    def decide(self, features: pa.RecordBatch, staying: Staying) -> Verdicts:
        """Reject who is not among those that stay of one of its groups; the evidence names key and cap."""
        verdicts = Verdicts()
        for id_, groups in zip(features["id"].to_pylist(), features["groups"].to_pylist(), strict=True):
            drawn = draw(self.seed, id_)
            over = sorted({group[0] for group, most in self._capped(groups) if _is_full(staying[group], most, drawn)})
            if over:
                verdicts.reject(id_, "balance.over_cap", cap={key: self.caps[key] for key in over})
            else:
                verdicts.keep(id_)
        return verdicts

    def _capped(self, groups: list[dict[str, Any]]) -> Iterator[tuple[Group, int]]:
        """The groups of a row that have a cap, under the name that the cap has."""
        for name, most in self.caps.items():
            key = NAMES.get(name, name)
            yield from (((name, group["value"]), most) for group in groups if group["key"] == key)


def _is_full(staying: list[bytes], most: int, drawn: bytes) -> bool:
    return len(staying) >= most and drawn > staying[-1]


def _groups(meta: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What a row can be grouped by: short texts, numbers, yes and no, and each of a list of these."""
    for key, value in meta.items():
        for one in dict.fromkeys(map(_as_text, value if isinstance(value, list) else [value])):
            if one is not None:
                yield {"key": key, "value": blake2b(one.encode("utf-8", "surrogatepass"), digest_size=8).digest()}


def _as_text(value: Any) -> str | None:
    if isinstance(value, str | int | float) and len(text := str(value)) <= LONGEST:
        return text
    return None
