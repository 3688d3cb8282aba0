"""The verbs before a run: a first recipe, and what an editor needs to know of recipes."""

import json
from pathlib import Path

from factory.cli.printing import out, say


def schema(output: Path | None) -> None:
    """The schema, or where it was written."""
    from factory import tables
    from factory.views.recipe_schema import schema as make

    made = make()
    if output is None:
        return out(made)
    tables.write_file(output, (json.dumps(made, ensure_ascii=False, indent=1) + "\n").encode())
    out(str(output))
    say(f"Begin a recipe beside it with: # yaml-language-server: $schema={output.name}")


def init(folder: Path, output: Path, force: bool, json: bool) -> None:
    """What was seen, a line each; then the recipe's path."""
    from factory import tables
    from factory.errors import WrongRequest
    from factory.views.draft import draft
    from factory.views.survey import survey

    if output.exists() and not force:
        raise WrongRequest(f"{output} is there already. Choose another name with -o, or write over it with --force.")
    seen = survey(folder)
    tables.write_file(output, draft(seen, output).encode())
    if json:
        return out({"recipe": str(output), **seen.as_dict()})
    for line in seen.lines():
        say(line)
    out(str(output))
    say(f"Next: factory run {output}")
