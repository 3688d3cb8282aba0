"""Every verb, in the order of the data. Each parses, calls one function of the core, and prints."""

from pathlib import Path
from typing import Annotated

import typer

from factory.cli import printing

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Raw documents in, audited fine-tuning data out.\n\nFirst run, with no key and no GPU: factory run quickstart",
)


def _version(asked: bool) -> None:
    if asked:
        from factory import __version__

        printing.out(__version__)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Print the version, and end.")
    ] = False,
) -> None:
    """What every verb has in common."""


RecipeArg = Annotated[
    str, typer.Argument(metavar="RECIPE", help="A recipe file, a run folder, or a recipe of the package (quickstart).")
]
RunArg = Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the recipe: generate.target=200, filter.length.min_chars=40. Repeatable.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
LimitOption = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        help="Make the run of the first N units of each method only; a later run of the recipe goes on from there.",
    ),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="COLUMN=FIELD",
        help="What a column of a dataset is, where that is not seen by looking: body=text, q=question. Repeatable.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, metavar="N", help="Processes that measure; the machine's cores if not given."),
]


@app.command()
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


@app.command()
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


@app.command()
def generate(
    run: RecipeArg,
    method: Annotated[
        str | None,
        typer.Argument(
            metavar="[METHOD]", help="A generator to add to the recipe or to change; 'factory plugins' lists them."
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


@app.command(name="filter")
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


@app.command()
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


@app.command()
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


@app.command()
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


ProxyOption = Annotated[
    str,
    typer.Option("--proxy", metavar="MODEL", help="What is trained for it: tiny, a folder, a .gguf, an id of the hub."),
]
TrainerOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="An option of the trainer: adapter=lora. Repeatable."),
]


@app.command()
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


@app.command()
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


@app.command()
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
        run, dataset_options=bool(output or map_ or against or tokenizer or sample or with_ or recipe)
    ):
        foreign.audit(
            run, output, map_ or [], against or [], tokenizer, sample, (with_ or [], recipe), check or [], workers,
            list_measures=list_measures, json=json,
        )  # fmt: skip
        return
    printing.refuse({"--workers": workers}, "of a run nothing is measured anew: factory run measures.")
    printing.audit(Path(run), check or [], list_measures, json)


@app.command()
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


@app.command()
def show(
    run: RunArg,
    table: Annotated[
        str | None,
        typer.Argument(metavar="[TABLE]", help="documents, passages or records; the table of stages if not given."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="How many rows: 5 if not given, with --ids all.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only records of this kind: text, sft …")] = None,
    method: Annotated[str | None, typer.Option("--method", help="Only records of this generator.")] = None,
    ids: Annotated[bool, typer.Option("--ids", help="Only the ids.")] = False,
    json: JsonOption = False,
) -> None:
    """Look at a run, or at its rows as the filters left them.

    Example: factory show runs/handbook records --method extractive_qa -n 3
    """
    printing.show(run, table, limit, kind, method, ids, json)


@app.command()
def trace(
    run: RunArg,
    id: Annotated[str, typer.Argument(metavar="ID", help="Of a record, a passage or a document.")],
    json: JsonOption = False,
) -> None:  # the name in the help
    """Follow a row back to the sentence it came from, with every verdict on it.

    Example: factory trace runs/handbook 3f9a0c11d2e4/0003/extractive_qa/0
    """
    printing.trace(run, id, json)


@app.command()
def ledger(
    run: RunArg,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="REASON", help="Only this reason, or those below it: pii, ingest.bad_json."),
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage", help="Only this stage: ingest, filter.documents, filter.passages, generate, filter.records."
        ),
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="Every entry, not only the counts.")] = False,
    json: JsonOption = False,
) -> None:
    """What was lost on the way, where and why.

    Example: factory ledger runs/handbook --reason ingest --rows
    """
    printing.ledger(run, reason, stage, rows, json)


@app.command()
def verify(run: RunArg, json: JsonOption = False) -> None:
    """Check on a run's own tables that nothing was lost, every quote leads back, the splits are apart; exit 1 if not.

    Example: factory verify runs/handbook
    """
    printing.verify(run, json)


