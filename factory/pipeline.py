"""The verbs in order: ingest, filter, split, filter, generate, filter, export, audit, train; each redoes what changed.

from factory import run
done = run("examples/quickstart.yaml")
done.report()["measures"]["records.kept"]
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from factory import inputs, memory, tables
from factory import recipe as recipes
from factory.errors import CheckFailed, TextDropped, WrongRequest
from factory.plural import many, noun
from factory.progress import Progress
from factory.recipe import Checked
from factory.runs import Run, fingerprint, is_run, views_digest
from factory.stages.drop_text import drop_text
from factory.stages.export import export
from factory.stages.filter import filter_stage
from factory.stages.generate import generate
from factory.stages.ingest import ingest
from factory.stages.measure import measure
from factory.stages.measuring import Measuring
from factory.stages.models import Models
from factory.stages.read import read
from factory.stages.retry import ask_again
from factory.stages.split import split

if TYPE_CHECKING:
    from factory.stages.estimate import Estimate

T = TypeVar("T")
Until = Literal["ingest", "generate", "filter", "export", "audit"]
ORDER: tuple[Until, ...] = ("ingest", "filter", "generate", "export", "audit")


def run(
    recipe: str | Path,
    *,
    set: Sequence[str] = (),  # the name that the command line has
    methods: Sequence[str] = (),
    limit: int | None = None,
    retry: str | None = None,
    until: Until = "audit",
    forget_documents: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Bring a recipe's run up to date and return it; what is done already is not done again.

    `recipe` is a file, a run folder, or the name of a recipe in the package. `set` overrides keys
    (`generate.target=200`); `methods` are generators added to the recipe's. `limit` makes only the first so many units
    of each method; a later run of the recipe without it goes on from there. `retry` is a reason of the ledger, or its
    prefix: files that were rejected for it are read again, units whose records were lost for it are asked again, and
    nothing else. `until` is the last verb. `forget_documents` drops the text of the documents at the end; a later run
    that needs it reads the sources again. `workers` is how many processes may measure.

    Raises WrongRequest before any work for a recipe that is not right, CheckFailed where a check of the recipe's
    `audit.checks` does not hold, DeadWorld where the run was stopped but can go on.
    """
    checked = recipes.load(str(recipe), overrides=set, methods=methods)
    own = checked.file.name == "recipe.yaml" and is_run(checked.file.parent)
    opened = Run.create(checked.file.parent if own else checked.recipe.run)
    if own and until in ("filter", "export") and limit is None:
        limit = opened.counts("generate").get("limit")  # to export a limited run is no wish for the rest of it
    with opened.lock(), Models(opened, checked) as doors:
        line = _Pipeline(opened, checked, progress or Progress(), doors, limit, retry, workers)
        line.until(until)
        if forget_documents:
            drop_text(opened, checked, progress or Progress())
    return opened


