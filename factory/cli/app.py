"""The command line as a whole: the verbs in the order of `--help`, which is that of the data."""

from typing import Annotated

import typer

from factory.cli import printing
from factory.cli.verbs import auditing, keeping, looking, making, models, starting

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Raw documents in, audited fine-tuning data out.\n\nFirst run, with no key and no GPU: factory run quickstart",
)


def _version(asked: bool) -> None:
    if asked:
        from factory import __version__

        printing.out(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version, and end.")
    ] = False,
) -> None:
    """What every verb has in common."""


for group in (making, models, auditing, looking, keeping, starting):
    app.add_typer(group.verbs)
