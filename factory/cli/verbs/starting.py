"""What a newcomer asks first: what there is, a recipe for a folder, whether this machine can work."""

from pathlib import Path
from typing import Annotated

import typer

from factory.cli import printing
from factory.cli.verbs._options import JsonOption

verbs = typer.Typer()


@verbs.command()
def plugins(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One of them: what it does and takes.")] = None,
    json: JsonOption = False,
) -> None:
    """List the generators, filters, trainers and recognisers that are installed, ours and others'.

    Example: factory plugins minhash_dedup
    """
    printing.plugins(name, json)


@verbs.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with your documents, or datasets.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Where the recipe goes.")] = Path(
        "recipe.yaml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    json: JsonOption = False,
) -> None:
    """Look at a folder and write a commented recipe for it that runs as it is.

    Says what it saw: formats, pages, characters, languages, licences, what cannot be read, rows that are datasets or
    feedback. Nothing leaves the machine, and the recipe asks no model.

    Example: factory init docs -o handbook.yaml
    """
    from factory.cli import starting

    starting.init(folder, output, force, json)


@verbs.command()
def schema(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there instead of printing it.")
    ] = None,
) -> None:
    """Print the JSON Schema of recipes, for editors: every key, and every option of the plugins that are installed.

    An editor with the YAML language server completes and checks a recipe that begins with the line
    '# yaml-language-server: $schema=recipe.schema.json'.

    Example: factory schema -o recipe.schema.json
    """
    from factory.cli import starting

    starting.schema(output)


@verbs.command()
def doctor(
    recipe: Annotated[
        str | None, typer.Argument(metavar="RECIPE", help="Look at what it names, too, and at its servers.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say whether this environment can work: versions, extras, GPU, disk, plugins, names that others also use.

    With RECIPE also whether its files, its keys and the folder of its run are in order; and each server of its models
    is asked once for the list of its models (GET /models): no text is sent. Exit 1 for an error.

    Example: factory doctor recipe.yaml
    """
    from factory.cli import starting

    starting.doctor(recipe, json)
