"""Cap how many rows come from one document, one source, one generator or one topic.

Sees    what `meta` notes of a row: documents, sources, generator, and whatever else its generator noted.
State   of each group the digests of the rows that stay, at most its cap: about 150 bytes of RAM a row that stays.
Order   does not matter: of a group those rows stay whose ids have the smallest digests, a draw that is the same in
        every run and falls on all parts of a group alike.
Source  our own. Rows of one document are alike; a few long documents, or one eager generator, outweigh all others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate, chain
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from factory.drawing import draw
from factory.verdicts import Verdicts
from filters import _shown

NAMES = {"document": "documents", "source": "sources", "method": "generator"}  # what a cap is called -> its key in meta
LONGEST = 200  # characters of a value: a group has a short name, and a text is no group
PAIR = [pa.field("key", pa.string()), pa.field("value", pa.binary(8))]
GROUPS = pa.list_(pa.struct(PAIR))
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
        known: dict[str, bytes] = {}  # most values stand in every row
        groups = [list(_groups(meta, known)) for meta in _shown.metas(batch)]
        keys, values = zip(*chain.from_iterable(groups), strict=True) if any(groups) else ((), ())
        pairs = pa.StructArray.from_arrays([pa.array(keys, pa.string()), pa.array(values, pa.binary(8))], fields=PAIR)
        offsets = pa.array([0, *accumulate(map(len, groups))], pa.int32())
        return pa.record_batch({"id": batch["id"], "groups": pa.ListArray.from_arrays(offsets, pairs, GROUPS)})

    def scan(self, features: pa.RecordBatch) -> Staying:
        """Who of one batch could stay."""
        staying: Staying = {}
        for id_, groups in zip(features["id"].to_pylist(), self._capped(features), strict=True):
            for group in groups:
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
        for id_, groups in zip(features["id"].to_pylist(), self._capped(features), strict=True):
            drawn = draw(self.seed, id_) if groups else b""
            over = sorted({group[0] for group in groups if _is_full(staying[group], self.caps[group[0]], drawn)})
            if over:
                verdicts.reject(id_, "balance.over_cap", cap={key: self.caps[key] for key in over})
            else:
                verdicts.keep(id_)
        return verdicts

    def _capped(self, features: pa.RecordBatch) -> list[list[Group]]:
        """Of each row the groups that have a cap, under the name that the cap has."""
        made: list[list[Group]] = [[] for _ in range(len(features))]
        row_of, pairs = pc.list_parent_indices(features["groups"]), features["groups"].flatten()
        for name in self.caps:
            its = np.flatnonzero(pc.equal(pairs.field("key"), NAMES.get(name, name)).to_numpy(zero_copy_only=False))
            values = pairs.field("value").take(pa.array(its)).to_pylist()
            for row, value in zip(row_of.to_numpy()[its].tolist(), values, strict=True):
                made[row].append((name, value))
        return made


def _is_full(staying: list[bytes], most: int, drawn: bytes) -> bool:
    return len(staying) >= most and drawn > staying[-1]


def _groups(meta: dict[str, Any], known: dict[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """What a row can be grouped by: short texts, numbers, yes and no, and each of a list of these, as digests."""
    for key, value in meta.items():
        each = value if isinstance(value, list) else [value]
        for one in dict.fromkeys(map(_as_text, each)) if each is value else map(_as_text, each):
            if one is not None:
                if one not in known:
                    known[one] = blake2b(one.encode("utf-8", "surrogatepass"), digest_size=8).digest()
                yield key, known[one]


def _as_text(value: Any) -> str | None:
    if type(value) is str:  # most are: the general test costs ten times as much
        return value if len(value) <= LONGEST else None
    if isinstance(value, (str, int, float)) and len(text := str(value)) <= LONGEST:
        return text
    return None
