"""The plugins of CONTRIBUTING.md work as they stand there, from a package of a third party."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Block, blocks, environment

PACKAGE = "acme_factory"
LINES = 32  # "in 30 lines", give or take a blank one


@pytest.fixture(scope="module")
def page() -> list[Block]:
    return blocks(ROOT / "CONTRIBUTING.md")


@pytest.fixture(scope="module")
def site(page: list[Block], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package installed in it, tests and all."""
    pytest.importorskip("hatchling", reason="pip install hatchling")
    project, site = tmp_path_factory.mktemp("acme-factory"), tmp_path_factory.mktemp("site")
    (project / PACKAGE).mkdir()
    (project / PACKAGE / "__init__.py").touch()
    for block in page:
        if block.file == "pyproject.toml":
            (project / "pyproject.toml").write_text(block.text, encoding="utf-8")
        elif block.language == "python" and block.file:
            place = Path(block.file)
            folder = site if place.parts[0] == "tests" else project / PACKAGE
            code = re.sub(r"^from (?:generators|filters)\.", f"from {PACKAGE}.", block.text, flags=re.MULTILINE)
            (folder / place.name).write_text(code, encoding="utf-8")
    offline = ["-q", "--no-index", "--no-deps", "--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "install", *offline, "--target", site, project]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(site))
    assert done.returncode == 0, done.stderr
    return site


def python(site: Path, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Python with the package on its path."""
    env = environment(folder)
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(site), env.get("PYTHONPATH")]))
    return subprocess.run([sys.executable, *arguments], cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("file", ["generators/continuation.py", "filters/capitals.py"])
def test_a_plugin_is_short(page: list[Block], file: str) -> None:
    [block] = [block for block in page if block.file == file]
    code = block.text.split('"""', 2)[2].strip().splitlines()  # what opens the file is said, not done
    assert len(code) <= LINES


def test_the_entry_points_name_the_files(page: list[Block]) -> None:
    files = {block.file for block in page}
    named = [
        value
        for block in page
        if block.language == "toml" and block.file is None
        for group in tomllib.loads(block.text)["project"]["entry-points"].values()
        for value in group.values()
    ]
    assert len(named) == 2
    for value in named:
        assert value.split(":")[0].replace(".", "/") + ".py" in files


def test_their_tests_pass(site: Path, tmp_path: Path) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto", f"--rootdir={tmp_path}"]
    done = python(site, tmp_path, "-m", "pytest", *options, *map(str, site.glob("test_*.py")))
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_a_recipe_runs_with_them(page: list[Block], site: Path, tmp_path: Path) -> None:
    [recipe] = [block for block in page if block.language == "yaml"]
    (tmp_path / "recipe.yaml").write_text(recipe.text, encoding="utf-8")
    (tmp_path / "documents").mkdir()
    calm = "The kiln is hot. Keep its lid closed until the dial shows less than sixty degrees.\n"
    loud = "KEEP OFF. THE KILN IS HOT AND ITS LID IS NOT CLOSED.\n"
    for name, text in {"calm": calm, "loud": loud, "short": "The glaze is clear. It dries.\n"}.items():
        (tmp_path / f"documents/{name}.txt").write_text(text, encoding="utf-8")
    command = "from factory.cli import main; main()"
    done = python(site, tmp_path, "-c", command, "export", "recipe.yaml")
    assert done.returncode == 0, done.stderr
    assert "capitals.too_many 1" in done.stderr
    assert "continuation.too_little_left 1" in done.stderr
    listed = python(site, tmp_path, "-c", command, "plugins").stdout
    assert "continuation" in listed
    assert "capitals" in listed
    shown = python(site, tmp_path, "-c", command, "show", "runs/acme", "records").stdout
    assert "Continue this text: The kiln is hot." in shown
    assert python(site, tmp_path, "-c", command, "verify", "runs/acme").returncode == 0
