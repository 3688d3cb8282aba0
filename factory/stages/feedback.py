"""What people said of answers, put together: several votes on one answer become one record.

In      the files of a source `as: feedback`, read twice: once to count, once (by `read`) to write.
Out     of each row its records, or the reason why there is none: every vote ends once.
Rules   Votes on the same prompt and answer (spaces aside) count together; of one rater the last one counts. What most
        say is the record, under the id of the first row that counts; a tie is rejected. Of the same answers ranked by
        several, the smallest sum of ranks is the best (de Borda 1781): of two answers that is the majority. A corrected
        answer is a vote for it over the one that was shown.
Costs   some 450 bytes of RAM a vote (measured), whatever the length of the texts.

Who voted is kept as a keyed digest in `votes/`, never in a record; the key lies in the run, for its owner alone.
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa

from factory import tables
from factory.errors import BadItem, DeadWorld
from factory.plural import many
from factory.recipe import Source
from factory.runs import Run
from factory.shapes import RATED, REVIEWED, Converter, Made, UnknownShape
from factory.shapes.votes import Scale
from factory.stages.looking import Where, looked_into
from factory.stages.sources import File

VERSION = 1
PART = "votes/read-00000.parquet"
KEY = "raters.key"
SCHEMA = pa.schema(
    [
        pa.field("item", pa.string(), nullable=False),  # the id of the record, or what it would have been
        pa.field("kind", pa.string(), nullable=False),
        pa.field("place", pa.string(), nullable=False),  # of the row: source/path:line
        pa.field("rater", pa.string()),  # a keyed digest; null where the log does not say who
        pa.field("vote", pa.string(), nullable=False),  # up or down; of several answers their ranks
        pa.field("decided", pa.string()),  # what all together say; null for a tie
    ],
    metadata={"factory.table": "votes", "factory.version": str(VERSION)},
)
NOWHERE = Where("", 0)
Vote = bool | tuple[int, ...]  # good or bad; the ranks of several answers, in the order of their digests


class Cast(NamedTuple):
    """One vote: when it was read, where it stands, what it says (a number until the scale is known; None: nothing)."""

    turn: int
    where: Where
    vote: Vote | float | None


@dataclass(slots=True)
class _Item:
    """One question that several people may have answered: is this good, or which of these is better?"""

    votes: dict[int, Cast] = field(default_factory=dict)  # by rater, those who are not named each for itself
    first: Where = NOWHERE
    decided: Vote | None = None
    agree: int = 0  # votes that say what was decided


class Outcome(NamedTuple):
    """How one vote ended: in a record with what is noted of it, or for a reason; and its row in the table of votes."""

    where: Where
    made: Made | None = None
    meta: Mapping[str, Any] = {}
    why: BadItem | None = None
    cast: Mapping[str, Any] | None = None


class Tally:
    """The votes of one source. Call `count` once, then `outcomes` for each row, in any order."""

    def __init__(self, run: Run, source: Source) -> None:
        self._run, self._source = run, source
        self._scale = Scale(source.feedback.good, source.feedback.bad)
        self._items: dict[bytes, _Item] = {}
        self._raters: dict[str, int] = {}
        self._turn = 0

    def count(self, files: Sequence[File]) -> None:
        """Read all files once. What cannot be read is passed over here, and rejected when it is written.

        Raises WrongRequest where nobody can tell which votes are good.
        """
        for file in files:
            for where, rater, made in self._votes(file):
                self._turn += 1
                try:
                    key, vote = self._read(made)
                except BadItem:
                    continue
                if isinstance(vote, float):
                    self._scale.see(vote)
                by = -self._turn if rater is None else self._raters.setdefault(rater, len(self._raters))
                self._items.setdefault(key, _Item()).votes[by] = Cast(self._turn, where, vote)
        self._good, self._bad = self._scale.bounds(self._source.name)
        for item in self._items.values():
            self._decide(item)

    def _votes(self, file: File) -> Iterator[tuple[Where, str | None, Made]]:
        try:
            converter, rows = looked_into(file)
        except (BadItem, UnknownShape):
            return
        for number, row in rows if converter else ():
            if converter is None or isinstance(row, BadItem):
                continue
            try:
                made = self._made(converter, row)
            except BadItem:
                continue
            for nth, one in enumerate(made):
                yield Where(file.label, number, nth, len(made)), converter.rater(row), one

    def _made(self, converter: Converter, row: Mapping[str, Any]) -> list[Made]:
        """What a row says, as records. Raises BadItem where it is not of its file's shape."""
        made = converter.records(row)
        if converter.shape.name not in (RATED, REVIEWED):
            return made
        edits = [("sft", _taught(data)) for kind, data in made if kind == "preference"]
        wanted = self._source.feedback.edits
        return [
            *(one for one in made if one[0] != "preference" or "preference" in wanted),
            *(edits if "sft" in wanted else ()),
        ]

    def _read(self, made: Made) -> tuple[bytes, Vote | float]:
        """What is asked, and what a row says to it. Raises BadItem where it says nothing."""
        kind, data = made
        if kind == "sft":
            return _key(data["messages"]), ()
        if kind == "feedback":
            meaning = self._scale.meaning(data["label"])
            if meaning is None:
                raise BadItem("feedback.not_rated", "Nobody voted on this answer. Nothing is to be done.")
            return _key(data["prompt"], data["completion"]), meaning
        answers, ranks = _ranked(made)
        order = _in_order(answers)
        return _key(data["prompt"], *(answers[nth] for nth in order)), tuple(ranks[nth] for nth in order)

    def _decide(self, item: _Item) -> None:
        """Put the votes together; those that turn out to say nothing go."""
        meant = {by: cast._replace(vote=self._on_scale(cast.vote)) for by, cast in item.votes.items()}
        item.votes = {by: cast for by, cast in meant.items() if cast.vote is not None}
        if item.votes:
            item.first = min(item.votes.values()).where
            votes: list[Any] = [cast.vote for cast in item.votes.values()]
            item.decided = _majority(votes) if isinstance(votes[0], bool) else _borda(votes)
            item.agree = sum(vote == item.decided for vote in votes)

    def _on_scale(self, vote: Vote | float | None) -> Vote | None:
        if not isinstance(vote, float):
            return vote
        return True if vote >= self._good else False if vote <= self._bad else None

    # --- the second time

    def outcomes(self, file: File, converter: Converter, number: int, row: Mapping[str, Any]) -> Iterator[Outcome]:
        """How each vote of a row ended. Raises BadItem for a row that is not of its file's shape."""
        made = self._made(converter, row)
        for nth, one in enumerate(made):
            where = Where(file.label, number, nth, len(made))
            try:
                yield self._outcome(where, converter.rater(row), one)
            except BadItem as why:
                yield Outcome(where, why=why)

    def _outcome(self, where: Where, rater: str | None, made: Made) -> Outcome:
        key, read = self._read(made)
        item, vote = self._items.get(key), self._on_scale(read)
        if item is None or (rater is not None and rater not in self._raters):
            raise DeadWorld(f"{where.file} changed while it was read. Run the same command again.")
        if vote is None:
            raise BadItem("feedback.middle", "The vote is neither good nor bad. Nothing is to be done.")
        last = item.votes.get(self._raters[rater]) if rater is not None else None
        if rater is not None and (last is None or last.where != where):
            raise BadItem("feedback.voted_again", "The same rater voted on this again; the last vote counts.")
        cast = self._cast(where, rater, made[0], vote, item)
        count = len(item.votes)
        if item.decided is None:
            return Outcome(where, why=BadItem("feedback.tie", f"No majority among {many(count, 'vote')}."), cast=cast)
        if where != item.first:
            return Outcome(where, why=BadItem("feedback.merged", f"Counted in {item.first.id}."), cast=cast)
        meta = {"raters": count, "agreement": round(item.agree / count, 6)}
        return Outcome(where, _as_decided(made, item.decided), meta, cast=cast)

    def _cast(self, where: Where, rater: str | None, kind: str, vote: Vote, item: _Item) -> dict[str, Any]:
        return {
            "item": item.first.id,
            "kind": kind,
            "place": f"{where.file}:{where.number}",
            "rater": None if rater is None else self._digest(rater),
            "vote": _said(vote),
            "decided": None if item.decided is None else _said(item.decided),
        }

    def _digest(self, rater: str) -> str:
        """A rater as kept: without the key nobody can tell who it is, nor try names on it."""
        return hashlib.blake2b(rater.encode("utf-8", "surrogatepass"), key=self._secret, digest_size=8).hexdigest()

    @cached_property
    def _secret(self) -> bytes:
        place = self._run.path / KEY
        if not place.is_file():
            tables.write_file(place, secrets.token_bytes(32), private=True)
        return place.read_bytes()


