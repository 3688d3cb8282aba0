"""Words and marks of many texts at once, for all filters that count them.

In      a batch of texts.
Out     `Tokens`: one array of numbers into a vocabulary of distinct words and marks, and where each text begins.
Costs   about 0.1 ms a 2 kB text: a run of characters between white space is cut up once, however often it stands there.
Source  the rules of spaCy's English tokeniser (https://spacy.io/usage/linguistic-features#how-tokenizer-works), most of
        them: they are what other builds of these filters count with. What it does not know: emoticons, and the
        abbreviations that are not in ABBREVIATIONS.

A run is stripped of brackets, quotes and other marks at both ends, each a token of its own; so are 's, 'll and n't.
What is left is one token if it is an address, and else cut at hyphens and slashes between letters. In scripts written
without spaces (Chinese, Japanese, Thai, Lao, Tibetan, Burmese, Khmer, Yi) each character is a token. A run of more than
LONGEST characters is cut into pieces of so many first: it is data, and no rule may cost the square of its length.
"""

import re
import threading
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST = 100  # characters; a longer address is cut, which changes a count by one
KNOWN_RUNS = 1 << 16  # some 20 MB
KEPT_CHARS = 4_000_000  # of the batch before, with its tokens; twice what a batch of many texts has

QUOTES = "\"'“”„‟‘’‚‛`´«»‹›❛❜❝❞"
UNSPACED = "\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u2e80-\u2fff\u3005-\u3007\u3021-\u3029\u3031-\u30fa\u30fc-\ua4cf"
UNSPACED += "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
HAS_NO_SPACES = re.compile(f"[{UNSPACED}]")
MARKS = "…,:;!?¿¡؟،؛·•°™©®()\\[\\]{}<>_#*&§%।。？！，、；：～（）「」『』《》【】〈〉" + QUOTES + "\u2190-\u2bff�"
SPLITS = "–—=$£€¥¢₹₽₩"  # marks before a word, but not behind one
ABBREVIATIONS = """
Mr. Mrs. Ms. Dr. Prof. Rev. Gen. Gov. Sen. Rep. St. Mt. Jr. Sr. Inc. Ltd. Co. Corp. Bros. Jan. Feb. Mar. Apr. Jun. Jul.
Aug. Sep. Sept. Oct. Nov. Dec. Ave. vs. Ph.D. and/or
"""
WHOLE = frozenset(ABBREVIATIONS.split())  # tokens that the rules below would cut

BEFORE = re.compile(rf"\.\.+|[{MARKS}{SPLITS}]|\+(?![0-9])")
BEHIND = re.compile(
    rf"""(?: \.\.+ | [{MARKS}—–] | n['’]t | ['’](?:[smd]|re|ve|ll)
    | (?<=[0-9])(?:[+$£€¥¢₹₽₩]|[ackmp]?m|k?g|[kmgt]b)
    | (?<=[^\WA-Z_])\. | (?<=[%²+\-{MARKS}])\. | (?<=[A-Z][A-Z])\. )\Z""",
    re.VERBOSE,
)
BETWEEN = re.compile(
    rf"""\.\.+ | […°\u2190-\u2bff] | [{UNSPACED}] | (?<=[0-9])[+\-*^](?=[0-9-])
    | (?<=[^\WA-Z\d_])\.(?=[A-Z{QUOTES}]) | (?<=[{QUOTES}])\.(?=[A-Z{QUOTES}]) | (?<=[^\W\d_]),(?=[^\W\d_])
    | (?<=[^\W_])(?:--+|[-–—~]|[:<>=/])(?=[^\W\d_])""",
    re.VERBOSE,
)
ABBREVIATION = re.compile(r"(?:[A-Za-z]\.)+")  # e.g., U.S., an initial
ADDRESS = re.compile(
    r"""(?:[A-Za-z][A-Za-z0-9+.-]{0,20}://)? (?:[^\s@]{1,64}@)? (?:[A-Za-z0-9][A-Za-z0-9_-]{0,62}\.)+ [a-z]{2,18}
    (?::[0-9]{2,5})? (?:[/?\#].*)?""",
    re.DOTALL | re.VERBOSE,
)

