"""Look at a folder before there is a recipe: what lies in it, what can be read, and as what.

In      a folder. Nothing is written, no model is asked, and nothing leaves the machine.
Out     of each file what it would become (documents, records, feedback, nothing), and why; of all of them sizes, pages,
        characters, languages, and the licences that lie beside.
Costs   every file is listed. At most MOST files of an ending are parsed, spread over the folder, and the first LOOK_AT
        rows of each file of rows.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from factory import shapes
from factory.errors import BadItem, WrongRequest
from factory.plural import many
from factory.readers.limits import Limits
from factory.readers.packed import unpacked_suffix
from factory.readers.read import FORMATS, read
from factory.readers.rows import is_rows, read_rows
from factory.recipe import Source
from factory.runs import is_run
from factory.shapes import FEEDBACK, LOOK_AT, RATED, REVIEWED, SHAPES, Converter, UnknownShape
from factory.shapes.cells import plain
from factory.shapes.ratings import EDITS, VOTES
from factory.shapes.votes import Scale
from factory.stages.ingest import language
from factory.stages.licences import Found
from factory.stages.sources import File, below
from factory.wording import leader, without_code
from factory.wording import plain as words_of

MOST = 200  # files of an ending that are parsed
EXAMPLES = 3  # files that a line names
PEOPLE_SAY = {*VOTES, *EDITS} - {"rating", "stars", "score", "label", "kto_tag"}  # those may be a machine's
NO_LOG = ("unpaired_preference", "kto_conversations")  # shapes with a label that is no vote to be counted
NAME = re.compile(r"(?<=[a-z0-9,;] )[A-Z][a-z]*[A-Za-z]*[a-z][A-Za-z]*\b")  # with a capital in mid-sentence
HEADING = re.compile(r"^#.*$", re.MULTILINE)
FEWEST, NEARLY_ALL = 3, 0.9  # documents that name it, and their share
Gives = Literal["documents", "records", "feedback", ""]


@dataclass(frozen=True)
class Seen:
    """One file: what it would become, and what is in it as far as it was looked into."""

    path: str  # POSIX, below the folder
    ending: str  # as it is written
    size_bytes: int
    gives: Gives = "documents"
    said: str = ""  # the shape of its rows, in words; or what can be done about a file that gives nothing
    reason: str = ""  # why it gives nothing: ingest.corrupt_pdf
    map: Mapping[str, str] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()  # of its records
    licence: str | None = None  # in it or beside it
    pages: int = 0
    characters: int = 0
    is_looked_into: bool = True


@dataclass(frozen=True)
class Survey:
    """What lies in a folder."""

    folder: Path
    files: tuple[Seen, ...]
    languages: Counter[str]  # of documents
    licences: Counter[str]  # of files that have one beside or in them
    about: str = ""  # the name that nearly all of its documents speak of, if there is one

    def giving(self, *gives: Gives) -> list[Seen]:
        """The files that become this."""
        return [file for file in self.files if file.gives in gives]

    def lines(self) -> Iterator[str]:
        """For people, a line each."""
        size = sum(file.size_bytes for file in self.files)
        yield f"{self.folder}: {_files(len(self.files))}, {_megabytes(size)}"
        of_ending = defaultdict(list)
        for file in self.giving("documents"):
            of_ending[file.ending.lower()].append(file)
        for ending, files in sorted(of_ending.items()):
            yield f"  {ending or 'no ending'}: {_documents(files)}"
        for file in self.giving("records", "feedback"):
            yield f"  {file.path}: {file.gives}, {file.said}"
        if self.languages:
            yield f"  languages: {_counted(self.languages)}"
        if self.about:
            yield f"  about: {self.about}"
        yield f"  licences: {_counted(self.licences) if self.licences else 'none found'}"
        for reason in sorted({file.reason for file in self.giving("")}):
            yield f"  {_lost(reason, [file for file in self.files if file.reason == reason])}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        files = [
            {
                "path": file.path, "size_bytes": file.size_bytes, "gives": file.gives or None, "said": file.said,
                "reason": file.reason or None, "pages": file.pages, "characters": file.characters,
                "is_looked_into": file.is_looked_into,
            }
            for file in self.files
        ]  # fmt: skip
        found = {"languages": dict(self.languages.most_common()), "licences": dict(self.licences.most_common())}
        return {"folder": str(self.folder), "files": files, "about": self.about or None, **found}


def survey(folder: Path) -> Survey:
    """Look at a folder. Raises WrongRequest for what is none, a run, or a folder in which nothing could be read."""
    if not folder.is_dir():
        what = "is a file; name the folder that it lies in" if folder.exists() else "is not there"
        raise WrongRequest(f"{folder} {what}.")
    if is_run(folder):
        raise WrongRequest(f"{folder} is a run of dataset-factory. Name the folder of your documents.")
    looking = _Looking(folder)
    seen = tuple(looking.all())
    if not any(file.gives for file in seen):
        why = f" {seen[0].path}: {seen[0].said}" if seen else ""
        raise WrongRequest(f"There is no file in {folder} that can be read.{why}")
    return Survey(folder, seen, looking.languages, looking.licences, looking.about)


class _Looking:
    """One look at all files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._source = Source(path=str(folder), name=folder.resolve().name)
        self._folder = folder
        self._found = Found()
        self.languages: Counter[str] = Counter()
        self._named: Counter[str] = Counter()  # names by how often they are said, and by in how many documents
        self._naming: Counter[str] = Counter()
        self._documents = 0

    @property
    def about(self) -> str:
        """The name that nearly all documents speak of, and far more often than of any other."""
        first = leader(self._named, FEWEST)
        return first if first and self._naming[first] >= max(FEWEST, NEARLY_ALL * self._documents) else ""

    @property
    def licences(self) -> Counter[str]:
        """The licences of the files that were looked into."""
        return self._found.counts.get(self._source.name, Counter())

    def all(self) -> Iterator[Seen]:
        """Every file, in order."""
        listed = below(self._folder, str(self._folder), self._folder / "run")
        chosen = _chosen([path for path, _ in listed if not is_rows(path)])
        for path, place in listed:
            size = place.stat().st_size if place.is_file() else 0
            file = File(self._source, path, place, size, 0)
            if is_rows(path):
                yield self._rows(file)
            elif path in chosen:
                yield self._document(file)
            else:
                yield Seen(path, _ending(path), size, is_looked_into=False)

    def _document(self, file: File, map_: Mapping[str, str] | None = None) -> Seen:
        """A file as documents: one, or its first rows."""
        pages = characters = 0
        why: BadItem | None = None
        licence = None
        for item in islice(read(file.place, limits=Limits(), columns=map_, label=file.path), LOOK_AT):
            if isinstance(item, BadItem):
                why = why or item
                continue
            characters += len(item.text)
            pages += sum(mark.kind == "page" for mark in item.marks)
            if found := language(item.text):
                self.languages[found] += 1
            licence = licence or self._licence(file, item.text if item.row is None else "")
            self._note_names(item.text)
        if not characters:
            return _nothing(file, why or BadItem("ingest.empty", shapes.NO_ROW))
        return Seen(
            file.path, _ending(file.path), file.size,
            map=map_ or {}, pages=pages, characters=characters, licence=licence,
        )  # fmt: skip

    def _note_names(self, text: str) -> None:
        """Words that a text writes with a capital in mid-sentence, and, if they are plain, never small."""
        prose = words_of(without_code(HEADING.sub("", text)))
        small = set(re.findall(r"\b[a-z]+\b", prose))
        found = Counter(name for name in NAME.findall(prose) if name.lower() not in small or not name[1:].islower())
        self._documents += 1
        self._named.update(found)
        self._naming.update(found.keys())

    def _licence(self, file: File, text: str = "") -> str | None:
        return self._found.policy(file, text).licence

    def _rows(self, file: File) -> Seen:
        """A file of rows: a feedback log, records of a known shape, or documents."""
        try:
            for among in (FEEDBACK, SHAPES):
                seen = self._of_shape(file, among is FEEDBACK)
                if seen is not None:
                    return seen
            seen = self._document(file)
            column = _longest_column(file) if seen.reason == "ingest.no_text" else None
            return self._document(file, {"text": column}) if column else seen
        except BadItem as why:
            return _nothing(file, why)
        except OSError:  # a link to nothing, or a file that is not ours to read
            return self._document(file)

    def _of_shape(self, file: File, is_log: bool) -> Seen | None:
        """What the first rows say; None where they are of no such shape, or plain texts."""
        try:
            converter, numbered = shapes.opened(file.place, place=file.path, among=FEEDBACK if is_log else SHAPES)
        except (UnknownShape, BadItem):  # a broken table, too: as a document it gets the reason that a run would give
            return None
        rows = [row for _, row in islice(numbered, LOOK_AT) if not isinstance(row, BadItem)]
        if converter is None or converter.shape.name == "text" or (is_log and not _is_log(file, converter, rows)):
            return None
        kinds = frozenset(kind for row in rows for kind in _kinds(converter, row))
        gives: Gives = "feedback" if is_log else "records"
        if not kinds:
            return None
        licence = self._licence(file)
        return Seen(file.path, _ending(file.path), file.size, gives, converter.words, kinds=kinds, licence=licence)


