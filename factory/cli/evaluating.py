"""What `evaluate`, `suspect` and `compare` print: a verdict in words, its numbers, and where the rest lies."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from factory.cli.printing import out, say
from factory.errors import CheckFailed
from factory.plural import many, noun

if TYPE_CHECKING:
    from factory.scores import Difference
    from factory.stages.evaluation import Evaluation

TELLING = 0.6  # AUC: below it a ranking is no ranking


def evaluate(
    model: str, run: Path, before: str | None, output: Path | None, forgetting: Path | None, max_tokens: int,
    full: bool, judge: str | None, recipe: Path | None, checks: Sequence[str], json: bool,
) -> None:  # fmt: skip
    """Compare, say, and judge by the checks."""
    from factory.cli.bars import Bars
    from factory.stages.evaluate import evaluate as work
    from factory.stages.evaluation import names
    from factory.views import checks as checking

    asked, known = [checking.parse(check) for check in checks], names()
    checking.check_names(asked, known, "Measures are SET.NAME.PART, such as paraphrase.margin.low.")  # before any work
    with Bars() as bars:
        found = work(
            model,
            run,
            before=before,
            out=output,
            forgetting=forgetting,
            max_tokens=max_tokens,
            full=full,
            judge=judge,
            recipe=recipe,
            progress=bars,
        )
    results = checking.evaluate(asked, found.measures(), dict.fromkeys(known, "not asked"))
    if json:
        out({**found.as_dict(), "folder": str(found.folder), "checks": results})
    else:
        _tell(found)
    failed = [f"{result['check']} (it is {result['value']})" for result in results if not result["holds"]]
    if failed:
        raise CheckFailed(
            f"{len(failed)} of {many(len(results), 'check')} {noun(len(failed), 'does', 'do')} not hold: "
            f"{'; '.join(failed)}."
        )


def _tell(found: "Evaluation") -> None:
    for name, its in found.sets.items():
        say(f"\n{name:<12} {'before':>8} {'after':>8} {'change':>8}   99 % interval")
        for measure, difference in its.items():
            say(_line(measure, difference))
    if found.forgetting:
        say(f"\nother text   {'before':>8} {'after':>8} {'change':>8}   99 % interval")
        say(_line("loss", found.forgetting))
    rows = found.rows
    missed = rows["documents_not_learned"]
    say(
        f"\n{many(rows['looked_at'], 'trained row')}: loss {rows['before']:.2f} → {rows['after']:.2f}; "
        f"{rows['known_before']['count']} known before, {rows['not_learned']['count']} not learned; "
        f"in {missed['count']} of {many(missed['of'], 'document')} most rows are not learned.\n"
    )
    if found.judge:
        judge = found.judge
        why = "".join(f", {count} {reason}" for reason, count in judge["not_judged"].items())
        say(
            f"{judge['name']} ({judge['model']}) judged {judge['asked']} questions in both orders: {judge['stable']} "
            f"alike, {judge['unstable']} not{why}.\n"
        )
    for sentence in found.verdicts:
        say(sentence)
    out(str(found.folder / "exam.json"))


def _line(measure: str, its: "Difference") -> str:
    return (
        f"  {measure:<10} {its.before:>8.3f} {its.after:>8.3f} {its.difference:>+8.3f}   "
        f"{its.low:+.3f} to {its.high:+.3f}   {its.verdict}"
    )


def suspect(run: Path, proxy: str, method: str | None, folds: int, given: Sequence[str], json: bool) -> None:
    """Rank, say."""
    from factory.cli.bars import Bars
    from factory.cli.training import options
    from factory.stages.suspect import FOLDER, SHARE
    from factory.stages.suspect import suspect as work

    with Bars() as bars:
        found = work(run, proxy=proxy, method=method, folds=folds, options=options(given), progress=bars)
    if json:
        out(found.as_dict())
        return
    say(f"\n{found.proxy}, {found.folds} folds, {found.rows} {found.kind} rows ({found.left_out} left out as faulty).")
    say(
        f"Of {found.planted} planted wrong rows this ranking tells {found.auc:.2f} from right ones (AUC; 0.5 is "
        f"chance). If {SHARE:.0%} of the rows are wrong, about {found.found:.0%} of the first {found.review} rows are."
    )
    if found.auc < TELLING:
        say("That is hardly better than chance: their order says nothing. More rows, epochs or folds may, or a proxy.")
    for id_, score in found.first:
        say(f"  {score:>8.3f}  {id_}")
    say(f"Read them: factory trace {run} ID")
    out(str(run / FOLDER / f"{found.kind}.parquet"))


def compare(
    one: Path, other: Path, proxy: str, seeds: int, on: Path | None, given: Sequence[str], json: bool
) -> None:  # fmt: skip
    """Train, compare, say."""
    from factory.cli.bars import Bars
    from factory.cli.training import options
    from factory.stages.compare import compare as work

    with Bars() as bars:
        found = work(one, other, proxy=proxy, seeds=seeds, on=on, options=options(given), progress=bars)
    if json:
        out(found.as_dict())
        return
    for name, rows, epochs in zip((found.one, found.other), found.rows, found.epochs, strict=True):
        say(f"{name:<24} {rows:>8,} rows, {epochs:g} epochs of them: {found.tokens:,} tokens, {found.seeds} seeds")
    out(found.verdict)
