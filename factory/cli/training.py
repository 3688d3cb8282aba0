"""What `factory train` prints: findings with the command that mends them, and the folder of the model."""

import shlex
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml

from factory.cli.printing import out, say
from factory.errors import CheckFailed, WrongRequest
from factory.plural import many
from factory.training import Finding

ROW_FAULTS_SHOWN = 5


def train(
    path: Path, method: str, model: str, output: Path | None, check: bool, given: Sequence[str],
    accelerate: Path | None, json: bool,
) -> None:  # fmt: skip
    """Check, train, say."""
    from factory import training
    from factory.cli.bars import Bars
    from factory.stages import exam
    from factory.stages.train import train as work

    with Bars() as bars:
        result = work(
            path, method, model=model, out=output, options=options(given), check=check, accelerate=accelerate,
            progress=bars,
        )  # fmt: skip
    if json:
        trained = asdict(result.trained) | {"model": str(result.trained.model)} if result.trained else None
        findings = [asdict(found) for found in result.findings]
        out({"folder": str(result.folder), "did": result.did, "findings": findings, "trained": trained})
    else:
        _tell(result.findings, _again(path, method, model, output, given))
    if result.errors:
        raise CheckFailed(f"{many(len(result.errors), 'error')} before the first step: nothing was trained.")
    if not json and check:
        say(f"The data is ready. Next: {_again(path, method, model, output, given)}")
    elif not json:
        if not result.did:
            say(f"Nothing to do: {result.folder} was made from exactly this.")
        if training.trainer(method).answers and sum(exam.count(path / "exam").values()):
            name = result.folder.name if result.folder.parent == path / "models" else result.folder
            say(f"Next: factory evaluate {name} {path}")
        out(str(result.folder / "model"))


def options(given: Sequence[str]) -> dict[str, Any]:
    """`--set epochs=2 --set args.weight_decay=0.1` as options; values are YAML."""
    from factory.recipe.file import value_of

    found: dict[str, Any] = {}
    for one in given:
        name, equals, value = one.partition("=")
        outer, dot, inner = name.partition(".")
        if not equals or not outer or (dot and not inner):
            raise WrongRequest(f"--set {one}: write --set name=value, as in --set epochs=2.")
        try:
            parsed = value_of(value)
        except yaml.YAMLError:
            raise WrongRequest(f"--set {one}: the value is not YAML. If it is text, put it in quotes.") from None
        if dot:
            found.setdefault(outer, {})[inner] = parsed
        else:
            found[name] = parsed
    return found


def _again(path: Path, method: str, model: str, output: Path | None, given: Sequence[str], *more: str) -> str:
    """The command, with more settings."""
    named = ["factory", "train", str(path), "--method", method, "--model", model]
    named += ["-o", str(output)] if output else []
    for setting in (*given, *more):
        named += ["--set", setting]
    return shlex.join(named)


def _tell(findings: Sequence[Finding], command: str) -> None:
    """Every finding, an error with what mends it."""
    for found in findings:
        say(f"{found.level:<8} {found.reason:<24} {found.message}")
        if found.level == "error" and found.options:
            settings = " ".join(f"--set {name}={value}" for name, value in found.options.items())
            say(f"{'':<8} mend with: {command} {settings}")
    if any(found.level == "error" and found.rows and found.reason not in WHOLE for found in findings):
        say(f"To leave those rows out, counted: {command} --set faulty=drop")


WHOLE = ("train.one_label", "train.one_text")  # leaving rows out mends nothing where all of them are meant
