"""`factory export --review`: rows for people to read, in a file that waits for what they decide."""

from pathlib import Path

from factory.cli.printing import out, say
from factory.plural import many


def write(recipe: str, count: int, output: Path | None, seed: int | None, json: bool) -> None:
    """Write the file and name it, and what to do with it."""
    from factory import pipeline

    file, rows = pipeline.review(recipe, count, output=output, seed=seed)
    out({"file": str(file), "rows": rows} if json else str(file))
    said = f"review: {{file: {file.absolute()}}}"  # a recipe means paths from where it lies
    if hidden := pipeline.never_reviewed(recipe):
        lost = ", ".join(f"{name} {count}" for name, count in hidden.items())
        say(
            "Rows that these filters rejected are not among them, since a filter behind them still takes values out: "
            f"{lost}. To see how far people agree with them, put them behind it."
        )
    say(f"{many(rows, 'row')}. Fill in approve, edit, reject or rank; then, last under 'filter:': {said}")