def _chosen(paths: list[str]) -> set[str]:
    """At most MOST paths of each ending, as far from each other as can be."""
    of_ending = defaultdict(list)
    for path in paths:
        of_ending[Path(path).suffix.lower()].append(path)
    return {its[nth * len(its) // MOST] if len(its) > MOST else its[nth]
            for its in of_ending.values() for nth in range(min(MOST, len(its)))}  # fmt: skip


def _ending(path: str) -> str:
    """`.md`, `.jsonl.gz`: what a glob can ask for."""
    name = path.rpartition("/")[2]
    at = name.lower().rfind(unpacked_suffix(name)) if unpacked_suffix(name) in FORMATS else -1
    return name[at:] if at >= 0 else Path(name).suffix


def _nothing(file: File, why: BadItem) -> Seen:
    return Seen(file.path, _ending(file.path), file.size, "", why.detail, why.reason)


def _kinds(converter: Converter, row: Mapping[str, Any]) -> list[str]:
    try:
        return [kind for kind, _ in converter.records(row)]
    except BadItem:
        return []


def _is_log(file: File, converter: Converter, rows: list[dict[str, Any]]) -> bool:
    """Whether people said what these rows say, and it can be told what their votes mean: a dataset may have labels and
    scores as well, which are no votes."""
    if converter.shape.name == REVIEWED:
        return True
    by_people = any(converter.rater(row) for row in rows) or PEOPLE_SAY.intersection(map(plain, converter.columns))
    if not by_people or converter.shape.name != RATED:
        return bool(by_people)
    usual = shapes.looked_at(rows, place=file.path)
    return usual.shape.name not in NO_LOG and _is_understood(converter, rows)


def _is_understood(converter: Converter, rows: list[dict[str, Any]]) -> bool:
    scale = Scale()
    try:
        for row in rows:
            for kind, data in converter.records(row):
                said = scale.meaning(data["label"]) if kind == "feedback" else None
                if isinstance(said, float):
                    scale.see(said)
        scale.bounds(RATED)
    except (BadItem, WrongRequest):
        return False
    return True


def _longest_column(file: File) -> str | None:
    """The column with most text in it, where rows have none of the usual name."""
    lengths: Counter[str] = Counter()
    for _, row in islice(read_rows(file.place, Limits()).rows, LOOK_AT):
        if not isinstance(row, BadItem):
            lengths.update({name: len(value) for name, value in row.items() if isinstance(value, str)})
    return lengths.most_common(1)[0][0] if lengths else None


# --- words -----------------------------------------------------------------------------------------------------------


def _documents(files: list[Seen]) -> str:
    looked = [file for file in files if file.is_looked_into]
    pages, characters = (sum(getattr(file, name) for file in looked) for name in ("pages", "characters"))
    said = f"{_files(len(files))}, {_megabytes(sum(file.size_bytes for file in files))}: documents"
    said += f", {many(pages, 'page')}" if pages else ""
    of = f" in the {len(looked):,} that were looked into" if len(looked) < len(files) else ""
    return f"{said}, {many(characters, 'character')}{of}"


def _files(count: int) -> str:
    return many(count, "file")


def _lost(reason: str, files: list[Seen]) -> str:
    named = ", ".join(file.path for file in files[:EXAMPLES])
    more = f" and {len(files) - EXAMPLES} more" if len(files) > EXAMPLES else ""
    return f"{reason}: {named}{more}. {files[0].said}"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.most_common())


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB" if size_bytes >= 50_000 else f"{size_bytes / 1e3:,.1f} kB"
