"""Which rows of two runs are the same row: for each pair their places, what joined them, and what is left over.

Rows are of one kind or they are not the same. In this order, each row once:
  content  all columns are the same, letter for letter; of several copies those of one id, one policy, one split first
  id       the same id: a generated row's own, a foreign row's `id` column; not its place in the file, which moves
  near     near copies by `factory.near`: character 5-grams, Jaccard .6 or more, the likest first
Content before id: what is trained on is the content, and ids of passages move when a document grows.

Costs   50 bytes a row of both runs; 0.5 kB more a row that neither content nor id joins (at most `MOST` a side: beyond
        it near copies are not looked for). Texts are read again only where they may be alike.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from factory import near, records, tokens
from factory.runs import Run
from factory.shingles import MIX
from factory.stages.export import EXPORTED
from factory.stages.splits import SPLITS
from factory.views import exported

How = Literal["content", "id", "near"]
HOWS: tuple[How, ...] = get_args(How)
KINDS = sorted(EXPORTED)
POLICY = ("licence", "copyright", "confidentiality")
AFTER_NUMBER = re.compile(r"row:.*:\d{7}(.*)", re.DOTALL)  # what tells the records of one foreign row apart
LIKENESS = 0.6  # Jaccard: a sentence of ten words that changes one has about .7
NGRAM = 5
PERMUTATIONS = 128
MOST = 200_000  # rows a side whose signatures are held: 100 MB each
CHUNK = 1000  # rows whose texts are held while they are signed
CROWD = 64  # members a side that are compared all with all
Digests = NDArray[np.uint64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Side:
    """What is known of each row of a run, in the order of `exported`.

    `keys` is 0 where a row has no id of its own; `tokens` are estimated from bytes, as in the chapter on lengths.
    """

    contents: Digests
    policies: Digests
    keys: Digests
    ids: Digests
    tokens: Digests
    kinds: NDArray[np.uint8]
    splits: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.contents)


@dataclass(frozen=True)
class Matched:
    """Pairs of places (`a[n]` is the row `b[n]`) with the index in HOWS of what joined them; ascending in `a`."""

    a: Places
    b: Places
    how: NDArray[np.uint8]
    only_a: Places
    only_b: Places
    near_looked_for: bool


def side(run: Run) -> Side:
    """Read a run's rows once."""
    count = exported.count(run)
    numbers = np.zeros((5, count), np.uint64)
    small = np.zeros((2, count), np.uint8)
    at = 0
    for kind, split, batch in exported.batches(run, exported.WHOLE):
        small[:, at : at + len(batch)] = [[KINDS.index(kind)], [SPLITS.index(split)]]
        for row in batch.to_pylist():
            numbers[:, at] = _digests(kind, row)
            at += 1
    return Side(*numbers, *small)


def _digests(kind: str, row: Mapping[str, Any]) -> tuple[int, int, int, int, int]:
    meta = json.loads(row["meta"])
    content = [row[name] for name, _ in EXPORTED[kind]]
    return (
        digest([kind, content]),
        digest([meta.get(name) for name in POLICY]),
        _key(kind, row["id"], meta),
        digest(row["id"]),
        tokens.count([records.joined(kind, row)], None)[0],
    )


def _key(kind: str, id_: str, meta: Mapping[str, Any]) -> int:
    if "row" not in meta:  # a generator made it
        return digest([kind, id_])
    found = AFTER_NUMBER.fullmatch(id_)
    own = meta.get("own_id")
    return digest([kind, own, found[1] if found else ""]) if own is not None else 0


def digest(value: Any) -> int:
    """64 bits of BLAKE2b of a value as JSON."""
    content = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return int.from_bytes(hashlib.blake2b(content.encode(), digest_size=8).digest())


def match(one: Run, other: Run, a: Side, b: Side) -> Matched:
    """Join the rows of two runs that were read."""
    pairing = _Pairing(a, b)
    for columns in (
        ("contents", "ids", "policies", "splits"), ("contents", "policies", "splits"), ("contents", "policies"),
        ("contents", "splits"), ("contents",),
    ):  # fmt: skip
        pairing.join("content", columns)
    pairing.join_keys()
    left = pairing.left()
    looked = max(map(len, left)) <= MOST
    if looked and min(map(len, left)):
        pairing.add("near", *_near((one, other), left, (a.kinds, b.kinds)))
    return pairing.done(near_looked_for=looked)


