"""Forget: erase documents and all that was made from them, from every file of a run.

    documents, passages, records, units, verdicts, features, rejections, measured rows    without their rows
    journal.sqlite    without their calls, and those of units that were shown their words; the file written anew
    dataset/ exports/ report.*    made again from what is left, where they stood
    caches, and what stopped runs left behind    removed, of a comparison also what lies in the other dataset

Nothing is asked, parsed or generated: it works where sources, models and plugins are gone. What is to go is written
down (`forgotten.json`) before the first table is touched, so that a forgetting that was killed is finished by the same
command. The next `factory run` sees sources without these documents and brings the rest up to date: a copy that was
rejected because of a forgotten document takes its place.

Misses  models/: who was trained on it is said, no model is unlearned. Files outside the run: sources, batch files,
        models that were put elsewhere (`-o`), copies of the dataset; a run that it was compared with and that was moved
        since, before the comparison had ended.
"""

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from factory import documents, tables
from factory.corpus import passage_table, record_tables
from factory.documents import Document, document_id, place
from factory.errors import WrongRequest, did_you_mean
from factory.forgotten import Forgotten
from factory.llm import scrub
from factory.progress import Progress
from factory.runs import Run
from factory.stages.derived import Gone, units_of
from factory.stages.erase import erase
from factory.stages.models import FILE
from factory.views import declared


@dataclass
class Plan:
    """What goes, or went: names for people, counts, and what a forgetting does not reach."""

    documents: list[str] = field(default_factory=list)  # `source/path:row`, or the id where the run has only that
    copies: list[str] = field(default_factory=list)  # other documents with the same words: they go too
    passages: int = 0
    records: int = 0
    calls: int = 0
    models: list[str] = field(default_factory=list)  # trained on one of them
    perhaps: list[str] = field(default_factory=list)  # models of which it is not noted what they were trained on
    outside: list[str] = field(default_factory=list)  # folders that may hold their text and are not the run's
    done: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def forget(path: Path, names: Sequence[str], *, yes: bool = False, progress: Progress | None = None) -> Plan:
    """Erase the documents of these names (an id, `source/path`, `source/path:row`); without `yes` only say what goes.

    A forgetting that was stopped is finished first. Raises WrongRequest for a name that there is not, DeadWorld where
    the disk refuses; the same command then goes on.
    """
    run = Run(path)
    with run.lock(forgetting=True):
        memory = Forgotten.of(run.path)
        said = progress or Progress()
        if memory.pending is not None:
            if not yes:
                raise WrongRequest(f"A forgetting was stopped in the middle. Finish it: factory forget {path} --yes")
            asked = memory.pending["asked"]
            plan = _finish(run, memory, said)
            names = [name for name in names if name not in asked]
            if not names:
                return plan
        if not names:
            raise WrongRequest(f"Name a document: its id, or source/path. To see them: factory show {path} documents")
        plan, gone = _plan(run, memory, names)
        if not yes or not gone.documents:
            return plan
        memory.pending = {
            "asked": list(names), "plan": plan.as_dict(), "stages": run.notes(),
            "ids": sorted(gone.documents), "units": sorted(gone.units), "listed": sorted(gone.listed),
        }  # fmt: skip
        memory.save()
        return _finish(run, memory, said)


def _finish(run: Run, memory: Forgotten, progress: Progress) -> Plan:
    """Erase what is pending; done again, it does no harm."""
    pending: Mapping[str, Any] = memory.pending or {}
    plan = Plan(**{**pending["plan"], "done": True})
    progress.start("forget")
    gone = Gone(*(frozenset(pending[what]) for what in ("ids", "units", "listed")))
    erase(run, gone, pending["stages"], progress)
    memory.pending = None
    memory.save()
    run.log("forget", documents=len(pending["ids"]), passages=plan.passages, records=plan.records, calls=plan.calls)
    return plan


# --- what is meant ---------------------------------------------------------------------------------------------------


