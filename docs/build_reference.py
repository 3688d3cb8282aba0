"""Build what is said in two places from the one where it is written, so that neither can be wrong.

Reads   the commands of factory.cli.app; the tables of keys and options on the pages of docs/reference.
Writes  docs/reference/cli.md; factory/views/descriptions.json, which the schema for editors takes its words from;
        factory/reasons.json, with which the command line and the report say what a reason means. With --check nothing,
        and exit code 1 says which of them is not what would be written.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from factory.cli.app import app
from factory.reasons import ANY, WORDS
from factory.views.recipe_schema import DESCRIPTIONS

REFERENCE = Path(__file__).parent / "reference"
# of the tables of keys: a key, its type, its default, what it says
ROW = re.compile(r"^\| `([\w.\[\]]+)` \|[^|\n]*\|[^|\n]*\| (.*) \|$", re.MULTILINE)
REASON = re.compile(r"^\| `([\w.]+)` \| (.*?) \| (.*) \|$", re.MULTILINE)  # what it means, what to do
STAGES = {"Units and records at generation": "generate", "Rows that a filter rejected": "filter"}  # by section
LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
HEAD = """# Command line

Made by `docs/build_reference.py` from `factory --help`; change the help, not this page.

What a verb makes goes to stdout (paths, rows, or JSON with `--json`), what it says to people to stderr.
Exit codes: 0 done; 1 a check does not hold; 2 a wrong request, nothing was done; 3 stopped, the same command goes on;
130 interrupted, the same command goes on. After an unexpected fault `FACTORY_TRACEBACK=1` shows the traceback.
"""


def page() -> str:
    """The whole page."""
    commands: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined] # a group has them
    rows = [f"| [`factory {name}`](#factory-{name}) | {_first(command.help)} |" for name, command in commands.items()]
    index = "\n".join(["| command | does |", "|---|---|", *rows])
    return "\n".join([HEAD, index, *(_command(name, command) for name, command in commands.items())])


def _first(text: str) -> str:
    """The first paragraph of a help text, on one line."""
    return " ".join(text.split("\n\n")[0].split())


def _command(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    given = [p.metavar if p.required else f"[{p.metavar}]" for p in arguments]
    usage = " ".join([f"factory {name}", *given, "[OPTIONS]"])
    parts = [f"\n## factory {name}\n", *_prose(command.help), f"```text\n{usage}\n```\n", "| | |\n|---|---|"]
    parts += [f"| `{p.metavar}` | {p.help}{'' if p.required else ' May be left out.'} |" for p in arguments]
    parts += [f"| {_names(p)} | {p.help}{_default(p)} |" for p in options]
    return "\n".join(parts)


def _prose(text: str) -> Iterator[str]:
    """The paragraphs of a help text; its example as code."""
    for paragraph in text.split("\n\n"):
        line = " ".join(paragraph.split())
        yield f"Example: `{line.removeprefix('Example: ')}`\n" if line.startswith("Example: ") else f"{line}\n"


def _names(option: Any) -> str:
    """`--limit N`, `-n N`."""
    value = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    return ", ".join(f"`{name}{value}`" for name in option.opts)


def _default(option: Any) -> str:
    return f" Default: {option.default}." if option.default not in (None, False) else ""


def descriptions() -> str:
    """What the pages say of each key of a recipe and each option of a plugin, as JSON."""
    said: dict[str, Any] = {"recipe": _rows(REFERENCE / "recipe.md")}
    for group in ("generators", "filters", "trainers"):
        said[group] = {file.stem: rows for file in sorted((REFERENCE / group).glob("*.md")) if (rows := _rows(file))}
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def _rows(file: Path) -> dict[str, str]:
    """The last cell of each row of the tables of keys, which tell a default, by the first; of a link its words."""
    blocks = file.read_text(encoding="utf-8").split("\n\n")
    tables = [block for block in blocks if "default |" in block.partition("\n")[0]]
    return {key: LINK.sub(r"\1", words) for table in tables for key, words in ROW.findall(table) if words}


def reasons() -> str:
    """What the page of reasons says of each, as JSON: what it means, what to do. NAME is told apart by stage."""
    said: dict[str, list[str]] = {}
    for section in (REFERENCE / "reasons.md").read_text(encoding="utf-8").split("\n## ")[1:]:
        stage = STAGES.get(section.partition("\n")[0], "")
        for reason, means, do in REASON.findall(section):
            key = f"{stage}/{reason}" if reason.startswith(f"{ANY}.") else reason
            said[key] = [LINK.sub(r"\1", its) for its in (means, do)]
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """Write what is made, or say whether it is what would be written."""
    wrong = 0
    for file, make in ((REFERENCE / "cli.md", page), (DESCRIPTIONS, descriptions), (WORDS, reasons)):
        made = make()
        if arguments != ["--check"]:
            file.write_text(made, encoding="utf-8")
        elif not file.is_file() or file.read_text(encoding="utf-8") != made:
            wrong = 1
            sys.stderr.write(f"{file.name} is not up to date. Run: python docs/build_reference.py\n")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
