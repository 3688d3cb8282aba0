"""The verbs before a run: a first recipe, what an editor needs to know of recipes, and whether all is in order."""

import json
from pathlib import Path

from factory.cli.printing import out, say
from factory.plural import many, noun


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


def doctor(recipe: str | None, json: bool) -> None:
    """A line a finding, as it is found. Raises CheckFailed where one is an error."""
    from factory.errors import CheckFailed
    from factory.views.doctor import doctor as look

    found = []
    for finding in look(recipe):
        found.append(finding)
        if not json:
            fix = f". {finding.fix}" if finding.fix else ""
            out(f"{finding.level:<8} {finding.what:<20} {finding.said}{fix}")
    if json:
        out([finding.as_dict() for finding in found])
    errors = sum(finding.level == "error" for finding in found)
    if errors:
        raise CheckFailed(f"{errors} of {many(len(found), 'finding')} {noun(errors, 'is an error', 'are errors')}.")
