"""What foreign datasets hold: the shape that was seen in each file, the columns read and left, rows of other shapes."""

from typing import Any

from factory import rejections
from factory.runs import Run
from factory.views.chapter import Chapter, Finding, share, some

NAME, TITLE = "shapes", "What the files hold"
OTHER, BROKEN, CUT_SHORT = "ingest.other_shape", "ingest.not_of_shape", "ingest.cut_short"
PROMPTS = "prompts"  # the shape that has no answers


def chapter(run: Run) -> Chapter:
    """A line a file. Nothing where no source is read as records."""
    counts = run.counts("read")
    files: list[dict[str, Any]] = list(counts.get("files", {}).values())
    if not files:
        return Chapter({"files": [], "not_looked_at": "No source of this run is read as records."})
    others = sum(sum(its["others"].values()) for its in files)
    measures = {
        "shapes.files": len(files),
        "shapes.other": others,
        "shapes.rejected.share": share(counts["rejected"], counts["rows"]),
    }
    lost = list(rejections.read(run, "read"))
    findings = [_cut_short(lost), _mixed(lost, others), _broken(lost), _unread(files), _no_answers(files), _ties(files)]
    findings.append(_sampled(counts["samples"]))
    numbers = {name: counts[name] for name in ("kinds", "revisions", "samples")} | {"files": files}
    return Chapter(numbers, measures, findings)


def _places(lost: list[dict[str, Any]], reason: str) -> list[str]:
    return [row["place"] for row in lost if row["reason"] == reason]


def _cut_short(lost: list[dict[str, Any]]) -> Finding:
    places = _places(lost, CUT_SHORT)
    return Finding(
        "shapes.cut_short", "error", "A file could not be read to its end",
        "It ends too early or is damaged, and nobody knows how many rows are missing.", len(places),
        "`factory ledger RUN --reason ingest.cut_short --rows` says where; get the file again", some(places),
    )  # fmt: skip


def _mixed(lost: list[dict[str, Any]], others: int) -> Finding:
    return Finding(
        "shapes.mixed", "warning", "Rows of another shape stand in a file",
        "They were left out: a trainer would stop at them, or read them as something else.", others,
        "`factory ledger RUN --reason ingest.other_shape --rows` lists them; put them into a file of their own",
        some(_places(lost, OTHER)),
    )  # fmt: skip


def _broken(lost: list[dict[str, Any]]) -> Finding:
    places = _places(lost, BROKEN)
    return Finding(
        "shapes.broken", "warning", "Rows lack what their shape needs",
        "They were left out: a column is missing, null or of another type.", len(places),
        "`factory ledger RUN --reason ingest.not_of_shape --rows` says of each what is wrong", some(places),
    )  # fmt: skip


def _unread(files: list[dict[str, Any]]) -> Finding:
    silent = [its["place"] for its in files if not its["records"] and not its["shape"]]  # votes may count elsewhere
    return Finding(
        "shapes.unread", "warning", "Files gave no row",
        "What they hold is not in the dataset.", len(silent),
        "`factory ledger RUN --stage read --rows` says why", some(silent),
    )  # fmt: skip


def _sampled(samples: dict[str, dict[str, int]]) -> Finding:
    left = sum(its["of"] - its["rows"] for its in samples.values())
    return Finding(
        "shapes.sample", "info", "Only a sample was looked at",
        "Shares are estimates; of copies most are missed, since of both only one may have been drawn.", left,
        "the same command without `--sample` looks at every row",
    )  # fmt: skip


def _ties(files: list[dict[str, Any]]) -> Finding:
    return Finding(
        "shapes.ties", "info", "Comparisons have no winner",
        "Where no answer is better than another there is no pair to train on; these rows leave no trace in the export.",
        sum(its["ties"] for its in files), "nothing, unless another column says which is better: `--map COLUMN=winner`",
    )  # fmt: skip


def _no_answers(files: list[dict[str, Any]]) -> Finding:
    count = sum(its["records"] for its in files if its["name"] == PROMPTS)
    return Finding(
        "shapes.prompts", "info", "Prompts have no answer",
        "There is nothing in them that a supervised training could learn from.", count,
        "if another column is the answer, say so: `factory audit DATASET --map COLUMN=completion`",
    )  # fmt: skip
