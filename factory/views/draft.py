"""A recipe for a folder that was looked at: it runs as it is, and what may be wanted next stands in it as comments.

In      a `Survey`, and where the recipe will lie.
Out     its text. Generators that need no model, filters that need no extra; the models, their methods and their checks
        are lines to take the '#' away from. No confidentiality is stated, which is the safe default.
"""

import glob
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from factory.readers.rows import is_rows
from factory.recipe.file import source_name
from factory.views.survey import Gives, Seen, Survey

LANGUAGES = ("en", "de", "es", "fr")  # which the rules of generators and filters without a model know


@dataclass(frozen=True)
class _Source:
    """One entry of `sources`, its path below the folder; '' is the folder itself."""

    below: str
    gives: Gives
    map: Mapping[str, str]
    said: str = ""
    licence: str | None = None  # where a run would not look for it: above what it names


def draft(survey: Survey, recipe: Path) -> str:
    """The text of a recipe that will lie at `recipe`."""
    has_documents = bool(survey.giving("documents"))
    parts = [
        _head(survey, recipe),
        _sources(survey, recipe),
        *([_documents(), _generate(survey)] if has_documents else []),
        _filter(survey, has_documents),
        _export(has_documents),
    ]
    return "\n".join("".join(f"{line}\n" for line in part) for part in parts)


def _head(survey: Survey, recipe: Path) -> Iterator[str]:
    name = _slug(survey.folder)
    yield f"# What 'factory init' wrote for {survey.folder.resolve().name}. Run it: factory run {recipe}"
    yield "# It asks no model and needs no key. Every key: 'factory schema'; every option: 'factory plugins NAME'."
    yield f"run: {_text(f'runs/{name}')}"
    yield "seed: 0"
    yield "# use: commercial               # or research, internal: the export refuses rows whose licence forbids it"
    yield "# policy: {unlabelled: reject}  # leaves out, first of all, what the use forbids, and what nobody labelled"


def _sources(survey: Survey, recipe: Path) -> Iterator[str]:
    root = PurePosixPath(os.path.relpath(survey.folder.resolve(), recipe.parent.resolve()))
    yield "sources:"
    sources = list(_found(survey))
    names = _names(sources, survey.folder)
    for nth, (source, name) in enumerate(zip(sources, names, strict=True)):
        path = PurePosixPath(glob.escape(str(root)) if "*" in source.below else str(root)) / source.below
        yield f"  - path: {_text(str(path))}"
        if name != source_name(str(path)):
            yield f"    name: {_text(name)}"
        if source.gives != "documents":
            yield f"    as: {source.gives}   # {source.said}"
        if source.licence:
            yield f"    licence: {_text(source.licence)}   # found beside it, or above"
        if source.map:
            yield f"    map: {_text(dict(source.map))}   # the column that holds the text"
        yield from _policy(survey) if not nth else ()


def _policy(survey: Survey) -> Iterator[str]:
    """What may be done with the first source, said once."""
    found = ", ".join(f"{licence} ({count})" for licence, count in survey.licences.most_common())
    beside = f"found in files or beside them: {found}; what stands here counts instead" if found else "none was found"
    yield f"    # licence: CC-BY-4.0           # an SPDX expression; {beside}"
    yield '    # copyright: "© …"             # the notice, as every row and the card carry it'
    yield "    # confidentiality: public      # if you say nothing it is internal: no model that runs elsewhere sees it"


def _documents() -> Iterator[str]:
    yield "documents:"
    yield "  filter:"
    yield "    - exact_dedup"
    yield "    # - document_quality                 # leaves out what is hardly running text"
    yield ""
    yield "passages:"
    yield "  max_tokens: 512"
    yield "  # tokenizer: PATH/OR/HUB-ID            # exact tokens of a model; else they are estimated"
    yield "  filter:                                # before any generator sees the text"
    yield "    - minhash_dedup: {threshold: 0.8}"
    yield "    - pii: {action: placeholder}"
    yield "    - secrets: {action: placeholder}"


def _generate(survey: Survey) -> Iterator[str]:
    others = [name for name in survey.languages if name not in LANGUAGES]
    yield "# Any OpenAI-compatible server. One that runs elsewhere sees public text only, if may_see is not set."
    yield "# models:"
    yield '#   llm: {base_url: "http://localhost:1234/v1", model: NAME, max_tokens: 1500}   # may_see: internal'
    yield ""
    yield "generate:"
    yield "  # target: 2000                         # so many rows after all filters"
    yield "  exam: {share: 0.1}                     # questions kept apart: 'factory evaluate' asks them after training"
    yield "  methods:"
    yield "    - text: {max_tokens: 2048}           # rows for continued pretraining"
    yield f"    {_with_about(survey):<36} # questions whose answers are spans of the documents"
    if survey.about:
        yield f"    # (nearly all documents speak of {survey.about}: it stands in questions that name nothing else)"
    if others:
        yield f"    # (of documents in {', '.join(sorted(others))} only questions that the text itself asks)"
    yield "    # - reading_comprehension            # texts with tasks mined from them"
    yield "    # - contrast                         # pairs whose worse side has one fact changed"
    yield "    # - qa: {pairs: 4}                   # with a model: questions, answers proved by quotes"


