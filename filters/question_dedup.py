"""Reject a row that asks nearly what another row of the corpus asks; the better grounded of the two stays.

Sees    what the user says in an sft row, or in the prompt of a preference row; what stands beside it (system message,
        context, tools), which must be the same; the row's quotes and answer, to choose who stays; its declared terms.
Finds   questions with the same words that matter, in the same order (`_question_words`), whose characters are alike.
        With `other_words` also those near each other as embeddings that are confirmed word by word (`_meanings`); it
        needs the extra `embeddings`, whichever model finds candidates (`_embedders`). Questions that differ in a
        number, a name or a negation are never the same.
State   a digest, four numbers, an id and where the user speaks: about 150 bytes of RAM a row; while it settles 700 more
        for each of which the words stand there again, with `other_words` 1,100 more a row.
Order   does not matter: of rows that ask the same stays the one under the strictest terms; then the one with most
        quotes, the largest quoted share, the longest answer, the smallest id.
Source  resemblance as the Jaccard similarity of shingles: Broder 1997, "On the resemblance and containment of
        documents". The kernel is `factory/near.py`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa

from factory import near
from factory.policy import strictness
from factory.records import BESIDE
from factory.verdicts import Verdicts
from factory.wording import listed
from filters import _bounds, _embedders, _meanings, _shown
from filters._embedders import DEFAULT, embedded
from filters._embeddings import check_installed, column, from_column
from filters._question_words import words
from filters._same_meaning import Told, told

Texts = Callable[[Sequence[str]], Iterable[tuple[str, str]]]
NGRAM = 3  # characters of a shingle: questions are short
MAX_TEXTS = 16_384  # questions whose shingles are held at once
# of the words in which longer texts may differ, those that tell questions apart: "Can I …?" is not "Do I …?"
TELLING = listed("be is was were been being do did have has had can will would in on at with")
SPANS = pa.list_(pa.list_(pa.int64(), 2))
WORTH = pa.list_(pa.float64(), 4)


class Asked(NamedTuple):
    """One row: what it asks as a digest, how much it is worth, and where in its text the user speaks.

    The rest is there with `other_words` only: the vector of the question, and a digest of what must be exactly the
    same.
    """

    id: str
    question: bytes
    worth: tuple[float, ...]
    spans: tuple[tuple[int, int], ...]
    language: str | None = None
    exact: int = 0
    vector: bytes = b""


@dataclass
class Seen:
    """The features of the rows so far; after `settle`, the row that stays for each that goes.

    `cosines` has those that went for other words.
    """

    features: list[pa.RecordBatch] = field(default_factory=list)
    kept_for: dict[str, str] = field(default_factory=dict)
    cosines: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class QuestionDedup:
    """Keep one row of each question.

    `embedder`: with `other_words` the model that finds candidates: `wordllama`, `sentence-transformers:FOLDER`, or
    `model:NAME`.
    """

    sees: ClassVar[str] = "record"
    kinds: ClassVar[tuple[str, ...]] = ("sft", "preference")
    threshold: float = field(default=0.5, metadata={"decides": True})
    other_words: bool = False
    cosine: float = field(default=0.8, metadata={"decides": True})
    synonym: float = field(default=0.6, metadata={"decides": True})
    embedder: str = DEFAULT

    def __post_init__(self) -> None:
        _bounds.above_zero(threshold=self.threshold, synonym=self.synonym)
        _bounds.from_to(0.5, 1, cosine=self.cosine)
        if self.other_words:
            check_installed()  # it tells synonyms, whoever finds candidates
            _embedders.check(self.embedder)
        elif self.embedder != DEFAULT:
            raise ValueError("embedder needs other_words: true")

    def depends_on(self) -> str:
        """The releases of the models."""
        return " ".join(map(_embedders.version, sorted({DEFAULT, self.embedder}))) if self.other_words else ""

    @property
    def asks(self) -> str:
        """The model of the recipe whose vectors it wants."""
        return _embedders.asked(self.embedder) if self.other_words else ""

    def embeds(self, batch: pa.RecordBatch) -> list[str]:
        """The question of each row."""
        return [_question(strings) for strings in _shown.rows(batch)]

    def measure(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A row -> `id`, `question` (8 bytes; null where none is asked), `worth`, `spans` of the user's words.

        With `other_words` also `language`, `exact` (a digest of `exactly` and of what stands beside), `vector`.
        """
        rows = list(zip(_shown.rows(batch), _shown.metas(batch), strict=True))
        measured = [_measured(*row) for row in rows]
        questions, worths, spans = zip(*measured, strict=True) if measured else ((), (), ())
        columns = {"question": pa.array(questions, pa.binary(8)), "worth": pa.array(worths, WORTH)}
        made = {"id": batch["id"], **columns, "spans": pa.array(spans, SPANS)}
        if self.other_words:
            vectors = embedded([_question(strings) for strings, _ in rows], self.embedder, batch)
            made |= {**_sensed(rows), "vector": column(vectors)}
        return pa.record_batch(made)

    def scan(self, features: pa.RecordBatch) -> Seen:
        """The rows of the batch that ask something."""
        return Seen([features.filter(features["question"].is_valid())])

    def merge(self, into: Seen, other: Seen) -> Seen:
        """Append `other` to `into`, in place."""
        into.features += other.features
        return into

    def settle(self, seen: Seen, texts: Texts) -> Seen:
        """Find who asks the same and who stays. `texts` gives (id, text) of named rows, in any order."""
        asked, seen.features = pa.Table.from_batches(seen.features), []
        groups: dict[bytes, list[Asked]] = {}
        for row in _rows(asked.filter(_stands_again(asked["question"]))):
            groups.setdefault(row.question, []).append(row)
        several = [sorted(group, key=_best_first) for _, group in sorted(groups.items())]
        for some in _parts(several):
            seen.kept_for |= self._kept_for(some, texts)
        if self.other_words and (left := [row for row in _rows(asked) if row.id not in seen.kept_for]):
            self._find_other_words(seen, left, texts)
        return seen

    def _find_other_words(self, seen: Seen, left: list[Asked], texts: Texts) -> None:
        """Of the rows that are left, those that ask in other words what a better one asks."""
        left = sorted(left, key=_best_first)
        vectors = from_column(pa.array([row.vector for row in left], pa.binary(len(left[0].vector))))
        exact = np.array([row.exact for row in left], np.uint64)

        def tell(some: list[int]) -> dict[int, Told]:
            spans = {left[nth].id: left[nth].spans for nth in some}
            asked = _asked(spans, texts)
            return {nth: told(asked[left[nth].id], left[nth].language) for nth in some}

        for nth, (better, cosine) in _meanings.gone(
            vectors, exact, tell, threshold=self.cosine, synonym=self.synonym
        ).items():
            seen.kept_for[left[nth].id] = left[better].id
            seen.cosines[left[nth].id] = cosine
        for id_, kept in seen.kept_for.items():
            seen.kept_for[id_] = seen.kept_for.get(kept, kept)  # it had the words of one that went itself

    def _kept_for(self, groups: list[list[Asked]], texts: Texts) -> dict[str, str]:
        """The row that stays for each that goes. Each round the best row of a group takes those that are near it."""
        spans = {row.id: row.spans for group in groups for row in group}
        asked = _asked(spans, texts)
        nth = {id_: number for number, id_ in enumerate(asked)}
        shingled = near.shingles(list(asked.values()), ngram=NGRAM, unit="char")
        kept_for: dict[str, str] = {}
        while groups:
            pairs = [(group[0].id, row.id) for group in groups for row in group[1:]]
            numbers = np.array([(nth[best], nth[other]) for best, other in pairs], np.int64)
            alike = near.jaccard(shingled, numbers) >= self.threshold
            kept_for |= {other: best for (best, other), is_near in zip(pairs, alike, strict=True) if is_near}
            left = [[row for row in group[1:] if row.id not in kept_for] for group in groups]
            groups = [group for group in left if len(group) > 1]
        return kept_for

    def decide(self, features: pa.RecordBatch, seen: Seen) -> Verdicts:
        """Reject what asks the same as a row that stays; the evidence names that row."""
        verdicts = Verdicts()
        for id_, question in zip(features["id"].to_pylist(), features["question"].to_pylist(), strict=True):
            if question is None:
                verdicts.skip(id_, "no question")
            elif id_ in seen.cosines:
                how = {"kept": seen.kept_for[id_], "cosine": seen.cosines[id_]}
                verdicts.reject(id_, "question_dedup.asked_in_other_words", **how)
            elif id_ in seen.kept_for:
                verdicts.reject(id_, "question_dedup.asked_before", kept=seen.kept_for[id_])
            else:
                verdicts.keep(id_)
        return verdicts


