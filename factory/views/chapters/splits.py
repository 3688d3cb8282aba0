"""Train, validation and test: their rows, and whether a document stands in two of them."""

from factory.runs import Run
from factory.stages.splits import SPLITS
from factory.views import declared, exported
from factory.views.chapter import Chapter, Finding, share, some

NAME, TITLE = "splits", "Splits"
Rows = dict[str, dict[str, int]]


def chapter(run: Run) -> Chapter:
    """Rows by kind and split; about 150 bytes a document are held."""
    rows: Rows = {}
    split_of: dict[str, str] = {}
    shared: set[str] = set()
    torn: list[str] = []
    for kind, split, id_, meta in exported.metas(run):
        rows.setdefault(kind, dict.fromkeys(SPLITS, 0))[split] += 1
        elsewhere = [name for name in meta["documents"] if split_of.setdefault(name, split) != split]
        if elsewhere:
            shared.update(elsewhere)
            torn.append(id_)
    totals = {split: sum(its[split] for its in rows.values()) for split in SPLITS}
    measures = {"rows.total": sum(totals.values()), "splits.shared_documents": len(shared)}
    measures |= {f"rows.{split}": count for split, count in totals.items()}
    numbers = {"rows": rows, "totals": totals, "shares": {s: share(n, sum(totals.values())) for s, n in totals.items()},
               "by": declared.recipe(run).export.split.by}  # fmt: skip
    return Chapter(numbers, measures, [_no_rows(run, rows), _shared(shared, torn), *_empty(run, rows)])


def _no_rows(run: Run, rows: Rows) -> Finding:
    return Finding(
        "splits.no_rows", "error", "Not one row is exported",
        "There is nothing to train on.", int(run.stands("export") and not rows),
        "`factory ledger RUN` says what was lost and why",
    )  # fmt: skip


def _shared(shared: set[str], torn: list[str]) -> Finding:
    return Finding(
        "splits.shared_documents", "error", "A document stands in two splits",
        "The test then asks for what was trained on, and its score says nothing.", len(shared),
        "`factory export RUN` keeps the rows of a document in one split", some(torn),
    )  # fmt: skip


def _empty(run: Run, rows: Rows) -> list[Finding]:
    """Splits that the recipe asks for and that got no row of a kind."""
    wanted = declared.recipe(run).export.split
    if wanted.by == "file":
        return []
    asked = {"validation": wanted.validation, "test": wanted.test}
    return [
        Finding(
            f"splits.empty.{kind}.{split}", "warning", f"No {split} rows of kind {kind}",
            "There is nothing to measure on; rows of one document stay together, and no such group was small enough.",
            1, f"more documents, or in the recipe `export: {{split: {{{split}: {max(0.2, min(0.4, 2 * part)):g}}}}}`",
        )
        for kind, its in rows.items() for split, part in asked.items() if part and not its[split]
    ]  # fmt: skip