@app.command()
def forget(
    run: RunArg,
    documents: Annotated[
        list[str] | None,
        typer.Argument(metavar="DOCUMENT", help="An id, source/path, or source/path:row; several if you like."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only say what would go.")] = False,
    json: JsonOption = False,
) -> None:
    """Erase documents from a run, with everything that was made from them; they do not come back.

    Example: factory forget runs/handbook support/contacts.md --yes
    """
    from factory.cli import keeping

    keeping.forget(run, documents or [], yes, json)


@app.command()
def clean(
    run: RunArg,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go, and how much it is.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove from a run what can be made again: what filters measured, caches, checkpoints, half-written files.

    Example: factory clean runs/handbook --dry-run
    """
    from factory.cli import keeping

    keeping.clean(run, dry_run, json)


@app.command()
def prompts(
    recipe: RecipeArg,
    method: Annotated[str, typer.Argument(metavar="METHOD", help="A generator of the recipe that asks a model.")],
    passage: Annotated[
        str | None,
        typer.Option("--passage", metavar="ID", help="Of a passage or document; else the first."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show what a method will send its models for one passage, with its size in tokens; nothing is sent.

    Example: factory prompts runs/handbook qa --passage 3f9a0c11d2e4/0003
    """
    from factory.cli import asking

    asking.prompts(recipe, method, passage, json)


@app.command()
def journal(
    run: RunArg,
    key: Annotated[
        str | None, typer.Argument(metavar="[KEY]", help="Of one answer, or how it begins: the call whole.")
    ] = None,
    search: Annotated[str, typer.Option("--search", metavar="WORDS", help="In prompt or answer.")] = "",
    method: Annotated[str, typer.Option("--method", help="Only calls of this generator or filter.")] = "",
    model: Annotated[str, typer.Option("--model", help="Only calls of this model, by its name in the recipe.")] = "",
    unit: Annotated[str, typer.Option("--unit", metavar="ID", help="Only of this passage, document, row.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Only calls that failed so: llm.no_answer.")] = "",
    json: JsonOption = False,
) -> None:
    """What the models of a run were asked and said: totals, the calls that fit, or one call whole.

    Example: factory journal runs/handbook --reason llm
    """
    from factory.cli import asking

    asking.journal(run, key, search, {"method": method, "model": model, "unit": unit, "reason": reason}, json)


@app.command()
def plugins(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One of them: what it does and takes.")] = None,
    json: JsonOption = False,
) -> None:
    """List the generators, filters, trainers and recognisers that are installed, ours and others'.

    Example: factory plugins minhash_dedup
    """
    printing.plugins(name, json)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with your documents, or datasets.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Where the recipe goes.")] = Path(
        "recipe.yaml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    json: JsonOption = False,
) -> None:
    """Look at a folder and write a commented recipe for it that runs as it is.

    Says what it saw: formats, pages, characters, languages, licences, what cannot be read, rows that are datasets or
    feedback. Nothing leaves the machine, and the recipe asks no model.

    Example: factory init docs -o handbook.yaml
    """
    from factory.cli import starting

    starting.init(folder, output, force, json)


@app.command()
def schema(
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it there instead of printing it.")
    ] = None,
) -> None:
    """Print the JSON Schema of recipes, for editors: every key, and every option of the plugins that are installed.

    An editor with the YAML language server completes and checks a recipe that begins with the line
    '# yaml-language-server: $schema=recipe.schema.json'.

    Example: factory schema -o recipe.schema.json
    """
    from factory.cli import starting

    starting.schema(output)


@app.command()
def doctor(
    recipe: Annotated[
        str | None, typer.Argument(metavar="[RECIPE]", help="Look at what it names, too, and at its servers.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Say whether this environment can work: versions, extras, GPU, disk, plugins, names that others also use.

    With RECIPE also whether its files, its keys and the folder of its run are in order; and each server of its models
    is asked once for the list of its models (GET /models): no text is sent. Exit 1 for an error.

    Example: factory doctor recipe.yaml
    """
    from factory.cli import starting

    starting.doctor(recipe, json)