def _stands_again(questions: pa.ChunkedArray) -> pa.Array:
    """Which of these digests stand there more than once."""
    _, which, counts = np.unique(np.array(questions.to_pylist(), "S8"), return_inverse=True, return_counts=True)
    return pa.array(counts[which] > 1)


def _rows(features: pa.Table) -> Iterator[Asked]:
    for batch in features.to_batches():
        for row in batch.to_pylist():
            yield Asked(**row | {"worth": tuple(row["worth"]), "spans": tuple(map(tuple, row["spans"]))})


def _measured(
    strings: Sequence[Mapping[str, str]], meta: Mapping[str, Any]
) -> tuple[bytes | None, list[float], list[list[int]]]:
    """Of one row: the digest of what it asks, its worth, and the spans of the user's words in its text."""
    spans, at = [], 0
    for string in strings:
        if string["role"] not in BESIDE:  # a row's text is its other strings with a line end between
            if string["role"] == "user":
                spans.append([at, at + len(string["text"])])
            at += len(string["text"]) + 1
    asked = [words(string["text"], meta.get("language")) for string in strings if string["role"] == "user"]
    return (_digest(asked, strings) if any(asked) else None), _worth(strings, meta), spans


def exactly(asked: Told) -> list[str]:
    """What two questions in other words must have in common: numbers in their order, and words of TELLING."""
    return [*asked.numbers, "", *(word for word in asked.small if word in TELLING)]