def estimate(
    recipe: str | Path,
    *,
    set: Sequence[str] = (),
    limit: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> "list[Estimate]":
    """What the generation of a recipe would ask its models: calls, tokens, money, time. No model is asked.

    Everything before the generation is brought up to date. Raises WrongRequest as `run` does.
    """
    from factory.stages.estimate import estimate as make

    checked = recipes.load(str(recipe), overrides=set)
    opened = Run.create(checked.recipe.run)
    with opened.lock(), Models(opened, checked) as doors:
        line = _Pipeline(opened, checked, progress or Progress(), doors, limit, None, workers)

        def estimated() -> "list[Estimate]":
            line.stages("ingest")
            line.filter("passages", opened.fingerprint("split"))
            return make(opened, checked, limit)

        return line.with_text(estimated)


def prompts(recipe: str | Path, method: str, unit: str | None = None) -> list[dict[str, Any]]:
    """What a method sends for one unit of a run whose passages stand: the bodies of its requests, none of them sent.

    Raises WrongRequest for a run without passages, a method that asks no model, a unit that there is not.
    """
    from factory.stages.estimate import requests

    checked = recipes.load(str(recipe))
    opened = _run_of(checked)
    if not opened.stands("filter.passages"):
        raise WrongRequest(f"{opened.path} has no passages yet. Make them with: factory run {recipe} --estimate")
    return requests(opened, checked, method, unit)


def review(recipe: str | Path, count: int, *, output: Path | None = None, seed: int | None = None) -> tuple[Path, int]:
    """Write at most `count` rows of a run for people to read; returns the file and how many it holds.

    Raises WrongRequest for a run without records, an ending that is neither .csv nor .jsonl, and a file that is there
    already: somebody may have filled it in.
    """
    from factory import reviews
    from factory.views.review import sample

    checked = recipes.load(str(recipe))
    opened = _run_of(checked)
    file = output or opened.path / "rows-to-review.csv"
    if file.exists():
        raise WrongRequest(f"{file} is there already, and may hold what people decided. Choose another one with -o.")
    rows = sample(opened, count, checked.recipe.seed if seed is None else seed)
    tables.write_file(file, reviews.write(rows, file))
    return file, len(rows)


def never_reviewed(recipe: str | Path) -> dict[str, int]:
    """How many rows each filter rejected that nobody gets to read: filters behind it still take values out."""
    from factory.views.review import hidden

    return hidden(_run_of(recipes.load(str(recipe))))


def _run_of(checked: Checked) -> Run:
    """The run of a recipe, or the one in whose folder the recipe lies."""
    return Run(checked.file.parent if is_run(checked.file.parent) else checked.recipe.run)


def audit(path: str | Path, *, checks: Sequence[str] = ()) -> dict[str, Any]:
    """Write report.json and report.html of a run, and return the report. `checks` come on top of the recipe's own.

    Raises CheckFailed where a check does not hold (`pii.share == 0`), WrongRequest for a folder that is no run or for a
    measure that there is not.
    """
    from factory.views.audit import audit as make

    opened = Run(path)
    asked = list(dict.fromkeys([*recipes.declared_audit(opened.path / "recipe.yaml").get("checks", []), *checks]))
    with opened.lock():
        report = make(opened, checks=asked)
        if opened.stands("export"):
            its = recipes.declared_audit(opened.path / "recipe.yaml")
            mark = _audit_mark(opened.fingerprint("export"), asked, its.get("tokenizer"), full=its.get("full", False))
            opened.done("audit", mark, {"verdict": report["verdict"], "checks": report["checks"]})
    _stop_at(report["checks"], opened)
    return report


def _reached(counts: dict[str, Any]) -> int:
    """The rows that count towards the target: what generators made, not what was read."""
    its = counts["filters"].get("target", {})
    return int(its.get("made", 0)) - int(its.get("rejected", 0))


def _audit_mark(before: str, checks: Sequence[str], tokenizer: str | None, *, full: bool) -> str:
    its = None if tokenizer is None else inputs.digest({"": Path(tokenizer)}) if Path(tokenizer).exists() else tokenizer
    return fingerprint(before, list(checks), its, full, views_digest())


def _stop_at(checks: Sequence[dict[str, Any]], run: Run) -> None:
    """Raise CheckFailed where a check does not hold."""
    failed = [f"{check['check']} (it is {check['value']})" for check in checks if not check["holds"]]
    if failed:
        raise CheckFailed(
            f"{len(failed)} of {many(len(checks), 'check')} {noun(len(failed), 'does', 'do')} not hold: "
            f"{'; '.join(failed)}. See {run.path / 'report.html'}"
        )


def _over(mark: str) -> str:
    """A stage is over, with this fingerprint: what it took is given back before the next one."""
    memory.give_back()
    return mark


class _Pipeline:
    """One pass through the stages of a run that is locked."""

    def __init__(
        self,
        run: Run,
        checked: Checked,
        progress: Progress,
        doors: Models,
        limit: int | None,
        retry: str | None,
        workers: int | None,
    ) -> None:
        self._run, self._checked, self._progress, self._doors = run, checked, progress, doors
        self._limit, self._retry, self._workers = limit, retry, workers

    def until(self, last: Until) -> None:
        """All stages up to that of a verb, in order."""
        if last == "ingest" and not self._run.has_text:
            self._read_again()
        self.with_text(lambda: self.stages(last))

    def with_text(self, work: Callable[[], T]) -> T:
        """Do some work; where it turns out to need the text that the run has dropped, read the sources and do it."""
        try:
            return work()
        except TextDropped:
            if self._run.has_text:  # it is another run's
                raise
        self._read_again()
        return work()

    def _read_again(self) -> None:
        self._progress.say("The text of the documents was dropped, and this needs it: the sources are read again.")
        self._run.undo("ingest")

    def stages(self, last: Until) -> None:
        """Each stage up to that of a verb, as far as it is not up to date."""
        resolved = self._checked.resolved().encode()
        file = self._run.path / "recipe.yaml"
        if not file.is_file() or file.read_bytes() != resolved:
            tables.write_file(file, resolved)
        with Measuring(self._workers) as measuring:
            self._stages(last, measuring)

    def _stages(self, last: Until, measuring: Measuring) -> None:
        again = ask_again(self._run, self._checked, self._retry, self._progress) if self._retry else 0
        files = self._retry if self._retry and not again else None
        mark = _over(ingest(self._run, self._checked, self._progress, retry=files))
        mark = self.filter("documents", mark)
        mark = _over(split(self._run, self._checked, mark, self._progress))
        if last == "ingest":
            return
        mark = self.filter("passages", mark)
        measured = [filter_ for filter_ in self._checked.filters["measured"] if not filter_.models]
        ready = partial(measuring.begin, measured) if measured and last in ("export", "audit") else None
        mark = read(self._run, self._checked, mark, self._progress, ready)
        if last == "filter" and not self._run.stands("generate"):
            return
        mark = _over(self._generate(mark))
        mark = self.filter("records", mark)
        self._say_what_is_missing()
        if last in ("filter", "generate"):
            return
        mark = _over(export(self._run, self._checked, mark, self._progress))
        mark = _over(measure(self._run, self._checked, mark, self._progress, self._doors, measuring))
        if last == "audit":
            self._audit(mark)
            self._train()

    def filter(self, stage: str, before: str) -> str:
        """Bring the verdicts on one stage up to date; returns their fingerprint."""
        run, checked, progress, doors = self._run, self._checked, self._progress, self._doors
        return _over(filter_stage(run, checked, stage, before, progress, doors, workers=self._workers))

    def _say_what_is_missing(self) -> None:
        """A cap or a target that is not reached is no failure, but nobody should have to find out."""
        generated = self._run.counts("generate")
        if "capped" in generated:
            self._progress.say(
                f"max_spend is reached: {generated['not_done']} of {generated['planned']} units are not done. "
                "Raise it, and the same command goes on."
            )
        asking = self._asking()
        failed = sum(its["failed"] for name, its in generated["methods"].items() if name in asking)
        failed -= generated.get("cut_short", 0)  # said above
        if failed and "generate" in self._run.did:
            self._progress.say(
                f"{failed} units failed. 'factory ledger {self._run.path} --stage generate' says why; '--retry REASON' "
                "asks only those again."
            )
        for name, its in generated["methods"].items() if "generate" in self._run.did else ():
            if its["failed"] and name not in asking:
                self._progress.say(
                    f"{many(its['failed'], 'unit')} of {name} failed by a fault of that generator and "
                    f"{noun(its['failed'], 'is', 'are')} left out; the rest is whole. What to report of it: "
                    f"factory ledger {self._run.path} --reason {name}.failed --rows"
                )
        counts = self._run.counts("filter.records")
        if self._limit or "capped" in generated or "filter.records" not in self._run.did:
            return
        made_by = counts["filters"].get("target", {}).get("made_by", {})
        reached, wanted = _reached(counts), counts.get("target")
        if wanted and reached < wanted:
            self._progress.say(f"The target of {wanted} is not reached: {reached} rows, from all units there are.")
        for name, its in counts.get("targets", {}).items():
            got = made_by.get(name, 0)
            if got < its and not (wanted and reached >= wanted):
                self._progress.say(
                    f"The target of {its} of {name} is not reached: {got} rows, from all units there are."
                )

    def _generate(self, before: str) -> str:
        rounds = 0

        def count_kept() -> Mapping[str, int]:
            nonlocal rounds
            rounds += 1
            self.filter("records", f"{before}/round {rounds}")
            its: Mapping[str, int] = self._run.counts("filter.records")["filters"].get("target", {}).get("made_by", {})
            return its

        return generate(
            self._run, self._checked, before, self._progress, self._doors, count_kept=count_kept, limit=self._limit
        )

    def _asking(self) -> set[str]:
        """The methods that ask a model."""
        return {generator.instance for generator in self._checked.generators if generator.models}

    def _train(self) -> None:
        """The recipe's trainers one after the other; a later one may take the model of one before it."""
        from factory.stages.train import train

        made: dict[str, str] = {}
        for step in self._checked.steps:
            name = step.trainer.instance
            result = train(
                self._run.path, step.trainer.plugin, model=made.get(step.model, step.model), name=name,
                options=step.trainer.options, progress=self._progress, locked=True,
            )  # fmt: skip
            if result.errors:
                said = "; ".join(f"{found.reason}: {found.message}" for found in result.errors)
                raise CheckFailed(f"train {name}: {said}. All rows are in {result.folder / 'preflight.json'}")
            made[name] = str(result.folder)
            self._run.did += [f"train.{name}"] if result.did else []

    def _audit(self, before: str) -> None:
        from factory.views.audit import audit as make
        from factory.views.audit import titles

        checks = self._checked.recipe.audit.checks
        mark = _audit_mark(before, checks, self._checked.audit_tokenizer(), full=self._checked.recipe.audit.full)
        if not self._run.is_done("audit", mark) or not (self._run.path / "report.json").is_file():
            report = make(self._run, checks=checks)
            self._run.done("audit", mark, {"verdict": report["verdict"], "checks": report["checks"]})
            self._progress.say(f"audit             {report['verdict']}")
            for line in titles(report["findings"]):
                self._progress.say(f"{'':<17} {line}")
        _stop_at(self._run.counts("audit")["checks"], self._run)
