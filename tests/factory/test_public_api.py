"""The public names: typed, loaded when used, and fine in a plain script."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import factory
from tests.corpora import write_documents, write_recipe

HEAVY = {"pyarrow", "numpy", "datasets", "pydantic", "yaml", "presidio_analyzer", "kreuzberg", "duckdb"}


def script(folder: Path, source: str, *, name: str = "script.py") -> str:
    """What a script of a user prints."""
    (folder / name).write_text(source)
    env = {**os.environ, "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    command = [sys.executable, name]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("name", factory.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    found: Any = getattr(factory, name)
    assert name == "__version__" or found.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'factory' has no attribute 'ruin'"):
        factory.ruin  # noqa: B018
    with pytest.raises(ImportError):
        from factory import ruin  # type: ignore[attr-defined] # noqa: F401


def test_importing_costs_nothing_until_a_name_is_used(tmp_path: Path) -> None:
    said = script(
        tmp_path,
        f"import sys, factory\nprint(sorted({HEAVY!r} & set(sys.modules)))\n"
        "factory.run\nprint('yaml' in sys.modules)\n",
    )
    assert said == "[]\nTrue\n"


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(factory.__file__).parent / "py.typed").is_file()


@pytest.mark.slow
def test_the_names_are_typed_for_whoever_uses_them(tmp_path: Path) -> None:
    mypy = pytest.importorskip("mypy.api", reason="pip install -e '.[dev]'")
    (tmp_path / "user.py").write_text(
        "from factory import Run, audit, run\n"
        "done: Run = run('quickstart', set=['generate.target=5'], until='export')\n"
        "report: dict[str, object] = audit(done.path, checks=['pii.share == 0'])\n"
        "run(5)\n"
    )
    said, _, code = mypy.run(["--strict", "--no-incremental", "--config-file=", str(tmp_path / "user.py")])
    errors = [line for line in said.splitlines() if "user.py" in line]
    assert code == 1
    assert len(errors) == 1, said
    assert 'user.py:4: error: Argument 1 to "run" has incompatible type "int"' in errors[0]


def test_a_notebooks_lines_work_in_a_plain_script(tmp_path: Path) -> None:
    said = script(
        tmp_path,
        "from factory import Run, audit, run\n"
        "done = run('quickstart')\n"
        "print(done, len(done.did))\n"
        "print(done.kinds, done.dataset('sft')['train'].column_names)\n"
        "print(done.report()['measures']['records.kept'] == done.counts('filter.records')['kept'])\n"
        "print(run('quickstart').did, Run('runs/quickstart').counts('ingest')['documents'] > 10)\n"
        "print(audit(done.path, checks=['records.kept > 0'])['checks'][0]['holds'])\n",
    )
    assert said.splitlines() == [
        "Run('runs/quickstart') 8",
        "['sft', 'text'] ['id', 'messages', 'meta']",
        "True",
        "[] True",
        "True",
    ]


def test_a_script_without_a_main_guard_is_not_run_again_by_the_processes_that_measure(tmp_path: Path) -> None:
    write_documents(tmp_path, {f"{n}.md": f"The pump {n} moves water for jane{n}@example.com." for n in range(40)})
    write_recipe(tmp_path, passages=["pii"], records=["pii", "minhash_dedup"], methods=["text"])
    said = script(
        tmp_path,
        "print('begins')\n"
        "from factory import run\n"
        "from factory.stages import filter, measuring\n"
        "measuring.PATIENCE_S, filter.BATCH_ROWS = 0.0, 8\n"
        "done = run('recipe.yaml', until='export', workers=2)\n"
        "print(done.counts('filter.passages')['filters']['pii']['edited'])\n",
    )
    assert said == "begins\n40\n"


def test_errors_are_ours_and_say_what_they_end_with(tmp_path: Path) -> None:
    from factory.errors import BadItem, CheckFailed, DeadWorld, FactoryError, WrongRequest

    assert [kind.exit_code for kind in (WrongRequest, CheckFailed, DeadWorld)] == [2, 1, 3]
    assert all(issubclass(kind, FactoryError) for kind in (WrongRequest, CheckFailed, DeadWorld, BadItem))
    with pytest.raises(WrongRequest):
        factory.run(tmp_path / "nothing.yaml")
    error = BadItem("ingest.bad_json", "Not JSON.", place="faq.jsonl:7")
    assert str(error) == "faq.jsonl:7: Not JSON. Rejected as ingest.bad_json."
