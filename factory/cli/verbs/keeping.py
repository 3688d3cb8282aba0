"""What takes something out of a run."""

from typing import Annotated

import typer

from factory.cli.verbs._options import JsonOption, RunArg

verbs = typer.Typer()


@verbs.command()
def forget(
    run: RunArg,
    documents: Annotated[
        list[str] | None,
        typer.Argument(metavar="DOCUMENT", help="An id, source/path, or source/path:row; several if you like."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only say what would go.")] = False,
    json: JsonOption = False,
) -> None:
    """Erase documents from a run, with everything that was made from them; they do not come back.

    Example: factory forget runs/handbook support/contacts.md --yes
    """
    from factory.cli import keeping

    keeping.forget(run, documents or [], yes, json)


@verbs.command()
def clean(
    run: RunArg,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go, and how much it is.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove from a run what can be made again: what filters measured, caches, checkpoints, half-written files.

    Example: factory clean runs/handbook --dry-run
    """
    from factory.cli import keeping

    keeping.clean(run, dry_run, json)