def _with_about(survey: Survey) -> str:
    """The entry of extractive_qa, with what the documents of each source are about where that was seen."""
    if not survey.about:
        return "- extractive_qa"
    sources = list(_found(survey))
    named = zip(sources, _names(sources, survey.folder), strict=True)
    about = {name: survey.about for source, name in named if source.gives == "documents"}
    return f"- extractive_qa: {_text({'about': about})}"


def _filter(survey: Survey, has_documents: bool) -> Iterator[str]:
    kinds = {kind for file in survey.giving("records", "feedback") for kind in file.kinds}
    yield "filter:                                  # on rows, in this order"
    yield "  - length: {min_chars: 30}"
    if "sft" in kinds:
        yield "  - format                             # broken turns, answers cut off"
    if kinds & {"preference", "ranking", "feedback"}:
        yield "  - preference_sanity                  # pairs that teach nothing, or contradict each other"
    yield "  - self_contained_rules                 # no 'the text above' without the text"
    if has_documents:
        yield "  # - grounded                           # with a model: what the source does not have"
        yield "  # - only_from_source                   # with a model: judged against the source"
    yield "  - exact_dedup"
    yield "  - minhash_dedup"
    yield "  - pii"
    yield "  - secrets"
    if has_documents:  # not active: of a single document it would take rows, and of a long one for pretraining, text
        yield "  # - balance: {caps: {document: 50}}    # where one document outweighs the others: so many rows of it"


def _export(has_documents: bool) -> Iterator[str]:
    yield "export:"
    yield "  split: {validation: 0.05, test: 0.05}"
    yield "  formats: [trl, messages]               # also sharegpt, alpaca, llama-factory, axolotl"
    yield "  context: open-book                     # closed-book leaves a row's context out"
    yield ""
    yield "audit:"
    yield "  checks:                                # 'factory run' ends with exit code 1 where one does not hold"
    yield f"    - {'quotes.broken == 0' if has_documents else 'duplicates.exact.share == 0'}"
    yield "    # - pii.share == 0"


# --- which files become which source ---------------------------------------------------------------------------------


def _found(survey: Survey) -> Iterator[_Source]:
    """The folder whole where all of it is documents; else a source an ending, and files of rows by what they hold."""
    if all(file.gives in ("documents", "") and not file.map for file in survey.files):
        yield _Source("", "documents", {})
        return
    for ending in sorted({file.ending for file in survey.giving("documents") if not is_rows(file.path)}):
        yield _Source(f"**/*{glob.escape(ending)}", "documents", {})
    yield from _of_rows([file for file in survey.files if file.gives and is_rows(file.path)])


def _of_rows(files: Sequence[Seen]) -> Iterator[_Source]:
    """Files of rows: those of one folder and ending together where they hold the same, else one by one."""
    together = defaultdict(list)
    for file in files:
        together[PurePosixPath(file.path).parent, file.ending].append(file)
    for (folder, ending), its in sorted(together.items()):
        alike = all(_of_file(file, "") == _of_file(its[0], "") for file in its)
        if alike and its[1:]:
            yield _of_file(its[0], f"{glob.escape(str(folder))}/*{glob.escape(ending)}")
        else:
            yield from (_of_file(file, file.path) for file in its)


def _of_file(file: Seen, below: str) -> _Source:
    return _Source(below, file.gives, file.map, file.said, file.licence)


def _names(sources: Sequence[_Source], folder: Path) -> list[str]:
    """A name for each source, none twice: its file or folder, with its ending where it is a glob."""
    base, names = _slug(folder), list[str]()
    for source in sources:
        path = PurePosixPath(source.below)
        if "*" in source.below:
            above = "-".join(part for part in path.parts[:-1] if part != "**") or base
            name = above + path.name.removeprefix("*").replace(".", "-")
        else:
            name = path.name or base
        names.append(name if name not in names else str(path).replace("/", "-"))
    return names


def _slug(folder: Path) -> str:
    """The folder's name with nothing in it that would be a pattern or a path."""
    plain = "".join(c if c.isalnum() or c in "-_." else "-" for c in folder.resolve().name).strip("-.")
    return plain or "documents"


def _text(value: object) -> str:
    """A value as it stands in YAML on one line."""
    return (
        yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000).removesuffix("...\n").strip()
    )
