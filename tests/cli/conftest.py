"""One finished run of the quickstart, made by the command itself, for all tests of the command line."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("factory"))


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


def factory(*args: str, cwd: Path) -> Ended:
    """Run the real command, its output into pipes."""
    done = subprocess.run(
        [COMMAND, *args], cwd=cwd, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def environment() -> dict[str, str]:
    """Wide lines, so that no example is broken in two."""
    return {**os.environ, "COLUMNS": "200"}


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """The folder in which `factory run quickstart` was typed, and how it ended. Not to be changed."""
    folder = tmp_path_factory.mktemp("quickstart")
    return folder, factory("run", "quickstart", cwd=folder)


@pytest.fixture(scope="session")
def finished(first_run: tuple[Path, Ended]) -> Path:
    """Where the finished run `runs/quickstart` lies. Not to be changed."""
    folder, ended = first_run
    assert ended.code == 0, ended.err
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be changed."""
    shutil.copytree(finished / "runs", tmp_path / "runs")
    return tmp_path