def _plan(run: Run, memory: Forgotten, names: Sequence[str]) -> tuple[Plan, Gone]:
    """What goes, in words and by id. Puts the documents into `memory`, which is not saved."""
    named, without_text = _named(run, memory, names)
    found = list(_documents(run, named))
    memory.add(found)
    for id_ in without_text:
        memory.add_id(id_)
    copies = list(_copies(run, memory, named))
    memory.add(copies)
    listed = frozenset(document.id for document in [*found, *copies])
    ids = listed | without_text
    units = units_of(run, ids, (document.text for document in [*found, *copies])) if ids else set()
    gone = Gone(ids, frozenset(units), listed)
    trained, perhaps = _models(run, ids)
    plan = Plan(
        documents=[document.place for document in found] + sorted(without_text),
        copies=[document.place for document in copies],
        passages=sum(map(gone, _ids(run, "passages"))),
        records=sum(map(gone, _ids(run, "records"))),
        calls=sum(gone(call.unit) for call in scrub.calls(run.path / FILE)) if ids else 0,
        models=trained,
        perhaps=perhaps,
        outside=_outside(run),
    )
    return plan, gone


def _named(run: Run, memory: Forgotten, names: Sequence[str]) -> tuple[set[str], set[str]]:
    """The ids of the documents of these names; and of those that the run has no text of, but answers about."""
    by_name: dict[str, list[str]] = {}
    columns = ["id", "source", "path", "row"]
    for row in tables.rows(run.path / "documents", documents.SCHEMA, columns=columns):
        known_as = {row["id"], place(row["source"], row["path"], row["row"]), place(row["source"], row["path"])}
        for name in known_as:
            by_name.setdefault(name, []).append(row["id"])
    named, without_text = set[str](), set[str]()
    for name in names:
        if name in by_name:
            named.update(by_name[name])
            continue
        possible = _possible_ids(name)
        asked = {unit.split("/", 1)[0] for unit in scrub.units(run.path / FILE)} & possible
        without_text |= asked
        if not asked and not any(map(memory.has_id, possible)):  # else it was forgotten before
            hint = did_you_mean(name, by_name)
            raise WrongRequest(f"{run.path} has no document '{name}'.{hint} Name it by its id, or as source/path:row.")
    return named, without_text


def _possible_ids(name: str) -> set[str]:
    """The ids that a name may stand for, where no table says it."""
    cuts = [nth for nth, character in enumerate(name) if character == "/"]
    return {name, document_id(name, name), *(document_id(name[:cut], name[cut + 1 :]) for cut in cuts)}


def _documents(run: Run, ids: set[str]) -> Iterator[Document]:
    for row in tables.rows(run.path / "documents", documents.SCHEMA) if ids else ():
        if row["id"] in ids:
            yield Document.from_row(row)


def _copies(run: Run, memory: Forgotten, named: set[str]) -> Iterator[Document]:
    """The other documents that `memory` would not let in again."""
    for row in tables.rows(run.path / "documents", documents.SCHEMA):
        whole = row["row"] is None and memory.has_file(row["id"], row["file_digest"])
        if row["id"] not in named and (whole or memory.has_text(row["text"])):
            yield Document.from_row(row)


def _ids(run: Run, stage: str) -> Iterator[str]:
    found = [passage_table(run)] if stage == "passages" else record_tables(run)
    for row in chain.from_iterable(tables.rows(table.folder, table.schema, columns=["id"]) for table in found):
        yield row["id"]


def _models(run: Run, ids: Set[str]) -> tuple[list[str], list[str]]:
    """The models of the run that were trained on one of these; and those of which that is not known."""
    trained, perhaps = [], []
    for file in sorted(run.path.glob("models/*/training.json")):
        try:
            learned = json.loads(file.read_text(encoding="utf-8")).get("documents")
        except (OSError, ValueError):
            learned = None
        if learned is None:
            perhaps.append(file.parent.name)
        elif ids & set(learned):
            trained.append(file.parent.name)
    return trained, perhaps


def _outside(run: Run) -> list[str]:
    """The folders of batch files: their requests hold prompts, and they are the user's."""
    if not (run.path / "recipe.yaml").is_file():
        return []
    folders = [str(model.batch.folder) for model in declared.recipe(run).models.values() if model.batch]
    return sorted({folder for folder in folders if Path(folder).is_dir()})
