"""What trains models on a dataset, and says what they learned."""

from pathlib import Path
from typing import Annotated

import typer

from factory.cli.verbs._options import JsonOption, RunArg

verbs = typer.Typer()

ProxyOption = Annotated[
    str,
    typer.Option("--proxy", metavar="MODEL", help="What is trained for it: tiny, a folder, a .gguf, an id of the hub."),
]
TrainerOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="An option of the trainer: adapter=lora. Repeatable."),
]


@verbs.command()
def train(
    data: Annotated[
        Path, typer.Argument(metavar="RUN", help="A run, a folder with its dataset, or a JSONL or Parquet file.")
    ],
    method: Annotated[str, typer.Option("--method", help="A trainer; 'factory plugins' lists them: sft, cpt, dpo …")],
    model: Annotated[
        str,
        typer.Option("--model", help="tiny (made on the spot), a folder, a .gguf file, or an id of the hub."),
    ] = "tiny",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where the model goes: RUN/models/METHOD.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only the preflight: every row, tokens, steps, memory.")
    ] = False,
    option: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An option of the trainer: epochs=2, args.weight_decay=0.1."),
    ] = None,
    accelerate: Annotated[
        Path | None,
        typer.Option("--accelerate", metavar="CONFIG", help="Train through 'accelerate launch' with this config file."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Train a model on exported rows, after a preflight that names every row that would train wrongly; exit 1 for one.

    Example: factory train runs/handbook --method sft --model tiny
    """
    from factory.cli import training

    training.train(data, method, model, output, check, option or [], accelerate, json)


@verbs.command()
def evaluate(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A name in the run's models/, a folder, or an id of the hub.")
    ],
    run: RunArg,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="MODEL", help="What to compare with: what it was trained from if not given."),
    ] = None,
    forgetting: Annotated[
        Path | None,
        typer.Option("--forgetting", metavar="FILE", help="A text of another kind: has the model become worse at it?"),
    ] = None,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=0, metavar="N", help="Of an answer; 0: compare losses only, much faster.")
    ] = 128,
    full: Annotated[
        bool, typer.Option("--full", help="All questions and trained rows, not a drawn thousand of each.")
    ] = False,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            metavar="NAME",
            help="A model of the run's recipe that says which of both answers is better: two calls a question.",
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option("--recipe", metavar="FILE", help="The recipe whose 'models:' has the judge: the run's."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where results go: the model's folder.")
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check", metavar="'MEASURE OP NUMBER'", help="Exit 1 unless it holds: 'paraphrase.f1.after > 0.5'."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say whether a model knows the documents better than before: by the run's exam, with intervals.

    Example: factory evaluate sft runs/handbook
    """
    from factory.cli import evaluating

    evaluating.evaluate(
        model, run, before, output, forgetting, max_tokens, full, judge, recipe, check or [], json
    )  # fmt: skip


@verbs.command()
def suspect(
    run: RunArg,
    proxy: ProxyOption = "tiny",
    method: Annotated[
        str | None,
        typer.Option("--method", help="The trainer of the proxies: sft if not given; reward ranks pairs."),
    ] = None,
    folds: Annotated[
        int, typer.Option("--folds", min=2, max=20, help="Trainings; each judges the rows it left out.")
    ] = 5,
    option: TrainerOption = None,
    json: JsonOption = False,
) -> None:
    """Rank a run's rows for review: those that a model trained without them finds most surprising.

    Nothing is dropped. Wrong rows are planted, to say how far the ranking can be trusted.

    Example: factory suspect runs/handbook --proxy tiny
    """
    from factory.cli import evaluating

    evaluating.suspect(run, proxy, method, folds, option or [], json)


@verbs.command()
def compare(
    one: Annotated[Path, typer.Argument(metavar="A", help="A run, or a folder with its dataset/.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    proxy: ProxyOption = "tiny",
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=20, help="Trainings of each: chance differs by seed.")
    ] = 3,
    on: Annotated[
        Path | None, typer.Option("--on", metavar="RUN", help="Judge by the held-out rows of this run instead.")
    ] = None,
    option: TrainerOption = None,
    json: JsonOption = False,
) -> None:
    """Say which of two datasets trains the better model, at equal tokens, with an interval.

    Example: factory compare runs/strict runs/loose --seeds 5
    """
    from factory.cli import evaluating

    evaluating.compare(one, other, proxy, seeds, on, option or [], json)
