"""Recipes: the YAML file that says what a run is. Checked whole before any work.

Every error names file, line and key, what is allowed there, and the nearest name. Duplicate keys are refused. A key
that this version does not act on is refused too: nothing is read and ignored.

Paths of sources and in options are relative to the recipe's file; `package:factory/quickstart/…` names files of an
installed package. `run:` is relative to the current folder.
"""

import json
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator

from factory import addresses, inputs, licences, plugins, prompts, recipe_file, training
from factory.errors import WrongRequest, did_you_mean
from factory.licences import Use as UseOfRows
from factory.llm.settings import Model
from factory.policy import SCALE, Confidentiality
from factory.recipe_file import WILD, Place, Places
from factory.shapes.cells import Field as ShapeField

SHAPES = {  # pydantic would name our classes
    "model_type": "this must be a mapping of keys and values",
    "dict_type": "this must be a mapping of keys and values",
    "list_type": "this must be a list",
}
OWN = ("mix", "target")  # what stands among the verdicts of filters and is none
LATER = {"policy", "ocr"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Use(_Strict):
    """One entry of a list of plugins: which, under what name, with which options."""

    instance: str
    plugin: str
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, entry: Any) -> Any:
        if isinstance(entry, str):
            return {"instance": entry, "plugin": entry}
        if not isinstance(entry, dict) or len(entry) != 1:
            raise ValueError("write a name, or one 'name: {option: value}'")
        name, options = next(iter(entry.items()))
        if options is not None and not isinstance(options, dict):
            raise ValueError(f"the options of '{name}' must be a mapping")
        options = dict(options or {})
        return {"instance": str(name), "plugin": options.pop("plugin", name), "options": options}

    @field_validator("instance")
    @classmethod
    def _is_a_file_name(cls, name: str) -> str:
        if not name.replace("_", "").replace("-", "").isalnum():
            raise ValueError("a name has letters, digits, '-' and '_' only")  # it names files and ids
        if name in OWN:
            raise ValueError(f"the run's own verdicts are called '{name}'; write 'other_name: {{plugin: {name}}}'")
        return name


class Feedback(_Strict):
    """What the votes of a feedback log mean, and what becomes of a corrected answer."""

    good: float | list[str] | None = None
    bad: float | list[str] | None = None
    edits: list[Literal["preference", "sft"]] = Field(default=["preference"], min_length=1)

    @field_validator("good", "bad", mode="before")
    @classmethod
    def _is_a_number_or_words(cls, bound: Any) -> Any:
        words = isinstance(bound, list) and all(isinstance(word, str) for word in bound)
        if bound is not None and not words and (isinstance(bound, bool) or not isinstance(bound, int | float)):
            raise ValueError("write a number, as in 'good: 4', or a list of words, as in 'good: [solved]'")
        return bound

    @model_validator(mode="after")
    def _is_a_scale(self) -> "Feedback":
        if isinstance(self.good, int | float) and isinstance(self.bad, int | float) and self.bad >= self.good:
            raise ValueError("what is good must be more than what is bad")
        return self


class Source(_Strict):
    """What the user names: a file, folder or glob, and what may be done with it."""

    path: str
    name: str = ""
    licence: str | None = None
    copyright: str | None = None
    confidentiality: Confidentiality = "internal"
    as_: Literal["documents", "records", "feedback"] = Field(default="documents", alias="as")
    map: dict[ShapeField, str] = {}
    sample: int | None = Field(default=None, ge=1)
    feedback: Feedback = Feedback()
    revision: str | None = Field(default=None, min_length=1)
    storage: dict[str, Any] = {}
    _address: str = PrivateAttr(default="")

    def model_post_init(self, context: Any, /) -> None:
        """Keep the path as it is written: a recipe that is loaded names it without credentials."""
        self._address = self.path

    @model_validator(mode="after")
    def _lies_somewhere(self) -> "Source":
        if self.is_remote:
            addresses.check(self.path)
            addresses.check_options(self.storage)
        elif self.storage:
            raise ValueError("'storage:' is for a source that is an address, as in 'path: s3://bucket/folder/'")
        return self

    @model_validator(mode="after")
    def _has_one_revision(self) -> "Source":
        if self.revision is None:
            return self
        if not self.is_on_hub:
            raise ValueError("'revision:' is for a dataset of the hub, 'path: hf:OWNER/NAME'")
        written = self.path.partition("@")[2]
        if written and written != self.revision:
            raise ValueError(f"the path says @{written}, and 'revision:' says {self.revision}; keep one of them")
        return self

    @model_validator(mode="after")
    def _maps_what_it_reads(self) -> "Source":
        others = [name for name in self.map if name != "text"] if self.as_ == "documents" else []
        if others:
            raise ValueError(f"'map: {{{others[0]}: …}}' is for rows that are records; add 'as: records'")
        if self.sample is not None and self.as_ != "records":
            raise ValueError("'sample:' draws from rows that are records; add 'as: records'")
        if self.as_ != "feedback" and self.feedback != Feedback():
            raise ValueError("'feedback:' says what votes mean; add 'as: feedback'")
        return self

    @property
    def gives(self) -> Literal["documents", "records"]:
        """What its files become."""
        return "documents" if self.as_ == "documents" else "records"

    @property
    def is_on_hub(self) -> bool:
        """Whether it is a dataset of the hub (or a folder laid out like one), to be asked for through `datasets`."""
        return self.path.startswith("hf:")

    @property
    def is_remote(self) -> bool:
        """Whether it lies at an address and is fetched by `fsspec`."""
        return addresses.is_remote(self.path)

    @property
    def address(self) -> str:
        """The path with the credentials that it was written with. Never to be stored or said."""
        return self._address

    def declared(self) -> dict[str, Any]:
        """What a stage depends on: everything but where it lies, since its files are known by their bytes."""
        return self.model_dump(exclude={"path", "storage"})


