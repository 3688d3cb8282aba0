"""Judgements that cannot all be right: the same pair judged both ways, and circles of three or more answers.

In      judgements `above`: of one prompt, one answer was preferred to another.
Out     the rows that another one contradicts, and the rows on a circle.
Costs   about 100 bytes and 2 µs a pair, whatever the prompts.
Source  strongly connected components: Tarjan 1972, "Depth-first search and linear graph algorithms".
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from factory.folding import words

Pair = tuple[bytes, bytes]  # the digests of the better answer and of the worse


class Judgement(NamedTuple):
    """One row as a judgement: 8-byte digests of the folded prompt and of the answers, and its id."""

    prompt: bytes
    better: bytes
    worse: bytes
    id: str


def digest(text: str) -> bytes:
    """8 bytes of BLAKE2b of a prompt; case, accents, punctuation and spaces aside, where it has words."""
    return _digest(" ".join(words(text)) or text)


def answer_digest(text: str) -> bytes:
    """8 bytes of BLAKE2b of an answer, spaces aside: answers to "write it in capitals" differ in case alone."""
    return _digest(" ".join(text.split()))


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def circular(judgements: Iterable[Judgement]) -> tuple[dict[str, str], dict[str, str]]:
    """Rows that another row contradicts, and rows on a circle; each with one such other row.

    Of two answers that were judged both ways the rarer judgement is contradicted, where both are as frequent both are.
    Circles are looked for in what is left: A above B, B above C, C above A.
    """
    by_prompt: dict[bytes, dict[Pair, list[str]]] = {}
    for prompt, better, worse, id_ in judgements:
        if better != worse:
            by_prompt.setdefault(prompt, {}).setdefault((better, worse), []).append(id_)
    contradicted: dict[str, str] = {}
    circling: dict[str, str] = {}
    for judged in by_prompt.values():
        left: dict[Pair, list[str]] = {}
        for (better, worse), ids in judged.items():
            against = judged.get((worse, better), [])
            if against and len(against) >= len(ids):
                contradicted |= dict.fromkeys(ids, min(against))
            else:
                left[better, worse] = ids
        circling |= _on_circles(left)
    return contradicted, circling


def _on_circles(judged: Mapping[Pair, list[str]]) -> dict[str, str]:
    """The rows whose two answers can each be reached from the other, each with a row that goes on from there."""
    below: dict[bytes, list[bytes]] = {}
    for better, worse in judged:
        below.setdefault(better, []).append(worse)
    part = _parts(below)
    circling = {pair: ids for pair, ids in judged.items() if part[pair[0]] == part[pair[1]]}
    goes_on: dict[bytes, str] = {}
    for (better, _), ids in circling.items():
        goes_on[better] = min([*ids, goes_on.get(better, ids[0])])
    return {id_: goes_on[worse] for (_, worse), ids in circling.items() for id_ in ids}


def _parts(below: Mapping[bytes, Sequence[bytes]]) -> dict[bytes, int]:
    """The strongly connected part of each node, without recursion: chains may be long."""
    number: dict[bytes, int] = {}
    low: dict[bytes, int] = {}
    part: dict[bytes, int] = {}
    path: list[bytes] = []
    for root in below:
        work = [(root, iter(below[root]))] if root not in number else []
        while work:
            node, rest = work[-1]
            if node not in number:
                number[node] = low[node] = len(number)
                path.append(node)
            step = next(rest, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    _close(node, path, part)
            elif step not in number:
                work.append((step, iter(below.get(step, ()))))
            elif step not in part:
                low[node] = min(low[node], number[step])
    return part


def _close(node: bytes, path: list[bytes], part: dict[bytes, int]) -> None:
    """Take a whole part off the path."""
    name = len(part)
    while True:
        part[path[-1]] = name
        if path.pop() == node:
            return
