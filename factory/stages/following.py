"""The plan as it is worked off: methods take turns, and kept records of one method become units of the next.

A method that takes records (`from: [qa]`) gets those that the record filters leave when a round has ended. A record is
its unit once: what a filter that sees all rows says of it in a later round takes back no row that was made from it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from factory import records
from factory.corpus import kept_records, record_tables
from factory.lookup import Origins
from factory.origins import ORIGINS
from factory.plugins import Generator
from factory.runs import Run
from factory.stages.calling import Call, as_parsed, calls
from factory.stages.plan import Unit, plan
from factory.stages.target import in_plan_order

SEEN = ORIGINS[0]  # passages as a generator sees them


class Plan:
    """The units that wait, in plan order, and how many were taken."""

    def __init__(self, run: Run, generators: Sequence[Generator], seed: int, limit: int | None) -> None:
        self._run, self._limit = run, limit
        self._order = [generator.instance for generator in generators]
        self._followers = [generator for generator in generators if generator.from_]
        self._waiting = plan(run, [g for g in generators if not g.from_], seed, limit)
        self._begun: dict[str, set[str]] = {follower.instance: set() for follower in self._followers}
        self.taken = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, size: int | None, rooms: Mapping[str, int] | None = None) -> list[Unit]:
        """The next `size` units, or all; of a method in `rooms` at most so many. Each gets its rank."""
        left, chosen, waiting = dict(rooms or {}), list[Unit](), list[Unit]()
        for unit in self._waiting:
            fits = (size is None or len(chosen) < size) and left.get(unit.method, 1) > 0
            (chosen if fits else waiting).append(unit)
            if fits and unit.method in left:
                left[unit.method] -= 1
        taken = [replace(unit, rank=self.taken + nth) for nth, unit in enumerate(chosen)]
        self._waiting = waiting
        self.taken += len(taken)
        for unit in taken:
            if unit.record is not None:
                self._begun[unit.method].add(unit.record)
        return taken

    def is_followed(self, units: Sequence[Unit]) -> bool:
        """Whether what these give may be units of a method that takes records."""
        followed = {name for follower in self._followers for name in follower.from_}
        return any(unit.method in followed for unit in units)

    def follow(self) -> None:
        """Let the records that the filters leave now wait for the methods that take them, in turns with the others."""
        made = in_plan_order(self._run)
        groups: dict[str, list[Unit]] = {name: [] for name in self._order}
        for unit in self._waiting:
            if unit.record is None:
                groups[unit.method].append(unit)
        for follower in self._followers:
            begun = self._begun[follower.instance]
            fresh = [id_ for id_, method in made if method in follower.from_ and id_ not in begun]
            room = None if self._limit is None else max(0, self._limit - len(begun))
            groups[follower.instance] = [
                Unit(0, follower.instance, id_.split("/")[0], None, record=id_) for id_ in fresh[:room]
            ]
        self._waiting = [unit for unit in chain.from_iterable(zip_longest(*groups.values())) if unit]


def all_calls(run: Run, units: Sequence[Unit], generators: Mapping[str, Generator]) -> Iterator[list[Call]]:
    """The calls on passages, then those on records; those that are shown the same come together."""
    return chain(calls(run, units, generators), calls_on_records(run, units, generators))


def calls_on_records(run: Run, units: Sequence[Unit], generators: Mapping[str, Generator]) -> Iterator[list[Call]]:
    """The calls on kept records, those of a record together, in the order of their tables."""
    by_record: dict[str, list[Unit]] = {}
    for unit in units:
        if unit.record is not None:
            by_record.setdefault(unit.record, []).append(unit)
    if not by_record:
        return
    origins = Origins(run, [SEEN])
    for table in record_tables(run):
        kind = next(kind for kind in records.KINDS if kind == table.kind)
        for row in kept_records(run, table):
            if row["id"] not in by_record:
                continue
            record = records.from_row(kind, row)
            passages = origins.passages([*record.parents, *(quote.passage for quote in record.quotes)], SEEN)
            document = origins.document(row["unit"].split("/")[0])
            by_id = {passage.id: passage for passage in passages}
            size, parsed = len(document.text), as_parsed(document, passages)
            document = replace(document, text="")
            yield [
                Call(unit, generators[unit.method], document, size, parsed, record, by_id, passages)
                for unit in by_record[row["id"]]
            ]