class Documents(_Strict):
    filter: list[Use] = []


class Passages(_Strict):
    max_tokens: int = Field(default=512, ge=16, le=100_000)
    tokenizer: str | None = None
    filter: list[Use] = []


class Style(_Strict):
    system: str | None = None
    language: str | None = None
    glossary: dict[str, str] = {}
    examples: list[str] = []


class Exam(_Strict):
    share: float = Field(default=0.1, gt=0, le=0.5)


class Generate(_Strict):
    target: int | None = Field(default=None, ge=1)
    exam: Exam | None = None
    style: Style = Style()
    methods: list[Use] = []


class Split(_Strict):
    validation: float = Field(default=0.05, ge=0, lt=1)
    test: float = Field(default=0.05, ge=0, lt=1)
    by: Literal["draw", "file"] = "draw"

    @model_validator(mode="after")
    def _leaves_a_train_split(self) -> "Split":
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together leave nothing to train on")
        if self.by == "file" and self.model_fields_set & {"validation", "test"}:
            raise ValueError("with 'by: file' rows stay in the split that their file is named for; give no shares")
        return self


class Hub(_Strict):
    """What may be pushed to a hub."""

    may_see: Confidentiality = "public"


class Export(_Strict):
    split: Split = Split()
    formats: list[Literal["trl", "messages", "sharegpt", "alpaca", "llama-factory", "axolotl"]] = ["trl"]
    context: Literal["open-book", "closed-book"] = "open-book"
    template: Annotated[Path, Field(strict=False)] | None = None
    hub: Hub = Hub()


class Audit(_Strict):
    checks: list[str] = []
    measure: list[Use] = []
    tokenizer: str | None = None

    @field_validator("checks")
    @classmethod
    def _are_checks(cls, checks: list[str]) -> list[str]:
        from factory.views.checks import parse

        try:
            return [parse(check).text for check in checks]
        except WrongRequest as error:
            raise ValueError(str(error).removesuffix(".")) from None


class Share(_Strict):
    """How much of a source's kept rows leaves: at most so many, and so much beside the other sources."""

    weight: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    cap: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _says_something(self) -> "Share":
        if self.weight is None and self.cap is None:
            raise ValueError("give a weight or a cap")
        return self


class Journal(_Strict):
    keep_prompts: bool = True


class Recipe(_Strict):
    """A whole recipe, checked. See `docs/reference/recipe.md`."""

    run: str
    seed: int = 0
    use: UseOfRows | None = None
    sources: list[Source] = Field(min_length=1)
    mix: dict[str, Share] = {}
    documents: Documents = Documents()
    passages: Passages = Passages()
    models: dict[str, Model] = {}
    prompts: str | None = None
    journal: Journal = Journal()
    generate: Generate = Generate()
    filter: list[Use] = []
    export: Export = Export()
    audit: Audit = Audit()
    train: list[Use] = []


