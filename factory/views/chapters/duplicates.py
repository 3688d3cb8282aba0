"""Copies among the exported rows: exact and near, and near-duplicates that stand in two splits.

A copy is counted inside its kind: every row but the first of those that are alike. Across splits all kinds are looked
at together, since a text that is trained on in one kind is known in every other.
Costs   about 1 kB a row while near-duplicates are looked for; texts are read again only where they may be alike.
"""

import hashlib
import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from factory import near
from factory.runs import Run
from factory.stages.splits import SPLITS, THRESHOLD
from factory.views import declared, exported
from factory.views.chapter import EXAMPLES, Chapter, Finding, share, some
from factory.views.mending import Mends

NAME, TITLE = "duplicates", "Duplicates"
LARGEST = 5  # groups that are shown
PERMUTATIONS = 128
Positions = NDArray[np.int64]


@dataclass(frozen=True)
class _Rows:
    """What is known of each row, in the order of `exported`."""

    kinds: NDArray[np.uint8]
    splits: NDArray[np.uint8]
    folds: NDArray[np.uint64]
    signatures: near.Signatures


def chapter(run: Run) -> Chapter:
    """Shares of rows that repeat another, and how many rows have one like them in another split."""
    rows = _measured(run)
    count = len(rows.folds)
    labels = _clusters(run, rows)
    exact = _later(_of_records(run, _groups(rows.folds, rows.kinds)))
    alike = _of_records(run, _groups(labels.astype(np.uint64), rows.kinds))
    close = _later(alike)
    across = _across(labels, rows.splits)
    measures = {
        "duplicates.exact.share": share(len(exact), count),
        "duplicates.near.share": share(len(close), count),
        "duplicates.across_splits": len(across),
    }
    numbers = {
        "rows": count, "exact": len(exact), "near": len(close), "across_splits": len(across), "threshold": THRESHOLD,
        "largest": _largest(run, alike),
    }  # fmt: skip
    findings = [_across_found(run, across), _exact_found(run, exact), _near_found(run, close)]
    return Chapter(numbers, measures, findings)


def fold_digest(text: str) -> int:
    """64 bits of BLAKE2b of `text` after NFKC, case folding and single spaces."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return int.from_bytes(hashlib.blake2b(plain.encode(), digest_size=8).digest())


def _measured(run: Run) -> _Rows:
    count, names, first = exported.count(run), sorted(exported.TEXTS), 0
    kinds, splits = np.empty(count, np.uint8), np.empty(count, np.uint8)
    folds, signatures = np.empty(count, np.uint64), np.empty((count, PERMUTATIONS), np.uint32)
    for kind, split, texts in exported.texts(run):
        here = slice(first, first + len(texts))  # filled in place: joining parts would hold all of them twice
        kinds[here], splits[here] = names.index(kind), SPLITS.index(split)
        folds[here] = [fold_digest(text) for text in texts]
        signatures[here] = near.signatures(texts, num_perm=PERMUTATIONS)
        first += len(texts)
    return _Rows(kinds, splits, folds, signatures)


def _clusters(run: Run, rows: _Rows) -> Positions:
    if not len(rows.folds):
        return np.zeros(0, np.int64)
    return near.near_duplicates_of(
        rows.signatures, lambda wanted: exported.texts_at(run, wanted.tolist()), threshold=THRESHOLD
    )


def _groups(keys: NDArray[np.uint64], kinds: NDArray[np.uint8]) -> list[Positions]:
    """The positions of rows that are alike and of one kind, where there are two or more; each group ascends."""
    order = np.lexsort((np.arange(len(keys)), kinds, keys))
    changes = (np.diff(keys[order]) != 0) | (np.diff(kinds[order]) != 0)
    bounds = np.concatenate([[0], np.flatnonzero(changes) + 1, [len(order)]])
    several = np.flatnonzero(np.diff(bounds) > 1)
    return [order[bounds[nth] : bounds[nth + 1]] for nth in several]


def _of_records(run: Run, groups: list[Positions]) -> list[Positions]:
    """The groups with one row of each record: the pairs of one ranking share answers and are no copies."""
    positions = sorted(int(position) for group in groups for position in group)
    record = dict(zip(positions, map(exported.record_of, exported.ids_at(run, positions)), strict=True))
    first = [{record[int(at)]: at for at in group[::-1]} for group in groups]
    return [np.sort(np.array(list(its.values()), np.int64)) for its in first if len(its) > 1]


def _later(groups: list[Positions]) -> list[int]:
    """All but the first of each group."""
    return sorted(int(position) for group in groups for position in group[1:])


def _across(labels: Positions, splits: NDArray[np.uint8]) -> list[int]:
    """The rows whose cluster stands in more than one split."""
    low, high = np.full(len(labels), 255, np.uint8), np.zeros(len(labels), np.uint8)
    np.minimum.at(low, labels, splits)
    np.maximum.at(high, labels, splits)
    return np.flatnonzero(low[labels] != high[labels]).tolist()


def _largest(run: Run, groups: list[Positions]) -> list[dict[str, object]]:
    chosen = sorted(groups, key=lambda group: (-len(group), int(group[0])))[:LARGEST]
    return [{"rows": len(group), "ids": exported.ids_at(run, group[:3].tolist())} for group in chosen]


def _named(run: Run, positions: list[int]) -> tuple[str, ...]:
    return some(exported.ids_at(run, positions[:EXAMPLES]))


def _across_found(run: Run, rows: list[int]) -> Finding:
    return Finding(
        "duplicates.across_splits", "error", "Near-duplicates stand in two splits",
        "The test then asks for what was trained on, and its score says nothing.", len(rows),
        "`factory export RUN` keeps what is alike in one split" if declared.recipe(run).export.split.by == "draw"
        else "take these rows out of one of the two files", _named(run, rows),
    )  # fmt: skip


def _exact_found(run: Run, rows: list[int]) -> Finding:
    return Finding(
        "duplicates.exact", "warning", "Rows repeat another row word for word",
        "A row that stands twice weighs twice, and is learned by heart.", len(rows),
        Mends.of(run).by("exact_dedup"), _named(run, rows),
    )  # fmt: skip


def _near_found(run: Run, rows: list[int]) -> Finding:
    return Finding(
        "duplicates.near", "warning", "Rows nearly repeat another row",
        "They weigh several times, and the model learns their wording instead of what they say.", len(rows),
        Mends.of(run).by("minhash_dedup", threshold=str(THRESHOLD)), _named(run, rows),
    )  # fmt: skip