def _question(strings: Sequence[Mapping[str, str]]) -> str:
    return "\n".join(string["text"] for string in strings if string["role"] == "user")


def _sensed(rows: Sequence[tuple[Sequence[Mapping[str, str]], Mapping[str, Any]]]) -> dict[str, pa.Array]:
    """What tells who may ask the same in other words: rows whose `exact` differ never do."""
    asked = [_question(strings) for strings, _ in rows]
    languages = [meta.get("language") for _, meta in rows]
    exact = [
        _meanings.digest([json.dumps(_beside(strings)), *exactly(told(question, language))])
        for question, language, (strings, _) in zip(asked, languages, rows, strict=True)
    ]
    return {
        "language": pa.array(languages, pa.string()),
        "exact": pa.array(exact, pa.uint64()),
    }


def _asked(spans: Mapping[str, Sequence[tuple[int, int]]], texts: Texts) -> dict[str, str]:
    """What the user says in these rows."""
    return {id_: "\n".join(text[start:end] for start, end in spans[id_]) for id_, text in texts(list(spans))}


def _digest(asked: list[list[str]], strings: Sequence[Mapping[str, str]]) -> bytes:
    """Of what is asked, and of all that stands beside it: the same task on another text is another one."""
    return hashlib.blake2b(json.dumps([asked, _beside(strings)]).encode(), digest_size=8).digest()


def _beside(strings: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    said = ("user", "assistant", *BESIDE)
    return [(s["field"], " ".join(s["text"].split())) for s in strings if s["role"] not in said]


def _worth(strings: Sequence[Mapping[str, str]], meta: Mapping[str, Any]) -> list[float]:
    """How strict its terms are, how many quotes prove it, which share of its answer they are, how long that is."""
    quotes = [len(string["text"]) for string in strings if string["role"] == "quote"]
    answer = sum(
        len(string["text"])
        for string in strings
        if string["role"] == "assistant" and string["field"].startswith(("messages", "chosen"))
    )
    strict = strictness(meta.get("licence"), meta.get("confidentiality") or "internal")
    return [strict, len(quotes), min(1.0, sum(quotes) / max(1, answer)), answer]


def _best_first(row: Asked) -> tuple[Any, ...]:
    return (*(-value for value in row.worth), row.id)


def _parts(groups: list[list[Asked]]) -> Iterable[list[list[Asked]]]:
    """The groups, some at a time: at most `MAX_TEXTS` rows, or one group."""
    part: list[list[Asked]] = []
    size = 0
    for group in groups:
        if part and size + len(group) > MAX_TEXTS:
            yield part
            part, size = [], 0
        part.append(group)
        size += len(group)
    if part:
        yield part
