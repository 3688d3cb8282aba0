"""A recipe that was checked: all that a run needs to know of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from factory import addresses, inputs, plugins, prompts, training
from factory.errors import WrongRequest
from factory.recipe.keys import Recipe, Source


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
            listed = self.filters[stage][len(self.recipe.of_policy(stage)) :]
            with_absolute_paths(within.get("filter", []), listed)
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
