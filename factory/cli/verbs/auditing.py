"""What measures a dataset or a run, and compares two of them."""

from pathlib import Path
from typing import Annotated

import typer

from factory.cli import printing
from factory.cli.verbs._options import JsonOption, MapOption, WorkersOption

verbs = typer.Typer()


@verbs.command()
def audit(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN|DATASET", help="A run folder; or a dataset: a file, a folder, an address, hf:NAME."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Of a dataset: where its report goes; audits/NAME if not given."
        ),
    ] = None,
    map_: MapOption = None,
    against: Annotated[
        list[str] | None,
        typer.Option("--against", metavar="FILE", help="Of a dataset: a benchmark to look for in it. Repeatable."),
    ] = None,
    tokenizer: Annotated[
        str | None,
        typer.Option(
            "--tokenizer",
            metavar="PATH",
            help="Of a dataset: look at its rows as a trainer of this model sees them: a folder, or an id of the hub.",
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", min=1, metavar="N", help="Of a dataset: look at N rows, drawn by a seed, and say so."),
    ] = None,
    slow: Annotated[
        bool,
        typer.Option(
            "--slow", help="Of a dataset: also look for names and for rows that mean the same; at a sample of its rows."
        ),
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Of a dataset: look at all rows, also where a sample is the rule.")
    ] = False,
    with_: Annotated[
        list[str] | None,
        typer.Option(
            "--with", metavar="FILTER", help="Of a dataset: also a filter that asks a model, as -f. Repeatable."
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option("--recipe", metavar="FILE", help="Whose models, prompts and filters' options --with means."),
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            "--check", metavar="'MEASURE OP NUMBER'", help="Exit 1 unless it holds: 'pii.share == 0'. Repeatable."
        ),
    ] = None,
    list_measures: Annotated[
        bool, typer.Option("--list-measures", help="Print every measure that a check may name.")
    ] = False,
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Write report.html for people and report.json for machines: of a run, or of any fine-tuning dataset.

    The shape of a dataset is found by looking: Alpaca, ShareGPT, OpenAI messages, TRL's types, HH transcripts, KTO,
    rankings, questions and answers, labelled and plain texts; in JSON, JSONL, CSV, Parquet, Arrow, also packed.

    Example: factory audit alpaca.jsonl --check 'duplicates.near.share < 0.01'
    """
    from factory.cli import foreign

    if foreign.is_dataset(
        run, dataset_options=bool(output or map_ or against or tokenizer or sample or slow or full or with_ or recipe)
    ):
        foreign.audit(
            run, output, map_ or [], against or [], tokenizer, sample, (with_ or [], recipe), (slow, full),
            check or [], workers, list_measures=list_measures, json=json,
        )  # fmt: skip
        return
    printing.refuse({"--workers": workers}, "of a run nothing is measured anew: factory run measures.")
    printing.audit(Path(run), check or [], list_measures, json)


@verbs.command()
def diff(
    one: Annotated[
        str, typer.Argument(metavar="A", help="A run, or a dataset: a file, a folder, an address, hf:NAME@REVISION.")
    ],
    other: Annotated[str, typer.Argument(metavar="B", help="What to compare with it; a change is that of B.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where it goes; diffs/A..B if not given.")
    ] = None,
    map_: MapOption = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-on",
            metavar="'NAME OP NUMBER'",
            help="Exit 1 if it holds: 'diff.dropped > 0', or of a measure's change 'pii.share > 0'. Repeatable.",
        ),
    ] = None,
    list_measures: Annotated[
        bool, typer.Option("--list-measures", help="Print every name that --fail-on may use, with its change.")
    ] = False,
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Say what changed between two datasets or runs: rows added, dropped, changed, moved; every measure, with a test.

    Rows are matched by content, then by their own id, then as near copies. Datasets are audited first.

    Example: factory diff v1.jsonl v2.jsonl --fail-on 'diff.dropped > 0'
    """
    from factory.cli import foreign

    foreign.diff(
        one, other, output, map_ or [], fail_on or [], workers, list_measures=list_measures, json=json
    )  # fmt: skip
