"""What makes a dataset: a recipe as a whole, or one step of it."""

from pathlib import Path
from typing import Annotated

import typer

from factory.cli import printing
from factory.cli.verbs._options import JsonOption, LimitOption, MapOption, RecipeArg, SetOption, WorkersOption

verbs = typer.Typer()


@verbs.command()
def run(
    recipe: RecipeArg,
    override: SetOption = None,
    limit: LimitOption = None,
    retry: Annotated[
        str | None,
        typer.Option(
            "--retry",
            metavar="REASON",
            help="Only do again what was lost for this reason (or its prefix): files (ingest.timeout) are read again, "
            "units (llm.no_answer, qa) ask their model again.",
        ),
    ] = None,
    estimate: Annotated[
        bool,
        typer.Option("--estimate", help="Say what the models would be asked and what that would cost; ask nothing."),
    ] = False,
    max_time: Annotated[
        str | None,
        typer.Option(
            "--max-time", metavar="3h", help="End after so long (90m, 1h30m), with exit code 3; run again to go on."
        ),
    ] = None,
    preview: Annotated[
        int | None,
        typer.Option(
            "--preview",
            min=1,
            metavar="N",
            help="Make the first N units of each method and print them: prompts beside replies, rows, verdicts.",
        ),
    ] = None,
    forget_documents: Annotated[
        bool,
        typer.Option(
            "--forget-documents",
            help="At the end drop the text of documents/; says what then cannot be done without reading the sources.",
        ),
    ] = False,
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Do everything a recipe says; run again, do only what changed.

    Example: factory run quickstart --set generate.target=50
    """
    if forget_documents:
        cut = {"--preview": preview, "--estimate": estimate or None, "--limit": limit}
        printing.refuse(cut, "--forget-documents goes with a whole run. Leave one of them out, or forget them later.")
    if max_time is not None:
        printing.stop_after(max_time)
    if preview is not None:
        other = {"--estimate": estimate or None, "--limit": limit, "--retry": retry}
        printing.refuse(other, "a preview takes none of them. Do one after the other.")
        from factory.cli import previewing

        return previewing.preview(recipe, override, json, preview, workers)
    if estimate:
        printing.refuse({"--retry": retry}, "an estimate asks nothing again. Do one after the other.")
        return printing.estimate(recipe, override, json, limit=limit, workers=workers)
    printing.run(
        recipe, override, json,
        until="audit", limit=limit, retry=retry, forget_documents=forget_documents, workers=workers,
    )  # fmt: skip


@verbs.command()
def ingest(
    recipe: RecipeArg,
    override: SetOption = None,
    retry: Annotated[
        str | None,
        typer.Option(
            "--retry", metavar="REASON", help="Read files again that were rejected for this reason (or its prefix)."
        ),
    ] = None,
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Read the sources into documents, filter those, and split them into passages.

    Example: factory ingest recipe.yaml
    """
    printing.run(recipe, override, json, until="ingest", retry=retry, workers=workers)


@verbs.command()
def generate(
    run: RecipeArg,
    method: Annotated[
        str | None,
        typer.Argument(
            metavar="METHOD", help="A generator to add to the recipe or to change; 'factory plugins' lists them."
        ),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="With METHOD one of its options, else a key of the recipe. Repeatable."
        ),
    ] = None,
    limit: LimitOption = None,
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Write records from a run's passages, and filter them.

    Example: factory generate runs/handbook text --set max_tokens=1024
    """
    given = [f"generate.methods.{method}.{option}" for option in override or []] if method else override
    printing.run(run, given, json, until="generate", methods=[method] if method else [], limit=limit, workers=workers)


@verbs.command(name="filter")
def filter_(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE|DATASET", help="A recipe or a run; or a dataset: a file, a folder, an address, hf:NAME."
        ),
    ],
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            "-f",
            metavar="NAME[:OPTION=VALUE,…]",
            help="Of a dataset: a filter to run. Repeatable, in order.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Of a dataset: what is left, in its own shape: .jsonl …"),
    ] = None,
    map_: MapOption = None,
    override: SetOption = None,
    workers: WorkersOption = None,
    json: JsonOption = False,
) -> None:
    """Run the filters on documents, passages and (where there are any) records; or on a dataset of any shape.

    What was measured before is not measured again: a new threshold costs seconds.

    Example: factory filter alpaca.jsonl -f exact_dedup -f pii -o clean.jsonl
    """
    from factory import addresses
    from factory.readers.rows import is_rows

    if filters or output or map_ or is_rows(run) or addresses.is_remote(run):
        from factory.cli import foreign

        printing.refuse({"--set": override}, "of a dataset an option of a filter is -f NAME:OPTION=VALUE.")
        foreign.filter_dataset(run, filters or [], output, map_ or [], workers, json)
        return
    printing.run(run, override, json, until="filter", workers=workers)


@verbs.command()
def export(
    run: RecipeArg,
    override: SetOption = None,
    workers: WorkersOption = None,
    review: Annotated[
        int | None,
        typer.Option("--review", min=1, metavar="N", help="Instead: N rows as a table that people read and fill in."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Of the review: .csv or .jsonl; else RUN/rows-to-review.csv."
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Of the review: draws other rows; the recipe's if not given.")
    ] = None,
    push_to_hub: Annotated[
        str | None,
        typer.Option(
            "--push-to-hub",
            metavar="OWNER/NAME",
            help="Then push dataset/ with its card to a private repository of the Hugging Face hub (HF_ENDPOINT). Rows "
            "above 'export: {hub: {may_see: …}}' are refused; the login is HF_TOKEN or that of 'hf auth login'.",
        ),
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Of the push: a public repository, of public rows.")] = False,
    json: JsonOption = False,
) -> None:
    """Write the kept records as files that a trainer reads, split into train, validation and test.

    Example: factory export runs/handbook --set export.context=closed-book
    """
    if review is not None:
        other = {"--set": override, "--push-to-hub": push_to_hub, "--public": public or None}
        printing.refuse(other, "--review only writes rows to read. Do one after the other.")
        from factory.cli import reviewing

        return reviewing.write(run, review, output, seed, json)
    printing.refuse({"-o": output, "--seed": seed}, "only --review N takes it; an export lies in RUN/dataset.")
    if push_to_hub is not None or public:
        from factory.cli import publishing

        return publishing.push(run, override, push_to_hub, public, workers, json)
    printing.run(run, override, json, until="export", workers=workers)