def _taught(data: Mapping[str, Any]) -> dict[str, Any]:
    """A corrected answer as what a model should say."""
    return {"messages": [*data["prompt"], *data["chosen"]], "context": None, "tools": None}


def _key(*conversations: Sequence[Mapping[str, str]]) -> bytes:
    """16 bytes of what was said in which role, spaces aside."""
    total = hashlib.blake2b(digest_size=16)
    for messages in conversations:
        for message in messages:
            said = " ".join((message["content"] or "").split())
            total.update(f"{message['role']}\0{said}\0".encode("utf-8", "surrogatepass"))
        total.update(b"\1")
    return total.digest()


def _ranked(made: Made) -> tuple[list[Any], list[int]]:
    """The answers of a pair or a ranking, and their ranks."""
    kind, data = made
    return (data["completions"], data["ranks"]) if kind == "ranking" else ([data["chosen"], data["rejected"]], [0, 1])


def _in_order(answers: Sequence[Any]) -> list[int]:
    """The places of the answers in an order of their own. Raises BadItem where two are the same."""
    digests = [_key(answer) for answer in answers]
    if len(set(digests)) < len(digests):
        raise BadItem("feedback.same_answer", "Two of its answers are the same, so neither can be the better one.")
    return sorted(range(len(digests)), key=digests.__getitem__)


def _majority(votes: Sequence[bool]) -> bool | None:
    up = sum(votes)
    return None if 2 * up == len(votes) else 2 * up > len(votes)


def _borda(votes: Sequence[tuple[int, ...]]) -> tuple[int, ...] | None:
    """The ranks that the sums of all ranks give; None where no answer is better than another."""
    sums = [sum(ranks) for ranks in zip(*votes, strict=True)]
    dense = {total: rank for rank, total in enumerate(sorted(set(sums)))}
    return None if len(dense) == 1 else tuple(dense[total] for total in sums)


def _as_decided(made: Made, decided: Vote) -> Made:
    """The record as most would have it."""
    kind, data = made
    if isinstance(decided, bool):
        return kind, {**data, "label": decided}
    if kind == "sft":
        return made
    answers, _ = _ranked(made)
    ranks = dict(zip(_in_order(answers), decided, strict=True))
    if kind == "ranking":
        return kind, {**data, "ranks": [ranks[nth] for nth in range(len(answers))]}
    better, worse = (0, 1) if ranks[0] < ranks[1] else (1, 0)
    return kind, {**data, "chosen": answers[better], "rejected": answers[worse]}


def _said(vote: Vote) -> str:
    return ("up" if vote else "down") if isinstance(vote, bool) else " ".join(map(str, vote))
