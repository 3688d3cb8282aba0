"""The plugins that a recipe names: loaded, their options checked, and bound to its models."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from factory import inputs, plugins, training
from factory.errors import WrongRequest, did_you_mean
from factory.policy import SCALE
from factory.recipe import file as recipe_file
from factory.recipe.checked import Checked
from factory.recipe.file import Place, Places
from factory.recipe.keys import Recipe, Use

FILTERS: dict[str, Place] = {  # where the filters of each stage stand
    "documents": ("documents", "filter"),
    "passages": ("passages", "filter"),
    "records": ("filter",),
    "measured": ("audit", "measure"),
}


def with_plugins(recipe: Recipe, file: Path, places: Places) -> Checked:
    """The recipe with its plugins. Raises WrongRequest for the first thing that is wrong with one."""
    made: dict[str, tuple[plugins.Filter, ...]] = {}
    for stage, place in FILTERS.items():
        of_policy, uses = recipe.of_policy(stage), recipe.filters(stage)
        stand: list[Place] = [("policy",)] * len(of_policy)
        stand += [(*place, nth) for nth in range(len(uses) - len(of_policy))]
        found = _plugin(partial(plugins.filter_, folder=file.parent), uses, file, places, stand)
        wheres = [recipe_file.where(file, places, each) for each in stand]
        for one, where in zip(found, wheres, strict=True):
            _check_apart(one, recipe, where)
        made[stage] = tuple(
            _asking(_bound(one, recipe, where), recipe) for one, where in zip(found, wheres, strict=True)
        )
    stand = [("generate", "methods", nth) for nth in range(len(recipe.generate.methods))]
    found = _plugin(plugins.generator, recipe.generate.methods, file, places, stand)
    generators = tuple(
        _bound(generator, recipe, recipe_file.where(file, places, place))
        for generator, place in zip(found, stand, strict=True)
    )
    _check_from(generators, file, places)
    stand = [("train", nth) for nth in range(len(recipe.train))]
    steps = _plugin(partial(training.step, folder=file.parent), recipe.train, file, places, stand)
    return Checked(recipe, file, generators, made, tuple(steps))


def _check_from(generators: Sequence[plugins.Generator], file: Path, places: Places) -> None:
    """Raise WrongRequest for a method that takes records of one that does not stand before it."""
    for nth, generator in enumerate(generators):
        earlier = [other.instance for other in generators[:nth]]
        for name in generator.from_:
            if name not in earlier:
                where = recipe_file.where(file, places, ("generate", "methods", nth, generator.instance, "from"))
                known = f" There {'are' if earlier[1:] else 'is'}: {', '.join(earlier)}." if earlier else ""
                raise WrongRequest(
                    f"{where}: {generator.instance} takes records of '{name}', and no method of that name stands "
                    f"before it.{did_you_mean(name, earlier)}{known}"
                )


def _check_apart(filter_: plugins.Filter, recipe: Recipe, where: str) -> None:
    """Raise WrongRequest where a filter reads what this run writes: it would never be up to date."""
    run = Path(recipe.run).expanduser().resolve()
    if any(run.is_relative_to(path.resolve()) for path in inputs.paths(filter_.options)):
        raise WrongRequest(f"{where}: {filter_.instance} names this run itself. Name other data, or another run.")


def _asking(filter_: plugins.Filter, recipe: Recipe) -> plugins.Filter:
    """The filter whose features also depend on the models that it asks."""
    asked = {parameter: recipe.models[name].identity() for parameter, name in filter_.models.items()}
    return replace(filter_, measuring={**filter_.measuring, "models": asked}) if asked else filter_


def _bound(plugin: plugins.P, recipe: Recipe, where: str) -> plugins.P:
    """The plugin with its models. Raises WrongRequest where one is not there, or may see none of the sources."""
    serves = "embeddings" if isinstance(plugin, plugins.Filter) and plugin.embeds else "chat"
    for name in plugin.models.values():
        if name in recipe.models and recipe.models[name].serves != serves:
            raise WrongRequest(
                f"{where}: {plugin.instance} asks the model '{name}' for {serves}. If that is what it serves, write "
                f"'serves: {serves}' under 'models: {name}:'; else name another model."
            )
    try:
        bound = plugins.bind(plugin, [name for name, model in recipe.models.items() if model.serves == serves])
    except WrongRequest as error:
        raise WrongRequest(f"{where}: {error}") from None
    lowest = min((source.confidentiality for source in recipe.sources), key=SCALE.index)
    for name in bound.models.values():
        sees = recipe.models[name].sees
        if SCALE.index(sees) < SCALE.index(lowest):
            raise WrongRequest(
                f"{where}: the model '{name}' may see what is {sees}, and every source is {lowest} or above. If it may "
                f"see them, write 'may_see: {lowest}' under 'models: {name}:'; or, if a source is no secret, "
                f"'confidentiality: {sees}' at that source. A source that is not labelled is internal."
            )
    return bound


def _plugin(make: Any, uses: list[Use], file: Path, places: Places, stand: Sequence[Place]) -> list[Any]:
    made, names = [], set()
    for use, place in zip(uses, stand, strict=True):
        where = recipe_file.where(file, places, place)
        if use.instance in names:
            first = " ('policy:' of the whole recipe is the first)" if stand[0] == ("policy",) else ""
            raise WrongRequest(
                f"{where}: '{use.instance}' stands twice{first}. Name one of them: "
                f"'other_name: {{plugin: {use.plugin}}}'."
            )
        names.add(use.instance)
        try:
            made.append(make(use.plugin, use.options, instance=use.instance))
        except plugins.WrongOption as error:
            where = recipe_file.where(file, places, (*place, use.instance, error.option))
            raise WrongRequest(f"{where}: {error}") from None
        except WrongRequest as error:
            raise WrongRequest(f"{where}: {error}") from None
    return made
