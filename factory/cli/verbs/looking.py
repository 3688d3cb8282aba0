"""What shows a run: its rows, what was lost, what its models were asked."""

from typing import Annotated

import typer

from factory.cli import looking, printing
from factory.cli.verbs._options import JsonOption, RecipeArg, RunArg

verbs = typer.Typer()


@verbs.command()
def show(
    run: RunArg,
    table: Annotated[
        str | None,
        typer.Argument(metavar="TABLE", help="documents, passages or records; the table of stages if not given."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="How many rows: 5 if not given, with --ids all.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only records of this kind: text, sft …")] = None,
    method: Annotated[str | None, typer.Option("--method", help="Only records of this generator.")] = None,
    form: Annotated[
        str | None, typer.Option("--form", help="Only records of this form of their generator: faq, definition …")
    ] = None,
    random: Annotated[
        int | None, typer.Option("--random", metavar="N", min=1, help="N rows drawn from all, not the first ones.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Another seed draws other rows; 0 if not given.")] = None,
    ids: Annotated[bool, typer.Option("--ids", help="Only the ids.")] = False,
    json: JsonOption = False,
) -> None:
    """Look at a run, or at its rows as the filters left them.

    Example: factory show runs/handbook records --method extractive_qa -n 3
    """
    looking.show(run, table, limit, {"kind": kind, "method": method, "form": form}, random, seed, ids, json)


@verbs.command()
def trace(
    run: RunArg,
    id: Annotated[str, typer.Argument(metavar="ID", help="Of a record, a passage or a document.")],
    json: JsonOption = False,
) -> None:  # the name in the help
    """Follow a row back to the sentence it came from, with every verdict on it.

    Example: factory trace runs/handbook 3f9a0c11d2e4/extractive_qa/0
    """
    looking.trace(run, id, json)


@verbs.command()
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
    looking.ledger(run, reason, stage, rows, json)


@verbs.command()
def verify(run: RunArg, json: JsonOption = False) -> None:
    """Check on a run's own tables that nothing was lost, every quote leads back, the splits are apart; exit 1 if not.

    Example: factory verify runs/handbook
    """
    printing.verify(run, json)


@verbs.command()
def prompts(
    recipe: RecipeArg,
    method: Annotated[str, typer.Argument(metavar="METHOD", help="A generator of the recipe that asks a model.")],
    passage: Annotated[
        str | None,
        typer.Option("--passage", metavar="ID", help="Of a passage or document; else the first."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what a method will send its models for one passage, with its size in tokens; nothing is sent.

    Example: factory prompts runs/handbook qa --passage 3f9a0c11d2e4/0003
    """
    from factory.cli import asking

    asking.prompts(recipe, method, passage, json)


@verbs.command()
def journal(
    run: RunArg,
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="Of one answer, or how it begins: the call whole.")
    ] = None,
    search: Annotated[str, typer.Option("--search", metavar="WORDS", help="In prompt or answer.")] = "",
    method: Annotated[str, typer.Option("--method", help="Only calls of this generator or filter.")] = "",
    model: Annotated[str, typer.Option("--model", help="Only calls of this model, by its name in the recipe.")] = "",
    unit: Annotated[str, typer.Option("--unit", metavar="ID", help="Only of this passage, document, row.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Only calls that failed so: llm.no_answer.")] = "",
    json: JsonOption = False,
) -> None:
    """What the models of a run were asked and said: totals, the calls that fit, or one call whole.

    Example: factory journal runs/handbook --reason llm
    """
    from factory.cli import asking

    asking.journal(run, key, search, {"method": method, "model": model, "unit": unit, "reason": reason}, json)
