"""The fenced blocks of a Markdown page, and how a reader would run them: in order, in one folder."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from factory import recipe

ROOT = Path(__file__).resolve().parents[2]
NOT_RUN = re.compile(r"<!-- not run: \S.*-->")
FILE_NAME = re.compile(r"# ([\w./-]+\.(?:yaml|py|toml))$")
SETTING_UP = re.compile(r"\s*(?:pip install|python3? -m (?:venv|pip)|git clone|cd dataset-factory|source) ")
AFTER_INSTALL = re.compile(r"\s*pip install [^&]*&& (?P<rest>(?!pytest).*)")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, and the file that its first line names, if it does."""

    language: str
    text: str
    line: int

    @property
    def file(self) -> str | None:
        """`recipe.yaml` where the block begins with `# recipe.yaml`."""
        found = FILE_NAME.match(self.text.split("\n", 1)[0])
        return found[1] if found else None


def blocks(page: Path, followed_by: str = "") -> list[Block]:
    """The blocks of a page in order, without those that say why they are not run: there, and not `followed_by` us."""
    found: list[Block] = []
    language, start, content, before = "", 0, list[str](), ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if start and line == "```":
            if not NOT_RUN.match(before) or (followed_by and f"{followed_by} follows this page" in before):
                found.append(Block(language, "\n".join(content) + "\n", start))
            start, before = 0, ""
        elif start:
            content.append(line)
        elif line.startswith("```"):
            language, start, content = line[3:].strip(), number, []
        elif line.strip():
            before = line
    return found


def without_blocks(page: Path) -> str:
    """The text of a page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def environment(folder: Path) -> dict[str, str]:
    """Where the commands of this environment are found, and caches stay in `folder`."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PATH": path, "HF_HOME": str(folder / ".cache"), "HOME": str(folder)}


def follow(page: Path, folder: Path, followed_by: str = "") -> str:
    """Do what a page says, in `folder`; returns what the commands printed. Fails where one of them does.

    `followed_by` are the tests that run blocks which are left out elsewhere, as the page says above each.
    """
    said = []
    for block in blocks(page, followed_by):
        where = f"{page.relative_to(ROOT)}:{block.line}"
        if block.language == "sh":
            said.append(_run(["bash", "-euo", "pipefail", "-c", _without_setting_up(block.text)], folder, where))
        elif block.language == "python":
            said.append(_run([sys.executable, "-c", block.text], folder, where))
        elif block.language == "yaml" and block.file:
            (folder / block.file).write_text(block.text, encoding="utf-8")
            recipe.load(str(folder / block.file))
        elif block.language == "yaml":
            load_fragment(block.text, folder)
    return "".join(said)


def load_fragment(text: str, folder: Path) -> recipe.Checked:
    """Some keys of a recipe, checked as part of one."""
    place = folder / "fragment.yaml"
    whole = {"run": "runs/fragment", "sources": [{"path": "."}], **yaml.safe_load(text)}
    place.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return recipe.load(str(place))


def _without_setting_up(text: str) -> str:
    """The commands but for those that make an environment: the tests have one."""
    lines = []
    for line in text.splitlines():
        if found := AFTER_INSTALL.match(line):
            lines.append(found["rest"])
        elif not SETTING_UP.match(line):
            lines.append(line)
    return "\n".join(lines)


def _run(command: list[str], folder: Path, where: str) -> str:
    quiet = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
    done = subprocess.run(command, cwd=folder, env=environment(folder), timeout=300, **quiet)
    assert done.returncode == 0, f"{where} ends with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout + done.stderr