@dataclass(frozen=True)
class Checked:
    """A recipe with its plugins loaded and their options checked: all that a run needs to know."""

    recipe: Recipe
    file: Path
    generators: tuple[plugins.Generator, ...]
    filters: Mapping[str, tuple[plugins.Filter, ...]]  # by stage: documents, passages, records, measured
    steps: tuple[training.Step, ...] = ()  # of `train:`

    def resolved(self) -> str:
        """The recipe as YAML with absolute paths: what stands in the run folder."""
        plain = self.recipe.model_dump(exclude_defaults=True, by_alias=True)
        if self.recipe.models:
            its = self.recipe.models.items()
            plain["models"] = {name: model.model_dump(mode="json", exclude_defaults=True) for name, model in its}
        if self.recipe.export.template:
            plain["export"]["template"] = str(self.recipe.export.template)
        if self.recipe.prompts:
            plain["prompts"] = str(self.prompts_folder())
        if self.recipe.audit.tokenizer:
            plain["audit"]["tokenizer"] = self.audit_tokenizer()
        plain["sources"] = [
            {
                "name": s.name,
                **s.model_dump(exclude_defaults=True, by_alias=True, exclude={"name"}),
                "path": self._written(s),
            }
            for s in self.recipe.sources
        ]
        for stage, within in (
            ("documents", plain.get("documents", {})),
            ("passages", plain.get("passages", {})),
            ("records", plain),
        ):
            with_absolute_paths(within.get("filter", []), self.filters[stage])
        with_absolute_paths(plain.get("train", []), [step.trainer for step in self.steps])
        for entry, step in zip(plain.get("train", []), self.steps, strict=True):
            if "model" in entry.get("options", {}):
                entry["options"]["model"] = step.model
        return yaml.safe_dump(_short(plain), sort_keys=False, allow_unicode=True)

    def wording(self) -> prompts.Wording:
        """What its prompts are made with."""
        style = self.recipe.generate.style
        return prompts.Wording(self.prompts_folder(), prompts.Style(style.language, style.glossary, style.examples))

    def prompts_folder(self) -> Path | None:
        """Where the user's own templates of prompts lie: absolute."""
        folder = self.recipe.prompts
        return (self.file.parent / Path(folder).expanduser()).absolute() if folder else None

    def audit_tokenizer(self) -> str | None:
        """The tokenizer of the audit: a folder, absolute, or an id of the hub."""
        name = self.recipe.audit.tokenizer
        place = (self.file.parent / Path(name).expanduser()).absolute() if name else None
        return str(place) if place is not None and place.exists() else name

    def _written(self, source: Source) -> str:
        return source.path if source.is_on_hub or source.is_remote else str(self.source_path(source))

    def source_path(self, source: Source) -> Path:
        """Where a source lies: absolute, globs kept."""
        if source.path.startswith("package:"):
            return _inside_package(source.path.removeprefix("package:"))
        return (self.file.parent / Path(addresses.LOCAL.sub("", source.path)).expanduser()).absolute()


def with_absolute_paths(uses: list[dict[str, Any]], made: Sequence[plugins.Filter | training.Trainer]) -> None:
    """Put where they lie into options that are paths, in place: the copy in the run folder lies elsewhere."""
    for use, plugin in zip(uses, made, strict=True):
        named = {name: value for name, value in plugin.options.items() if any(inputs.paths({name: value}))}
        if named:
            use["options"] = {**use["options"], **{name: inputs.written(value) for name, value in named.items()}}


def _short(value: Any) -> Any:
    """Uses back in the form in which people write them."""
    if isinstance(value, dict) and set(value) >= {"instance", "plugin"}:
        options = dict(value.get("options") or {})
        if value["plugin"] != value["instance"]:
            options = {"plugin": value["plugin"], **options}
        return {value["instance"]: options} if options else value["instance"]
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items()}
    return [_short(item) for item in value] if isinstance(value, list) else value


def _inside_package(name: str) -> Path:
    from importlib.util import find_spec

    package, _, below = name.partition("/")
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise WrongRequest(f"package:{name}: there is no installed package '{package}'.")
    return Path(spec.submodule_search_locations[0]) / below


def find(name: str) -> Path:
    """The file of a recipe: a path, or the bare name of a recipe in the package (`quickstart`), or a run folder's."""
    path = Path(name).expanduser()
    if path.is_dir() and (path / "recipe.yaml").is_file():
        return path / "recipe.yaml"
    if path.is_file():
        return path
    packaged = {file.stem: file for file in (Path(__file__).parent / "quickstart").glob("*.yaml")}
    if name in packaged:
        return packaged[name]
    if path.is_dir():
        raise WrongRequest(f"{name} is a folder without a recipe.yaml: neither a recipe nor a run of dataset-factory.")
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
        raise _wrong(file, places, error) from None
    models = {name: _placed(model, file) for name, model in recipe.models.items()}
    found = {
        "sources": _named(recipe.sources, file, places),
        "models": models,
        "export": _rendered(recipe, file, places),
    }
    recipe = recipe.model_copy(update=found)
    _check_mix(recipe, file, places)
    checked = _with_plugins(recipe, file, places)
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


