"""What `factory evaluate` prints: the verdict in words, a table a set, and where the rest lies."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from factory.cli.printing import out, say
from factory.errors import CheckFailed

if TYPE_CHECKING:
    from factory.scores import Difference
    from factory.stages.evaluation import Evaluation


def evaluate(
    model: str, run: Path, before: str | None, output: Path | None, forgetting: Path | None, max_tokens: int,
    full: bool, checks: Sequence[str], json: bool,
) -> None:  # fmt: skip
    """Compare, say, and judge by the checks."""
    from factory.cli.bars import Bars
    from factory.stages.evaluate import evaluate as work
    from factory.views import checks as checking

    asked = [checking.parse(check) for check in checks]  # before any work
    bars = Bars()
    try:
        found = work(
            model,
            run,
            before=before,
            out=output,
            forgetting=forgetting,
            max_tokens=max_tokens,
            full=full,
            progress=bars,
        )
    finally:
        bars.close()
    results = checking.evaluate(asked, found.measures(), {})
    if json:
        out({**found.as_dict(), "folder": str(found.folder), "checks": results})
    else:
        _tell(found)
    failed = [f"{result['check']} (it is {result['value']})" for result in results if not result["holds"]]
    if failed:
        raise CheckFailed(f"{len(failed)} of {len(results)} checks do not hold: {'; '.join(failed)}.")


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
        f"\n{rows['looked_at']} trained rows: loss {rows['before']:.2f} → {rows['after']:.2f}; "
        f"{rows['known_before']['count']} known before, {rows['not_learned']['count']} not learned; "
        f"of {missed['count']} of {missed['of']} documents most rows are not learned.\n"
    )
    for sentence in found.verdicts:
        say(sentence)
    out(str(found.folder / "exam.json"))


def _line(measure: str, its: "Difference") -> str:
    return (
        f"  {measure:<10} {its.before:>8.3f} {its.after:>8.3f} {its.difference:>+8.3f}   "
        f"{its.low:+.3f} to {its.high:+.3f}   {its.verdict}"
    )
