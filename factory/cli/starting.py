"""The verbs before a run: what an editor needs to know of recipes."""

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
