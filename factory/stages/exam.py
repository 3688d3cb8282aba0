"""The exam: questions kept apart from what is trained, to ask a model afterwards whether it knows the documents.

    exam/unseen.parquet      facts that no instruction row trains: rows whose spans no row of the dataset cites. The
                             text around them may be trained on as text
    exam/paraphrase.parquet  facts that are trained, asked in other words (`meta.rewordings` of a row)

In      the rows that are about to be exported, with the spans that they cite, and their splits.
Out     which of them are an exam instead, and which may be nowhere because they would give its answers away.
Costs   about 200 bytes a row that cites something.

Rows that cite overlapping spans, or nearly repeat each other, are one group: it is trained as a whole or not at all.
Only groups of the train split are drawn, so that a model was offered the documents that it is asked about.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from factory import near, records, tables
from factory.drawing import draw
from factory.folding import words

SETS = ("unseen", "paraphrase")
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("prompt", records.MESSAGES),
        ("answer", pa.large_string()),
        ("quotes", pa.list_(pa.large_string())),
        ("meta", pa.string()),
    ],
    metadata={"factory.table": "exam", "factory.version": "1"},
)
TELLING = ("sft", "preference", "feedback")  # kinds whose rows ask and answer; as they leave, no ranking is among them
REWORDED = "/reworded/"  # between the id of a row and the number of its rewording: the id of a paraphrase
GIVES_AWAY = "exam.gives_answer_away"
DIGEST = 8
Span = tuple[str, int, int]  # a document, and where in it


@dataclass
class Cited:
    """What the draw knows of each row, by its place: its id, its spans, whether it could be asked and how else."""

    ids: list[str] = field(default_factory=list)
    spans: list[tuple[Span, ...]] = field(default_factory=list)
    asks: list[bool] = field(default_factory=list)  # a question with one answer, which its quotes prove
    questions: list[bytes] = field(default_factory=list)  # folded; b"" for what asks nothing
    reworded: list[bool] = field(default_factory=list)

    def take(self, kind: str, row: Mapping[str, Any], meta: Mapping[str, Any], *, stands_alone: bool) -> None:
        """One more row as it would be exported. Plain texts cite nothing here: a text that was read is not a fact told.

        `stands_alone` says that its question needs no context beside it.
        """
        tells = kind in TELLING
        self.ids.append(row["id"])
        self.spans.append(cites(meta) if tells else ())
        self.asks.append(kind == "sft" and stands_alone and is_question(row["messages"], meta))
        self.questions.append(folded(question(kind, row)) if tells else b"")
        self.reworded.append(self.asks[-1] and bool(meta.get("rewordings")))


def is_question(messages: Sequence[Mapping[str, str]], meta: Mapping[str, Any]) -> bool:
    """Whether a row is one question and its answer, proved by quotes."""
    said = [message["role"] for message in messages if message["role"] != "system"]
    return said == ["user", "assistant"] and bool(meta["quotes"])


def cites(meta: Mapping[str, Any]) -> tuple[Span, ...]:
    """The spans that a row cites."""
    return tuple((quote["document"], quote["start"], quote["end"]) for quote in meta["quotes"])


def question(kind: str, row: Mapping[str, Any]) -> str:
    """What a row asks: all that its user says."""
    messages = row["messages" if kind == "sft" else "prompt"]
    return "\n".join(message["content"] for message in messages if message["role"] == "user")


def folded(question: str) -> bytes:
    """A digest of the folded words of a question: case, accents and punctuation make it no other one."""
    return hashlib.blake2b(" ".join(words(question)).encode(), digest_size=DIGEST).digest()


@dataclass(frozen=True)
class Drawn:
    """Places of rows: those asked instead of trained, those that are neither, those asked again in other words."""

    unseen: frozenset[int]
    held_back: frozenset[int]
    paraphrase: frozenset[int]


NOBODY = Drawn(frozenset(), frozenset(), frozenset())


def draw_exam(cited: Cited, splits: Sequence[str], clusters: NDArray[np.int64], *, share: float, seed: int) -> Drawn:
    """Choose an exam: `share` of the questions of the train split as `unseen`, and as many as `paraphrase`.

    `clusters` is the near-duplicate cluster of each row. The order of rows makes no difference.
    """
    trained = [place for place, split in enumerate(splits) if split == "train" and cited.asks[place]]
    wanted = round(share * len(trained))
    groups = _groups(cited, clusters)
    unseen: set[int] = set()
    held_back: set[int] = set()
    for group in _in_drawn_order(cited, groups, seed):
        asked = {place for place in group if cited.asks[place]}
        free = wanted - len(unseen)
        if asked and len(group) <= max(1, 2 * free) and free > 0 and all(splits[place] == "train" for place in group):
            unseen |= asked
            held_back |= group - asked
    apart = unseen | held_back
    left = [place for place in trained if cited.reworded[place] and place not in apart]
    order = sorted(left, key=lambda place: draw_key(seed, f"reworded/{cited.ids[place]}"))
    return Drawn(frozenset(unseen), frozenset(held_back), frozenset(order[:wanted]))


def _groups(cited: Cited, clusters: NDArray[np.int64]) -> list[set[int]]:
    """Places of instruction rows that belong together: of one cluster, of one question, or citing what overlaps."""
    pairs = list(overlapping(cited.spans))
    first: dict[bytes | int, int] = {}
    instructing = [place for place, question in enumerate(cited.questions) if question]
    for place in instructing:
        for name in (cited.questions[place], int(clusters[place])):
            pairs.append((first.setdefault(name, place), place))
    labels = near.clusters(len(cited.ids), np.array(pairs, dtype=np.int64).reshape(-1, 2))
    made: dict[int, set[int]] = {}
    for place in instructing:
        made.setdefault(int(labels[place]), set()).add(place)
    return list(made.values())


def overlapping(spans: Sequence[Iterable[Span]]) -> Iterator[tuple[int, int]]:
    """Pairs of places (of neighbours; the others follow from them) that cite overlapping spans."""
    everything = sorted(
        (document, start, end, place) for place, its in enumerate(spans) for document, start, end in its
    )
    reach, last = ("", -1), -1
    for document, start, end, place in everything:
        if document == reach[0] and start < reach[1]:
            yield last, place
        if (document, end) > reach:
            reach, last = (document, end), place


def _in_drawn_order(cited: Cited, groups: Iterable[set[int]], seed: int) -> list[set[int]]:
    return sorted(groups, key=lambda group: draw_key(seed, min(cited.ids[place] for place in group)))


def draw_key(seed: int | str, name: str) -> bytes:
    """Where a name stands in an order drawn by the seed."""
    return draw(seed, "exam", name)


class Paper:
    """Writes the exam: both sets beside `exam/`, swapped in at the end. Rows come in the order of their ids."""

    def __init__(self, folder: Path, trained: Iterable[bytes]) -> None:
        self.counts = dict.fromkeys(SETS, 0)
        self._folder, self._beside = folder, folder.with_name(folder.name + ".tmp")
        self._known = set(trained)  # folded questions of the dataset, and reworded ones that are asked already
        shutil.rmtree(self._beside, ignore_errors=True)
        self._files = {name: tables.PartWriter(self._beside / f"{name}.parquet", SCHEMA).__enter__() for name in SETS}

    def ask(self, name: str, row: Mapping[str, Any]) -> None:
        """One more question of a set, from a row as it would be exported; no rewording that is trained."""
        meta = json.loads(row["meta"])
        *prompt, answer = row["messages"]
        item = {"id": row["id"], "prompt": prompt, "answer": answer["content"], "meta": row["meta"]}
        item["quotes"] = [quote["text"] for quote in meta["quotes"]]
        if name == "paraphrase":
            nth = self._new(meta["rewordings"])
            if nth is None:
                return
            asked = {"role": "user", "content": meta["rewordings"][nth]}
            self._known.add(folded(asked["content"]))
            item |= {"id": f"{row['id']}{REWORDED}{nth}", "prompt": [*prompt[:-1], asked]}
        self.counts[name] += 1
        self._files[name].write(item, size=len(row["meta"]))

    def _new(self, rewordings: Sequence[str]) -> int | None:
        return next((nth for nth, said in enumerate(rewordings) if folded(said) not in self._known), None)

    def hand_in(self) -> None:
        """Put the exam in its place."""
        for file in self._files.values():
            file.__exit__(None, None, None)
        tables.swap(self._beside, self._folder)


def read(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(set, item) of an exam, in the order of the ids; nothing where there is none."""
    for name in SETS:
        file = folder / f"{name}.parquet"
        for batch in tables.read_file(file, SCHEMA) if file.is_file() else ():
            yield from ((name, item) for item in batch.to_pylist())


def row_of(id_: str) -> str:
    """The id of the row that a question was taken from."""
    return id_.partition(REWORDED)[0]


def count(folder: Path) -> dict[str, int]:
    """How many questions each set of an exam has, without reading them."""
    files = {name: folder / f"{name}.parquet" for name in SETS}
    return {name: pq.read_metadata(file).num_rows for name, file in files.items() if file.is_file()}
