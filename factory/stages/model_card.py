"""The model card: from what the model was made, and how to use it; made from the numbers, not typed.

It holds no time, host, or path of a machine.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from factory import __version__
from factory.plural import many
from factory.runs import Run
from factory.training import Split, Trained, Trainer

USE = {
    "reward": "AutoModelForSequenceClassification.from_pretrained('model')  # one number a conversation",
}


def card(trained: Trained, trainer: Trainer, data: Split, model: str, folder: Path, run: Run | None) -> str:
    """The README.md of a model."""
    base = Path(model).name if Path(model).exists() else model
    front = {
        "library_name": "transformers",
        "base_model": None if base == "tiny" else base,
        "tags": ["dataset-factory", "trl", trainer.plugin],
    }
    head = yaml.safe_dump({k: v for k, v in front.items() if v}, sort_keys=False, allow_unicode=True)
    sections = [
        f"# {trainer.instance}",
        f"{'A model made on the spot (`tiny`)' if base == 'tiny' else f'`{base}`'}, trained by `{trainer.plugin}` of "
        f"dataset-factory {__version__}.",
        "## Data\n\n" + "\n".join(_data(trained, data, folder, run)),
        "## Training\n\n" + _table({"steps": trained.steps, "tokens": trained.tokens, **_metrics(trained)}),
        "## Options\n\n" + (_table(trainer.options) if trainer.options else "All by rule."),
        "## Use\n\n" + _use(trainer),
    ]
    return f"---\n{head}---\n\n" + "\n\n".join(sections) + "\n"


EXAM = "\n## Exam\n"


def with_exam(written: str, said: Sequence[str]) -> str:
    """A card with what an evaluation found, in place of what an earlier one did; exam.json has the numbers."""
    lines = "\n".join(f"- {sentence}" for sentence in said)
    return f"{written.split(EXAM)[0].rstrip()}\n{EXAM}\n{lines}\n\nAll numbers: [exam.json](exam.json).\n"


def _data(trained: Trained, data: Split, folder: Path, run: Run | None) -> list[str]:
    lines = [
        f"{many(trained.rows, 'row')} of kind {data.kind}, {trained.left_out} left out. What was found before the first"
    ]
    lines += ["step is in [preflight.json](preflight.json), with the rows that were left out and why."]
    if run is not None:
        near = folder.resolve().is_relative_to(run.path.resolve())
        named = {"The data card": "dataset/README.md", "the recipe": "recipe.yaml", "the report": "report.html"}
        links = [
            f"[{what}]({Path(os.path.relpath(run.path / file, folder)).as_posix()})" if near else f"{what} ({file})"
            for what, file in named.items()
            if (run.path / file).exists()
        ]
        lines += [f"Of the run `{run.path.name}`: {', '.join(links)}."]
    return lines


def _metrics(trained: Trained) -> dict[str, float]:
    wanted = ("train_loss", "eval_loss", "eval_rewards/accuracies", "eval_accuracy")
    return {name: round(trained.metrics[name], 4) for name in wanted if name in trained.metrics}


def _table(values: Mapping[str, Any]) -> str:
    rows = [f"| {name} | {value} |" for name, value in values.items()]
    return "\n".join(["| | |", "|---|--:|", *rows])


def _use(trainer: Trainer) -> str:
    if trainer.plugin in USE:
        return f"```python\nfrom transformers import AutoModelForSequenceClassification\n\n{USE[trainer.plugin]}\n```"
    return "From the folder of this card:\n\n```sh\nvllm serve ./model\n```"