Counts = NDArray[np.int64]


class Vocabulary(tuple[str, ...]):
    """The distinct tokens of a batch, and what is known of each."""

    @cached_property
    def lengths(self) -> Counts:
        """The characters of each token."""
        return np.fromiter(map(len, self), np.int64, len(self))

    @cached_property
    def symbols(self) -> NDArray[np.bool_]:
        """Which tokens hold no letter and no digit."""
        none: NDArray[np.bool_] = self.chars(str.isalnum) == 0
        return none

    @cached_property
    def _chars(self) -> tuple[list[str], NDArray[np.int32]]:
        """The distinct characters of all tokens, and which of them each character is."""
        distinct, which = numbered(np.frombuffer("".join(self).encode("utf-32-le"), "<u4"))
        return list(map(chr, distinct.tolist())), which

    def chars(self, holds: Callable[[str], object]) -> Counts:
        """How many characters of each token `holds` is true of."""
        distinct, which = self._chars
        if not distinct:
            return np.zeros(0, np.int64)
        true = np.fromiter((bool(holds(char)) for char in distinct), np.int64, len(distinct))
        counts: Counts = np.add.reduceat(true[which], np.cumsum(self.lengths) - self.lengths)
        return counts


@dataclass(frozen=True)
class Tokens:
    """The tokens of a batch: text n has `vocabulary[i] for i in ids[offsets[n] : offsets[n + 1]]`."""

    ids: NDArray[np.int32]
    offsets: Counts
    vocabulary: Vocabulary

    @property
    def counts(self) -> Counts:
        """How many tokens each text has."""
        return np.diff(self.offsets)

    def of(self, text: int) -> NDArray[np.int32]:
        """The numbers of one text's tokens."""
        return self.ids[self.offsets[text] : self.offsets[text + 1]]

    def sums(self, of_token: NDArray[Any]) -> Counts:
        """The sum over the tokens of each text, of a number that each distinct token has."""
        until = np.concatenate(([0], np.cumsum(of_token[self.ids], dtype=np.int64)))
        return until[self.offsets[1:]] - until[self.offsets[:-1]]

    def distinct(self, wanted: NDArray[np.bool_]) -> Counts:
        """How many distinct tokens of those `wanted` each text has."""
        at = np.flatnonzero(wanted[self.ids])
        text = np.searchsorted(self.offsets, at, side="right") - 1
        pairs = np.unique(text * len(self.vocabulary) + self.ids[at])
        return np.bincount(pairs // max(1, len(self.vocabulary)), minlength=len(self.counts))


def tokens(texts: Sequence[str]) -> Tokens:
    """The tokens of all texts. Of texts of the batch before, as the next filter sees them, nothing is cut again."""
    global _last  # one batch, replaced as a whole: threads may lose it to each other, and no more
    places, before = _last
    known = [places.get(text, -1) for text in texts]
    if -1 not in known:
        return _put_together([before.of(nth) for nth in known], before.vocabulary)
    runs = _known_runs()
    of_text = [np.fromiter(map(runs.__getitem__, text.split()), np.int32) for text in texts]
    its, ends = runs.tokens_of(np.concatenate([np.empty(0, np.int32), *of_text]))
    distinct, ids = numbered(its)
    offsets = ends[np.cumsum([0, *map(len, of_text)])]
    found = Tokens(ids, offsets, Vocabulary(map(runs.tokens.__getitem__, distinct.tolist())))
    if sum(map(len, texts)) <= KEPT_CHARS:
        _last = {text: nth for nth, text in enumerate(texts)}, found
    return found


def numbered(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """As `np.unique` with the inverse, of numbers that are not large: by a table, where that sorts."""
    table = np.zeros(int(values.max(initial=0)) + 1, np.int32)
    table[values] = 1
    distinct = np.flatnonzero(table)
    table[distinct] = np.arange(len(distinct))
    return distinct, table[values]


def _put_together(pieces: Sequence[NDArray[np.int32]], vocabulary: Vocabulary) -> Tokens:
    offsets = np.cumsum([0, *map(len, pieces)], dtype=np.int64)
    return Tokens(np.concatenate([np.empty(0, np.int32), *pieces]), offsets, vocabulary)


_last: tuple[dict[str, int], Tokens] = {}, _put_together([], Vocabulary())


def forget() -> None:
    """Let go of all that is kept between batches: the next one costs what the first did."""
    global _last
    _last = {}, _put_together([], Vocabulary())
    _of_thread.__dict__.clear()


class _Runs(dict[str, int]):
    """A number for each run of characters, the numbers of the tokens of each, and the token of each number."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[str, int] = {}
        self.tokens: list[str] = []
        self._ends = array("q", [0])  # of run n the tokens are `_pieces[_ends[n] : _ends[n + 1]]`
        self._pieces = array("i")

    def __missing__(self, run: str) -> int:
        found = len(self._ends) - 1
        for at in range(0, len(run), LONGEST):
            self._pieces.extend(map(self._number, pieces_of(run[at : at + LONGEST])))
        self._ends.append(len(self._pieces))
        if len(run) <= LONGEST:
            self[run] = found
        return found

    def tokens_of(self, runs: NDArray[np.int32]) -> tuple[NDArray[np.int32], Counts]:
        """The numbers of the tokens of some runs, one after the other; and where each ends, with a 0 before."""
        ends, pieces = np.frombuffer(self._ends, np.int64), np.frombuffer(self._pieces, np.int32)
        sizes = np.diff(ends)[runs]
        until = np.concatenate(([0], np.cumsum(sizes)))
        return pieces[np.arange(until[-1]) + np.repeat(ends[runs] - until[:-1], sizes)], until

    @property
    def is_full(self) -> bool:
        """Whether it has grown beyond what is worth keeping."""
        return max(len(self), len(self.tokens), len(self._pieces) // 2) > KNOWN_RUNS

    def _number(self, token: str) -> int:
        number = self._numbers.get(token)
        if number is None:
            self._numbers[token] = number = len(self.tokens)
            self.tokens.append(token)
        return number


_of_thread = threading.local()


def _known_runs() -> _Runs:
    """The runs that this thread has met, most of which stand in every batch; a new table where that has grown."""
    runs: _Runs | None = getattr(_of_thread, "runs", None)
    if runs is None or runs.is_full:
        runs = _of_thread.runs = _Runs()
    return runs


def pieces_of(run: str) -> tuple[str, ...]:
    """The tokens of one run of at most LONGEST characters without white space."""
    if not run.isascii():
        return cut(run)
    if run.isalpha():
        return (run,)
    word, last = run[:-1], run[-1]
    if word.isalpha() and (last in ",;:!?)" or (last == "." and len(word) > 1 and word.islower() and run not in WHOLE)):
        return word, last  # the same as by the rules, without their cost
    return cut(run)


def cut(run: str) -> tuple[str, ...]:
    """The tokens of a run by the rules."""
    before, behind = [], []
    core = run
    while core and not _is_whole(core):
        first = BEFORE.match(core)
        if first:
            before.append(first[0])
            core = core[first.end() :]
        last = BEHIND.search(core)
        if last and not _is_whole(core):
            behind.append(last[0])
            core = core[: last.start()]
        elif not first:
            break
    return (*before, *_within(core), *reversed(behind))


def _is_whole(core: str) -> bool:
    return core in WHOLE or ABBREVIATION.fullmatch(core) is not None


def _within(core: str) -> Iterable[str]:
    """What is left of a run: whole where it is an address or has no seam, and else cut at its seams."""
    if not core or _is_whole(core) or ADDRESS.fullmatch(core):
        return [core] if core else []
    found, at = [], 0
    for seam in BETWEEN.finditer(core):
        found += [core[at : seam.start()], seam[0]]
        at = seam.end()
    return filter(None, [*found, core[at:]])
