"""Where the rows come from: documents, passages, rows and characters by source; licences; languages."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from factory import rejections, tables
from factory.corpus import document_table, kept, passage_table
from factory.licences import is_stated
from factory.plural import many
from factory.policy import is_unstated
from factory.runs import Run
from factory.stages import hub
from factory.views import declared, exported, ledger
from factory.views.chapter import Chapter, Finding, share, some

NAME, TITLE = "sources", "Where it comes from"
FEW_DOCUMENTS, FEW_ROWS = 4, 100  # of fewer one document always has much
MUCH = 0.25  # of all rows
NO_LANGUAGE = "not told"  # too short, or no language sure enough
Counts = dict[str, dict[str, Any]]


def chapter(run: Run) -> Chapter:
    """A line a source of the recipe, in its order; a row of two sources counts in both."""
    sources = _declared(run)
    languages: dict[str, Counter[str]] = {"documents": Counter(), "rows": Counter()}
    _count_documents(run, sources, languages["documents"])
    _count_passages(run, sources)
    unlicensed, rows, of_document = _count_rows(run, sources, languages["rows"])

    def most_first(name: str) -> tuple[int, int, str]:
        return -languages["documents"][name], -languages["rows"][name], name

    by_language = {
        name: {"documents": languages["documents"][name], "rows": languages["rows"][name]}
        for name in sorted(languages["documents"] | languages["rows"], key=most_first)
    }
    measures = {
        "licences.unstated.share": share(len(unlicensed), rows),
        "sources.count": len(sources),
        "sources.pages_by_ocr": sum(its["pages_by_ocr"] for its in sources.values()),
    }
    findings = [
        _no_licence(run, unlicensed, sources),
        *_other_licence(run),
        *_nothing_read(sources),
        *_nothing_kept(run, sources),
        _outweighs(of_document, rows),
    ]
    numbers = {"sources": sources, "languages": by_language, "has_documents": declared.has_documents(run)}
    return Chapter(numbers, measures, findings)


def _declared(run: Run) -> Counts:
    zero = {"files_rejected": 0, "documents": 0, "documents_kept": 0, "characters": 0, "passages_kept": 0, "rows": 0,
            "records_read": 0, "pages_by_ocr": 0}  # fmt: skip
    revisions = hub.had(run)
    sources: Counts = {
        source.name: {
            "licence": source.licence, "confidentiality": source.confidentiality, "copyright": source.copyright,
            "revision": revisions.get(source.name), **zero,
        }
        for source in declared.recipe(run).sources
    }  # fmt: skip
    for its in run.counts("read").get("files", {}).values():
        sources[its["source"]]["records_read"] += its["records"]
    for row in [*rejections.read(run, "ingest"), *rejections.read(run, "read")]:
        if (name := _source_of(row["place"], sources)) is not None:
            sources[name]["files_rejected"] += 1
    return sources


def _source_of(place: str, sources: Iterable[str]) -> str | None:
    """The source of `manual/faq.jsonl:7`, or of `faq.jsonl:7` where the file is the source."""
    return next((name for name in sources if place == name or place.startswith((f"{name}/", f"{name}:"))), None)


def _count_documents(run: Run, sources: Counts, languages: Counter[str]) -> None:
    table, first = document_table(run), 0
    alive = kept(run, table).alive
    for batch in tables.batches(table.folder, table.schema, columns=["source", "language", "text", "marks"]):
        characters = pc.utf8_length(batch["text"]).to_pylist()
        seen = _pages_by_ocr(batch["marks"])
        rows = zip(batch["source"].to_pylist(), batch["language"].to_pylist(), characters, seen, strict=True)
        for position, (source, language, length, pages) in enumerate(rows, first):
            its = sources[source]
            its["documents"] += 1
            if alive[position]:
                its["documents_kept"] += 1
                its["characters"] += length
                its["pages_by_ocr"] += pages
                languages[language or NO_LANGUAGE] += 1
        first += len(batch)


def _pages_by_ocr(marks: pa.Array) -> list[int]:
    """Of each document: how many of its pages were read by OCR."""
    seen = pc.equal(pc.struct_field(pc.list_flatten(marks), "kind"), "ocr")
    counts = Counter(pc.list_parent_indices(marks).filter(seen).to_pylist())
    return [counts[nth] for nth in range(len(marks))]


def _count_passages(run: Run, sources: Counts) -> None:
    table, first = passage_table(run), 0
    alive = kept(run, table).alive
    for batch in tables.batches(table.folder, table.schema, columns=["source"]):
        for position, source in enumerate(batch["source"].to_pylist(), first):
            sources[source]["passages_kept"] += int(alive[position])
        first += len(batch)


def _count_rows(run: Run, sources: Counts, languages: Counter[str]) -> tuple[list[str], int, Counter[str]]:
    """Rows by source and language; the ids of those without a licence, how many rows there are, and by document."""
    unlicensed, rows, of_document = [], 0, Counter[str]()
    without = {name for name, its in sources.items() if not is_stated(its["licence"])}
    for _, _, id_, meta in exported.metas(run):
        rows += 1
        languages[meta["language"] or NO_LANGUAGE] += 1
        if is_unstated(meta, without):
            unlicensed.append(id_)
        for name in meta["sources"]:
            sources[name]["rows"] += 1
        of_document.update(meta["documents"])
    return unlicensed, rows, of_document


def _no_licence(run: Run, unlicensed: list[str], sources: Counts) -> Finding:
    recipe = declared.recipe(run)
    asked = declared.has_documents(run) or recipe.use is not None or recipe.policy is not None
    names = ", ".join(name for name, its in sources.items() if its["licence"] is None)
    return Finding(
        "sources.no_licence", "warning" if asked else "info", "Rows come from sources without a stated licence",
        "Nobody can tell later whether a model trained on them may be used.", len(unlicensed),
        "a LICENSE file beside the data, or a README.md with `license:` at its head, is read; in a recipe say "
        f"`licence: SPDX-ID` at the source: {names}", some(unlicensed),
    )  # fmt: skip


def _other_licence(run: Run) -> list[Finding]:
    """Sources in which a licence lies that is another one than the recipe says."""
    noted = [run.counts(stage).get("licences", {}).get("against", {}) for stage in ("ingest", "read")]
    return [
        Finding(
            f"sources.other_licence.{name}", "warning", f"The files of {name} say another licence than the recipe",
            f"The recipe's {its['stated']} counts, but a header, a licence file or a dataset card says "
            f"{', '.join(sorted(its['found']))}: somebody is wrong.", its["files"],
            f"make sure, then correct `licence:` at the source {name}, or make these files a source of its own",
            some(its["places"]),
        )
        for against in noted for name, its in against.items()
    ]  # fmt: skip


def _outweighs(of_document: Counter[str], rows: int) -> Finding:
    """The document with most rows, where these are many beside those of the others."""
    name, count = min(of_document.items(), key=lambda its: (-its[1], its[0]), default=("", 0))
    is_heavy = len(of_document) >= FEW_DOCUMENTS and rows >= FEW_ROWS and count > MUCH * rows
    return Finding(
        "sources.one_document", "info", "One document gives much of the rows",
        f"The model learns it and its wording best: {count:,} of {many(rows, 'row')}, and "
        f"{len(of_document) - 1:,} other documents share the rest.", count if is_heavy else 0,
        f"if that is not meant, cap it: in the recipe `filter: [balance: {{caps: {{document: {count // 2}}}}}]`",
        (name,),
    )  # fmt: skip


def _nothing_read(sources: Counts) -> list[Finding]:
    silent = [name for name, its in sources.items() if not its["documents"] and not its["records_read"]]
    return [
        Finding(
            f"sources.nothing_read.{name}", "warning", f"Nothing was read from the source {name}",
            "The model will know nothing of what it holds.", max(1, sources[name]["files_rejected"]),
            "`factory ledger RUN --reason ingest --rows` says why",
        )
        for name in silent
    ]  # fmt: skip


def _nothing_kept(run: Run, sources: Counts) -> list[Finding]:
    """Sources whose every document a filter rejected: worth a warning unless policy said so."""
    silent = {name for name, its in sources.items() if its["documents"] and not its["documents_kept"]}
    if not silent:
        return []
    reasons, ids = _why(run, silent)
    return [
        _nothing_of(name, sources[name]["documents"], reasons[name], ids[name]) for name in sources if name in silent
    ]


def _nothing_of(name: str, documents: int, reasons: set[str], ids: list[str]) -> Finding:
    meant = all(reason.startswith("policy.") for reason in reasons)
    return Finding(
        f"sources.nothing_kept.{name}", "info" if meant else "warning",
        f"Every document of the source {name} was rejected",
        f"The model will know nothing of what it holds ({', '.join(sorted(reasons))}).",
        documents, "`factory ledger RUN --stage filter.documents --rows` says why", some(ids),
    )  # fmt: skip


def _why(run: Run, silent: set[str]) -> tuple[dict[str, set[str]], dict[str, list[str]]]:
    table = document_table(run)
    source_of = {
        row["id"]: row["source"]
        for row in tables.rows(table.folder, table.schema, columns=["id", "source"])
        if row["source"] in silent
    }
    reasons: dict[str, set[str]] = {name: set() for name in silent}
    ids: dict[str, list[str]] = {name: [] for name in silent}
    for entry in ledger.entries(run, stage="filter.documents"):
        if (name := source_of.get(entry.id)) is not None:
            reasons[name].add(entry.reason)
            ids[name].append(entry.id)
    return reasons, ids
