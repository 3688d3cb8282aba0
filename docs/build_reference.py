"""Build docs/reference/cli.md from the command line's own help, so that the page cannot be wrong.

Reads   the commands of factory.cli.app.
Writes  docs/reference/cli.md; with --check nothing, and exit code 1 says that the page is not what would be written.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from factory.cli.app import app

PAGE = Path(__file__).parent / "reference" / "cli.md"
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
    usage = " ".join([f"factory {name}", *(p.metavar for p in arguments), "[OPTIONS]"])
    parts = [f"\n## factory {name}\n", *_prose(command.help), f"```text\n{usage}\n```\n", "| | |\n|---|---|"]
    parts += [f"| `{p.metavar.strip('[]')}` | {p.help}{'' if p.required else ' May be left out.'} |" for p in arguments]
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


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is what would be written."""
    made = page()
    if arguments == ["--check"]:
        if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == made:
            return 0
        sys.stderr.write("docs/reference/cli.md is not up to date. Run: python docs/build_reference.py\n")
        return 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