class _Pairing:
    """The pairs so far, and which rows are free."""

    def __init__(self, a: Side, b: Side) -> None:
        self._sides = (a, b)
        self._free = (np.ones(len(a), bool), np.ones(len(b), bool))
        self._pairs: list[tuple[Places, Places, int]] = []

    def left(self) -> tuple[Places, Places]:
        """The places that are free, ascending."""
        return np.flatnonzero(self._free[0]), np.flatnonzero(self._free[1])

    def join(self, how: How, columns: Sequence[str]) -> None:
        """Join free rows that have the same in these columns: the first with the first, the second with the second."""
        left = self.left()
        keys = [
            _mixed([getattr(its, name)[places] for name in columns])
            for its, places in zip(self._sides, left, strict=True)
        ]
        keys = [_mixed([found, _nth(found)]) for found in keys]
        self._add_common(how, keys, left)

    def join_keys(self) -> None:
        """Join free rows whose id stands once on each side."""
        left = [places[its.keys[places] != 0] for its, places in zip(self._sides, self.left(), strict=True)]
        keys = []
        for its, places in zip(self._sides, left, strict=True):
            values, counts = np.unique(its.keys, return_counts=True)
            once = counts[np.searchsorted(values, its.keys[places])] == 1
            keys.append((its.keys[places][once], places[once]))
        self._add_common("id", [key for key, _ in keys], [places for _, places in keys])

    def _add_common(self, how: How, keys: Sequence[Digests], places: Sequence[Places]) -> None:
        _, in_a, in_b = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
        self.add(how, places[0][in_a], places[1][in_b])

    def add(self, how: How, a: Places, b: Places) -> None:
        """Note pairs; their rows are free no more."""
        self._free[0][a] = self._free[1][b] = False
        self._pairs.append((a, b, HOWS.index(how)))

    def done(self, *, near_looked_for: bool) -> Matched:
        """All pairs in the order of the first side."""
        a, b = (np.concatenate([pair[nth] for pair in self._pairs]).astype(np.int64) for nth in (0, 1))
        how = np.concatenate([np.full(len(its), name, np.uint8) for its, _, name in self._pairs])
        order = np.argsort(a)
        return Matched(a[order], b[order], how[order], *self.left(), near_looked_for)


def _mixed(columns: Iterable[NDArray[Any]]) -> Digests:
    """One 64-bit number for the numbers of each row; two rows share one by chance as seldom as digests do."""
    total: Digests = np.zeros(1, np.uint64)
    for column in columns:
        total = (total ^ column.astype(np.uint64)) * MIX
        total = (total ^ (total >> np.uint64(31))) * MIX
    return total


def _nth(keys: Digests) -> Digests:
    """For each key the how manieth of its kind it is, in order."""
    order = np.argsort(keys, kind="stable")
    first = np.concatenate([[True], keys[order][1:] != keys[order][:-1]]) if len(keys) else np.zeros(0, bool)
    begins = np.maximum.accumulate(np.where(first, np.arange(len(keys)), 0)) if len(keys) else order
    found = np.empty(len(keys), np.uint64)
    found[order] = np.arange(len(keys)) - begins
    return found


# --- near copies


def _near(
    runs: tuple[Run, Run], left: tuple[Places, Places], kinds: tuple[NDArray[np.uint8], NDArray[np.uint8]]
) -> tuple[Places, Places]:
    """Pairs of the rows left over that are near copies, each row in one pair at most."""
    signed = [_signed(run, places) for run, places in zip(runs, left, strict=True)]
    count = len(left[0])

    def texts_of(wanted: Places) -> list[str]:
        cut = int(np.searchsorted(wanted, count))
        ours, theirs = left[0][wanted[:cut]], left[1][wanted[cut:] - count]
        return [*exported.texts_at(runs[0], ours.tolist()), *exported.texts_at(runs[1], theirs.tolist())]

    signatures = np.concatenate(signed)
    labels = near.near_duplicates_of(signatures, texts_of, threshold=LIKENESS, ngram=NGRAM, unit="char")
    kind = np.concatenate([kinds[0][left[0]], kinds[1][left[1]]])
    found = [pair for group in _groups(labels, kind) for pair in _likest(group, count, signatures)]
    pairs = np.array(found, np.int64).reshape(-1, 2)
    return left[0][pairs[:, 0]], left[1][pairs[:, 1] - count]


def _signed(run: Run, places: Places) -> near.Signatures:
    made = np.empty((len(places), PERMUTATIONS), np.uint32)
    for first in range(0, len(places), CHUNK):
        texts = exported.texts_at(run, places[first : first + CHUNK].tolist())
        made[first : first + CHUNK] = near.signatures(texts, num_perm=PERMUTATIONS, ngram=NGRAM, unit="char")
    return made


def _groups(labels: Places, kinds: NDArray[np.uint8]) -> list[Places]:
    """The places of each cluster of one kind that has two members or more."""
    order = np.lexsort((kinds, labels))
    changes = (np.diff(labels[order]) != 0) | (np.diff(kinds[order].astype(int)) != 0)
    return [group for group in np.split(order, np.flatnonzero(changes) + 1) if len(group) > 1]


def _likest(group: Places, count: int, signatures: near.Signatures) -> list[tuple[int, int]]:
    """Of one cluster the pairs across the sides, the likest first; likeness is the share of equal columns."""
    ours, theirs = np.sort(group[group < count]), np.sort(group[group >= count])
    pairs: list[tuple[int, int]] = []
    for first in range(0, max(len(ours), len(theirs)), CROWD):
        one, other = ours[first : first + CROWD], theirs[first : first + CROWD]
        likeness = (signatures[one][:, None] == signatures[other][None]).mean(axis=2)
        while likeness.size and likeness.max() >= LIKENESS:
            nth, mth = np.unravel_index(int(likeness.argmax()), likeness.shape)
            pairs.append((int(one[nth]), int(other[mth])))
            likeness[nth], likeness[:, mth] = -1, -1
    return pairs
