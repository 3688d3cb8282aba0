"""The page about the client alone: its blocks run as they stand, against a server on loopback."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.docs.blocks import ROOT, environment
from tests.model_server import ModelServer

PAGE = ROOT / "docs/howto/use-the-model-door.md"
URL = "http://localhost:11434/v1"


def answer(body: dict[str, Any]) -> str:
    """As a model would."""
    return '{"items": [{"question": "When?", "answer": "At 60."}]}' if "response_format" in body else "A hot box."


def test_its_blocks_run_and_run_again_without_asking(tmp_path: Path) -> None:
    scripts = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    shell = re.findall(r'^sqlite3 answers\.sqlite "(.*)"$', PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    with ModelServer(replies=answer) as server:
        said = [run(script, server.url, tmp_path) for script in scripts * 2]
        assert said[: len(scripts) - 2] == said[len(scripts) : 2 * len(scripts) - 2]
        assert server.requests == 2 + 4 + 5
    assert said[0] == "A hot box. [Pair(question='When?', answer='At 60.')]\n"
    assert "from_journal=9" in said[len(scripts) + 1]
    with sqlite3.connect(tmp_path / "answers.sqlite") as file:
        [query] = shell
        assert len(file.execute(query).fetchall()) == 11
    file.close()


def run(script: str, url: str, folder: Path) -> str:
    """What a script prints."""
    command = [sys.executable, "-W", "error", "-c", script.replace(URL, url)]
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout
