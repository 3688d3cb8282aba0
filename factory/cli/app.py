"""Every verb, in the order of the data. Each parses, calls one function of the core, and prints."""

from pathlib import Path
from typing import Annotated

import typer

from factory.cli import printing

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Raw documents in, audited fine-tuning data out.\n\nFirst run, with no key and no GPU: factory run quickstart",
)

RecipeArg = Annotated[
    str, typer.Argument(metavar="RECIPE", help="A recipe file, a run folder, or a recipe of the package (quickstart).")
]
RunArg = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the recipe: generate.target=200, filter.length.min_chars=40. Repeatable.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
LimitOption = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        help="Make the run of the first N units of each method only; a later run of the recipe goes on from there.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, metavar="N", help="Processes that measure; the machine's cores if not given."),
]


@app.command()
def run(
    recipe: RecipeArg,
    override: SetOption = None,
    limit: LimitOption = None,
    retry: Annotated[
        str | None,
        typer.Option(
            "--retry",
            metavar="REASON",
            help="Read files again that were rejected for this reason (or its prefix): ingest.timeout.",
        ),
    ] = None,
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Do everything a recipe says; run again, do only what changed.

    Example: factory run quickstart --set generate.target=50
    """
    printing.run(recipe, override, json, until="audit", limit=limit, retry=retry, workers=workers)


@app.command()
def ingest(
    recipe: RecipeArg,
    override: SetOption = None,
    retry: Annotated[
        str | None,
        typer.Option(
            "--retry", metavar="REASON", help="Read files again that were rejected for this reason (or its prefix)."
        ),
    ] = None,
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Read the sources into documents, filter those, and split them into passages.

    Example: factory ingest recipe.yaml
    """
    printing.run(recipe, override, json, until="ingest", retry=retry, workers=workers)


@app.command()
def generate(
    run: RecipeArg,
    method: Annotated[
        str | None,
        typer.Argument(
            metavar="[METHOD]", help="A generator to add to the recipe or to change; 'factory plugins' lists them."
        ),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="With METHOD one of its options, else a key of the recipe. Repeatable."
        ),
    ] = None,
    limit: LimitOption = None,
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Write records from a run's passages, and filter them.

    Example: factory generate runs/handbook text --set max_tokens=1024
    """
    given = [f"generate.methods.{method}.{option}" for option in override or []] if method else override
    printing.run(run, given, json, until="generate", methods=[method] if method else [], limit=limit, workers=workers)


@app.command(name="filter")
def filter_(
    run: RecipeArg, override: SetOption = None, workers: WorkersOption = None, json: JsonOption = False
) -> None:
    """Run the filters on documents, passages and (where there are any) records.

    What was measured before is not measured again: a new threshold costs seconds.

    Example: factory filter runs/handbook --set filter.length.min_chars=40
    """
    printing.run(run, override, json, until="filter", workers=workers)


@app.command()
def export(run: RecipeArg, override: SetOption = None, workers: WorkersOption = None, json: JsonOption = False) -> None:
    """Write the kept records as files that a trainer reads, split into train, validation and test.

    Example: factory export runs/handbook --set export.context=closed-book
    """
    printing.run(run, override, json, until="export", workers=workers)


@app.command()
def audit(
    run: RunArg,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check", metavar="'MEASURE OP NUMBER'", help="Exit 1 unless it holds: 'pii.share == 0'. Repeatable."
        ),
    ] = None,
    list_measures: Annotated[
        bool, typer.Option("--list-measures", help="Print every measure that a check may name.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write report.html for people and report.json for machines.

    Example: factory audit runs/handbook --check 'duplicates.near.share < 0.01'
    """
    printing.audit(run, check or [], list_measures, json)


@app.command()
def show(
    run: RunArg,
    table: Annotated[
        str | None,
        typer.Argument(metavar="[TABLE]", help="documents, passages or records; the table of stages if not given."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="How many rows: 5 if not given, with --ids all.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only records of this kind: text, sft …")] = None,
    method: Annotated[str | None, typer.Option("--method", help="Only records of this generator.")] = None,
    ids: Annotated[bool, typer.Option("--ids", help="Only the ids.")] = False,
    json: JsonOption = False,
) -> None:
    """Look at a run, or at its rows as the filters left them.

    Example: factory show runs/handbook records --method extractive_qa -n 3
    """
    printing.show(run, table, limit, kind, method, ids, json)


@app.command()
def trace(
    run: RunArg,
    id: Annotated[str, typer.Argument(metavar="ID", help="Of a record, a passage or a document.")],
    json: JsonOption = False,
) -> None:  # the name in the help
    """Follow a row back to the sentence it came from, with every verdict on it.

    Example: factory trace runs/handbook 3f9a0c11d2e4/0003/extractive_qa/0
    """
    printing.trace(run, id, json)


@app.command()
def ledger(
    run: RunArg,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="REASON", help="Only this reason, or those below it: pii, ingest.bad_json."),
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage", help="Only this stage: ingest, filter.documents, filter.passages, generate, filter.records."
        ),
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="Every entry, not only the counts.")] = False,
    json: JsonOption = False,
) -> None:
    """What was lost on the way, where and why.

    Example: factory ledger runs/handbook --reason ingest --rows
    """
    printing.ledger(run, reason, stage, rows, json)


@app.command()
def verify(run: RunArg, json: JsonOption = False) -> None:
    """Check on a run's own tables that nothing was lost, every quote leads back, the splits are apart; exit 1 if not.

    Example: factory verify runs/handbook
    """
    printing.verify(run, json)


@app.command()
def plugins(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One of them: what it does and takes.")] = None,
    json: JsonOption = False,
) -> None:
    """List the generators and filters that are installed, ours and others'.

    Example: factory plugins minhash_dedup
    """
    printing.plugins(name, json)
