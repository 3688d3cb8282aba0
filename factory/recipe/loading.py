"""From a recipe's file to a recipe that was checked, with everything that it names."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from factory import addresses, licences, prompts
from factory.errors import WrongRequest, did_you_mean
from factory.llm.settings import Model
from factory.readers import ocr
from factory.recipe import file as recipe_file
from factory.recipe.binding import with_plugins
from factory.recipe.checked import Checked
from factory.recipe.file import WILD, Places
from factory.recipe.keys import Export, Recipe, Source
from factory.recipe.mistakes import wrong

PACKAGED = Path(__file__).parent.parent / "quickstart"


def find(name: str) -> Path:
    """The file of a recipe: a path, or the bare name of a recipe in the package (`quickstart`), or a run folder's."""
    path = Path(name).expanduser()
    if path.is_dir() and (path / "recipe.yaml").is_file():
        return path / "recipe.yaml"
    if path.is_file():
        return path
    packaged = {file.stem: file for file in PACKAGED.glob("*.yaml")}
    if name in packaged:
        return packaged[name]
    if path.is_dir():
        raise WrongRequest(
            f"{name} is a folder without a recipe.yaml: neither a recipe nor a run of dataset-factory. For "
            f"documents or datasets that lie in it, 'factory init {name}' writes a recipe."
        )
    hint = did_you_mean(name, [*packaged, *(str(p) for p in Path().glob("*.yaml"))])
    raise WrongRequest(f"There is no recipe file {name}.{hint} Recipes in the package: {', '.join(packaged)}.")


def load(name: str, *, overrides: Sequence[str] = (), methods: Sequence[str] = ()) -> Checked:
    """Read and check a recipe and everything it names.

    `overrides` are `dotted.key=value` with a YAML value; in a list of plugins the plugin's name is the key
    (`generate.methods.text.max_tokens=2048`). `methods` are generators to add where the recipe does not have them.
    Raises WrongRequest for the first thing that is wrong.
    """
    file = find(name)
    value, places = recipe_file.parse(file)
    for method in methods:
        recipe_file.add_method(value, method, places)
    for override in overrides:
        recipe_file.apply_override(value, override, places)
    try:
        recipe = Recipe.model_validate_json(
            _as_json(value), strict=True
        )  # strict: 'yes' is no number, '5' is none either
    except ValidationError as error:
        raise wrong(file, places, error) from None
    models = {name: _placed(model, file) for name, model in recipe.models.items()}
    found = {
        "sources": _named(recipe.sources, file, places),
        "models": models,
        "export": _rendered(recipe, file, places),
    }
    recipe = recipe.model_copy(update=found)
    _check_mix(recipe, file, places)
    checked = with_plugins(recipe, file, places)
    _check_sources(checked, places)
    return checked


def _placed(model: Model, file: Path) -> Model:
    """The model with its files where the recipe's folder is."""
    folder = file.parent.absolute()
    batch = model.batch and model.batch.model_copy(update={"folder": folder / model.batch.folder.expanduser()})
    files = {"api_key_file": model.api_key_file, "ca_file": model.ca_file}
    placed = {name: folder / path.expanduser() for name, path in files.items() if path}
    return model.model_copy(update={**placed, "batch": batch})


def _rendered(recipe: Recipe, file: Path, places: Places) -> Export:
    """The export with its template where the recipe's folder is. Raises WrongRequest for one that is not right."""
    if recipe.export.template is None:
        return recipe.export
    place = (file.parent / recipe.export.template.expanduser()).absolute()
    if not place.is_file():
        where = recipe_file.where(file, places, ("export", "template"))
        hint = did_you_mean(place.name, _names_in(place.parent))
        raise WrongRequest(f"{where}: there is no template {place}.{hint} Paths are relative to the recipe's file.")
    for context in ("a context", None):
        prompts.rendered(place, question="a question", context=context)  # before any work
    return recipe.export.model_copy(update={"template": place})


def declared_audit(file: Path) -> dict[str, Any]:
    """What stands under `audit` in a run's recipe; plugins are not loaded for that."""
    value = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    return dict((value or {}).get("audit", {}))


def _as_json(value: Any) -> str:
    return json.dumps(value, default=str)  # YAML has dates; no key of a recipe is one


def _named(sources: list[Source], file: Path, places: Places) -> list[Source]:
    """Each source with a name of its own: the last part of its path where none is given."""
    named: list[Source] = []
    for nth, source in enumerate(sources):
        name = source.name or recipe_file.source_name(source.path)
        if name in {other.name for other in named}:
            where = recipe_file.where(file, places, ("sources", nth))
            raise WrongRequest(
                f"{where}: two sources are named '{name}'. Give one of them a 'name:' of its own; ids depend on it."
            )
        named.append(source.model_copy(update={"name": name, "path": addresses.bare(source.path)}))
    return named


def _check_mix(recipe: Recipe, file: Path, places: Places) -> None:
    """Raise WrongRequest for a mix of a source that there is not, or one that a target would undo."""
    known = [source.name for source in recipe.sources]
    for name, share in recipe.mix.items():
        where = recipe_file.where(file, places, ("mix", name))
        if name not in known:
            raise WrongRequest(
                f"{where}: there is no source '{name}' to mix.{did_you_mean(name, known)} Sources: {', '.join(known)}."
            )
        if share.weight is not None and recipe.generate.target is not None:
            raise WrongRequest(
                f"{where}: a weight and 'generate: {{target: …}}' would each undo what the other says. Keep one of "
                "them; a cap goes with a target."
            )


def _check_sources(checked: Checked, places: Places) -> None:
    """Raise WrongRequest for a source that is not there. What a glob names is seen when its files are listed."""
    from factory.stages.remote import check_backend  # it knows recipes

    for nth, source in enumerate(checked.recipe.sources):
        if source.licence is not None:
            try:
                licences.ways(source.licence)
            except licences.BadLicence as error:
                where = recipe_file.where(checked.file, places, ("sources", nth, "licence"))
                raise WrongRequest(f"{where}: {error}.") from None
        if source.ocr is not None:
            try:
                ocr.installed(source.ocr.languages)
            except WrongRequest as error:
                where = recipe_file.where(checked.file, places, ("sources", nth, "ocr"))
                raise WrongRequest(f"{where}: {error}") from None
        where = recipe_file.where(checked.file, places, ("sources", nth, "path"))
        try:
            place = checked.source_path(source)
            if source.is_remote:
                check_backend(source.path)
        except WrongRequest as error:
            raise WrongRequest(f"{where}: {error}") from None
        if source.is_on_hub or source.is_remote:
            continue  # whether it is there is asked when it is read
        if not any(c in source.path for c in WILD) and not place.exists() and not place.is_symlink():
            hint = did_you_mean(place.name, _names_in(place.parent))
            raise WrongRequest(
                f"{where}: the source '{source.path}' is not there: no {place}.{hint} "
                "Paths are relative to the recipe's file."
            )


def _names_in(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []
