"""`factory export --push-to-hub`: the export, then the push, then where it stands."""

from collections.abc import Sequence

from factory.cli.printing import out, say
from factory.plural import many


def push(
    recipe: str, override: Sequence[str] | None, repository: str | None, public: bool, workers: int | None, json: bool
) -> None:
    """Bring the export up to date and push it."""
    from factory import pipeline
    from factory import recipe as recipes
    from factory.cli.bars import Bars
    from factory.errors import WrongRequest
    from factory.stages.push import push as publish

    if repository is None:
        raise WrongRequest("--public says how to push. Say also where to: --push-to-hub OWNER/NAME --public")
    given = list(override or [])
    with Bars() as bars:
        done = pipeline.run(recipe, set=given, progress=bars, until="export", workers=workers)
    pushed = publish(done, recipes.load(recipe, overrides=given).recipe, repository, public=public)
    if json:
        return out({"run": str(done.path), **pushed.as_dict()})
    say(
        f"{many(pushed.rows, 'row is', 'rows are')} in {repository}, which is "
        f"{'private' if pushed.is_private else 'public'}."
    )
    out(pushed.url)