def _with_plugins(recipe: Recipe, file: Path, places: Places) -> Checked:
    made: dict[str, tuple[plugins.Filter, ...]] = {}
    stages: dict[str, tuple[Place, list[Use]]] = {
        "documents": (("documents", "filter"), recipe.documents.filter),
        "passages": (("passages", "filter"), recipe.passages.filter),
        "records": (("filter",), recipe.filter),
        "measured": (("audit", "measure"), recipe.audit.measure),
    }
    for stage, (place, uses) in stages.items():
        found = _plugin(partial(plugins.filter_, folder=file.parent), uses, file, places, place)
        for nth, one in enumerate(found):
            _check_apart(one, recipe, recipe_file.where(file, places, (*place, nth)))
        made[stage] = tuple(
            _asking(_bound(one, recipe, recipe_file.where(file, places, (*place, nth))), recipe)
            for nth, one in enumerate(found)
        )
    place = ("generate", "methods")
    generators = tuple(
        _bound(generator, recipe, recipe_file.where(file, places, (*place, nth)))
        for nth, generator in enumerate(_plugin(plugins.generator, recipe.generate.methods, file, places, place))
    )
    _check_from(generators, file, places)
    steps = _plugin(partial(training.step, folder=file.parent), recipe.train, file, places, ("train",))
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
    try:
        bound = plugins.bind(plugin, list(recipe.models))
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


def _plugin(make: Any, uses: list[Use], file: Path, places: Places, place: Place) -> list[Any]:
    made, names = [], set()
    for nth, use in enumerate(uses):
        where = recipe_file.where(file, places, (*place, nth))
        if use.instance in names:
            raise WrongRequest(
                f"{where}: '{use.instance}' stands twice. Name one of them: 'other_name: {{plugin: {use.plugin}}}'."
            )
        names.add(use.instance)
        try:
            made.append(make(use.plugin, use.options, instance=use.instance))
        except plugins.WrongOption as error:
            where = recipe_file.where(file, places, (*place, nth, use.instance, error.option))
            raise WrongRequest(f"{where}: {error}") from None
        except WrongRequest as error:
            raise WrongRequest(f"{where}: {error}") from None
    return made


# --- errors ----------------------------------------------------------------------------------------------------------


def _wrong(file: Path, places: Places, error: ValidationError) -> WrongRequest:
    """The first error, with line, key, what is allowed, and the nearest name."""
    first = error.errors(include_url=False)[0]
    place: Place = tuple(first["loc"])
    if place and place[-1] == "[key]":  # of a mapping whose keys are named: what is wrong is the key before
        place = place[:-1]
        return _unknown_key(
            file,
            places,
            place,
            str(first.get("ctx", {}).get("expected", "")).strip("'").replace("' or '", "', '").split("', '"),
        )
    if first["type"] == "extra_forbidden":
        return _unknown_key(file, places, place, _fields(place[:-1]))
    where, key = recipe_file.where(file, places, place), ".".join(str(part) for part in place)
    if first["type"] == "missing":
        return WrongRequest(f"{where}: the key '{key}' is missing.{_example(str(place[-1]))}")
    message = SHAPES.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    return WrongRequest(f"{where}: '{key}' is not right: {message[0].lower()}{message[1:]}.{_example(str(place[-1]))}")


def _unknown_key(file: Path, places: Places, place: Place, known: list[str]) -> WrongRequest:
    where, key, name = recipe_file.where(file, places, place), ".".join(str(part) for part in place), str(place[-1])
    if name in LATER and name not in known:
        return WrongRequest(
            f"{where}: '{key}' is not built in this version, so it is refused rather than ignored. Remove it."
        )
    return WrongRequest(f"{where}: unknown key '{key}'.{did_you_mean(name, known)} Allowed here: {', '.join(known)}.")


def _example(name: str) -> str:
    examples = {"run": " For example: run: runs/handbook", "sources": " For example: sources: [{path: docs/}]"}
    return examples.get(name, "")


def _fields(place: Place) -> list[str]:
    """The keys that are allowed at a place of the recipe."""
    model: Any = Recipe
    for part in place:
        inner = getattr(model, "model_fields", None)
        model = (
            inner[_field(inner, part)].annotation if inner else model.__args__[-1]
        )  # else an item of a list, a value of a mapping
        there = [arg for arg in getattr(model, "__args__", ()) if arg is not type(None)]
        model = there[0] if isinstance(model, types.UnionType) and len(there) == 1 else model
    return sorted(field.alias or name for name, field in getattr(model, "model_fields", {}).items())


def _field(fields: Mapping[str, Any], key: Any) -> str:
    """The name of the field that a key is for: `as` is a word of Python's."""
    return next((name for name, field in fields.items() if field.alias == key), str(key))
