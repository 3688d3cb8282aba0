"""Plugins: found by entry points, checked before any work.

A generator is an async generator function, a filter a frozen dataclass, and the signature is the only configuration:
option names, types and defaults are read from it. A third party's package declares the same entry-point groups
(`factory.generators`, `factory.filters`, `factory.trainers`) and is equal to ours.
"""

import dataclasses
import hashlib
import importlib.util
import inspect
import json
import sys
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import unquote, urlparse

from factory import inputs
from factory.errors import WrongRequest, did_you_mean

Group = Literal["generators", "filters", "trainers", "recognisers"]
RESERVED = {"plugin", "from", "kinds", "target"}  # keys of a recipe entry, so never names of options
SEES = ("text", "strings", "row", "record", "pair", "sourced", "raw_sourced")
TAKES = {"Passage": "passage", "list[Passage]": "passages", "Record": "record", "Passage | Record": "either"}


class WrongOption(WrongRequest):
    """An option that a plugin does not take as it was given; `option` is its name."""

    def __init__(self, message: str, option: str) -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True)
class Option:
    """One option of a plugin, as its signature declares it."""

    name: str
    type: Any
    default: Any  # inspect.Parameter.empty where it must be given
    decides: bool = False

    def describe(self) -> str:
        """`pairs (int, default 3)`."""
        kind = _spoken(self.type)
        default = "required" if self.default is inspect.Parameter.empty else f"default {self.default!r}"
        return f"{self.name} ({kind}, {default})"


def _spoken(type_: Any) -> str:
    """A type as a user writes it: `int`, `list[str] or None`, `one of keep, reject`; the same on every Python."""
    origin, args = typing.get_origin(type_), typing.get_args(type_)
    if origin is typing.Annotated:
        return _spoken(args[0])
    if origin is Literal:
        return f"one of {', '.join(map(str, args))}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join("None" if arg is types.NoneType else _spoken(arg) for arg in args)
    if origin:
        return f"{origin.__name__}[{', '.join('...' if arg is ... else _spoken(arg) for arg in args)}]"
    return getattr(type_, "__name__", str(type_))


@dataclass(frozen=True)
class Generator:
    """A generator bound to its options.

    `takes` is 'passage', 'passages' (a document's kept ones, in order) or 'record' (a kept one of the methods that
    `from_` names); `models` are its `LLM` parameters, each with the name of the recipe's model it is bound to ('' until
    a recipe binds it); `passages` is the parameter that gets the passages which its record was made from. `target` is
    how many of its rows the record filters shall keep.
    """

    instance: str
    plugin: str
    options: Mapping[str, Any]
    function: Callable[..., Any]
    takes: str
    models: Mapping[str, str]
    corpus: str | None
    digest: str
    from_: tuple[str, ...] = ()
    passages: str | None = None
    target: int | None = None


EMBEDDER = "embedder"  # the model whose vectors a filter wants, among its models
KEY = b"factory.key"  # in the metadata of the schema of what a keyed filter measures


@dataclass(frozen=True)
class Filter:
    """A filter bound to its options.

    `code` is the frozen dataclass of the plugin; `measuring` the options that change what it measures, `measures` a
    digest of its source, of what it `depends_on` and of the files that these name: together they name its features.
    `digest` is of the same and all files that its options name. `models` are the `LLM` parameters of an asynchronous
    `measure`, as a generator's; or, where it `embeds`, the one model whose vectors it `asks`. `key` is the run's, for a
    filter that is `keyed`. One that says `judges` takes no value out of a text, it only decides on the row; one that
    says `replaces` puts something else in the place of all it finds, with the options that it has.
    """

    instance: str
    plugin: str
    options: Mapping[str, Any]
    code: Any
    sees: str
    kinds: tuple[str, ...] | None
    scans: bool
    measuring: Mapping[str, Any]
    measures: str
    digest: str
    models: Mapping[str, str] = field(default_factory=dict)
    embeds: bool = False
    judges: bool = False
    replaces: bool = False
    key: bytes = field(default=b"", repr=False)


@cache
def declared(group: Group) -> dict[str, EntryPoint]:
    """The plugins of a group that installed distributions declare, by name."""
    found: dict[str, EntryPoint] = {}
    for entry in sorted(entry_points(group=f"factory.{group}"), key=lambda e: e.name):
        other = found.get(entry.name)
        if other is not None and other.value != entry.value:
            raise WrongRequest(
                f"Two packages declare the {group[:-1]} '{entry.name}': {_owner(other)} and {_owner(entry)}. "
                "Uninstall one."
            )
        found[entry.name] = entry
    return found


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value


def origin(group: Group, name: str) -> str:
    """`contrast of dataset-factory 0.1.0`: what a report of its fault has to name."""
    entry = declared(group).get(name)
    return f"{name} of {entry.dist.name} {entry.dist.version}" if entry and entry.dist else name


def load(group: Group, name: str) -> Any:
    """The object behind a plugin's name. Raises WrongRequest for an unknown name, or a module that is not its own."""
    known = declared(group)
    if name not in known:
        raise WrongRequest(_unknown(group, name, list(known)))
    entry = known[name]
    _check_owner(entry)
    try:
        return entry.load()
    except Exception as error:  # a stranger's module may raise anything
        raise WrongRequest(f"The {group[:-1]} '{name}' ({entry.value}) cannot be loaded: {error}.") from error


def _unknown(group: Group, name: str, known: list[str]) -> str:
    spec = importlib.util.find_spec(group)
    folders = list(spec.submodule_search_locations or []) if spec else []
    if any((Path(folder) / f"{name}.py").exists() for folder in folders):
        return (
            f"Unknown {group[:-1]} '{name}': {group}/{name}.py exists, but is not declared. Add its line to "
            f'[project.entry-points."factory.{group}"] in pyproject.toml, then run: pip install -e .'
        )
    hint = did_you_mean(name, known)
    return f"Unknown {group[:-1]} '{name}'.{hint} 'factory plugins' lists all {len(known)}."


def _check_owner(entry: EntryPoint) -> None:
    """Our module names are plain words, and other packages use them too: be sure that it is ours that loads."""
    hiding = stranger(entry.dist, entry.module) if entry.dist else None  # entry.load() says what is missing
    if entry.dist and hiding:
        raise WrongRequest(
            f"'{entry.module}' of {entry.dist.name} is hidden by another package: {hiding} was found first. "
            f"Install dataset-factory in an environment of its own."
        )


def stranger(dist: Distribution, module: str) -> Path | None:
    """What Python finds for a module of a distribution, where that is another package's; None where all is well."""
    origin = _origin(module)
    its_own = origin is None or any(origin.is_relative_to(root) for root in _roots(dist, module))
    return None if its_own else origin


def _origin(module: str) -> Path | None:
    """Where Python finds a module; where it does not, what it finds for the top of its name. None: nothing at all."""
    top = importlib.util.find_spec(module.split(".")[0])
    try:
        spec = importlib.util.find_spec(module) if top else None
    except ModuleNotFoundError:  # what stands above it is no package
        spec = None
    found = spec or top
    place = (found.origin or next(iter(found.submodule_search_locations or ()), None)) if found else None
    return Path(place).resolve() if place else None


def _roots(dist: Distribution, module: str) -> list[Path]:
    """Where a distribution's own top-level package can lie: its files, or the folder of an editable install."""
    top = module.split(".")[0]
    own = [
        Path(str(dist.locate_file(f))).resolve()
        for f in dist.files or []
        if f.parts and f.parts[0] in (top, f"{top}.py")
    ]
    roots = {
        path.parents[len(Path(module.replace(".", "/")).parts) - 1] if path.suffix == ".py" else path for path in own
    }
    direct = json.loads(dist.read_text("direct_url.json") or "{}")
    if direct.get("dir_info", {}).get("editable"):
        roots.add(Path(unquote(urlparse(direct["url"]).path)).resolve())
    return [*roots, *own]


def options_of(plugin: Any) -> list[Option]:
    """The options that a plugin's signature declares. Raises WrongRequest for one that is a key of recipe entries."""
    hints = typing.get_type_hints(plugin, include_extras=True)
    if dataclasses.is_dataclass(plugin):
        fields = [f for f in dataclasses.fields(plugin) if f.init]
        options = [Option(f.name, hints[f.name], _default(f), bool(f.metadata.get("decides"))) for f in fields]
    else:
        keywords = [p for p in inspect.signature(plugin).parameters.values() if p.kind is p.KEYWORD_ONLY]
        options = [Option(p.name, hints.get(p.name, Any), p.default) for p in keywords]
    for option in options:
        if option.name in RESERVED:
            place = f"{plugin.__module__}:{plugin.__qualname__}"
            raise WrongRequest(
                f"{place} has an option '{option.name}', which is a key of every entry in a recipe. Rename it."
            )
    return options


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty


def check_options(instance: str, known: list[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """The given options as the declared types, without guessing: "40" is no number, and neither is `yes`.

    Raises WrongOption naming the option and what is allowed, WrongRequest for one that is missing.
    """
    from pydantic import TypeAdapter, ValidationError

    names = {option.name: option for option in known}
    takes = f"It takes: {', '.join(option.describe() for option in known)}." if known else "It takes no options."
    for name in given:
        if name not in names:
            raise WrongOption(f"{instance} has no option '{name}'.{did_you_mean(name, names)} {takes}", name)
    missing = [o.name for o in known if o.default is inspect.Parameter.empty and o.name not in given]
    if missing:
        raise WrongRequest(f"{instance} needs the option '{missing[0]}'. {takes}")
    checked = {}
    for name, value in given.items():
        try:
            # as JSON: a recipe has its values and no others, and from there a tuple, a path or an enum is no guess
            checked[name] = TypeAdapter(names[name].type).validate_json(json.dumps(value, default=str), strict=True)
        except ValidationError as error:
            first = error.errors()[0]
            message, is_list = first["msg"], first["type"] in ("list_type", "tuple_type")
            hint = " A list is written [A, B]." if is_list else ""
            said = f"{instance}: option '{name}' is not right: {message[0].lower()}{message[1:]}.{hint} {takes}"
            raise WrongOption(said, name) from None
    return checked


def generator(plugin: str, options: Mapping[str, Any] | None = None, *, instance: str | None = None) -> Generator:
    """A generator by name, its signature and options checked."""
    function = load("generators", plugin)
    if not inspect.isasyncgenfunction(function):
        raise WrongRequest(f"The generator '{plugin}' is not an async generator function (async def with yield).")
    first = takes(function)
    if first not in TAKES.values():
        raise WrongRequest(f"The generator '{plugin}' must take one of {', '.join(TAKES)} first, not {first}.")
    others = inputs_of(function)[1:]
    corpus, beside = ([name for name, kind in others if kind == type_] for type_ in ("Corpus", "list[Passage]"))
    bound, given = _bindings(instance or plugin, models_of(function), options or {})
    from_ = _from(instance or plugin, first, given.pop("from", None))
    target = _target(instance or plugin, given.pop("target", None))
    known = options_of(function)
    return Generator(
        instance=instance or plugin,
        plugin=plugin,
        options=check_options(instance or plugin, known, given),
        function=function,
        takes="record" if from_ else first.replace("either", "passage"),
        models=bound,
        corpus=corpus[0] if corpus else None,
        digest=source_digest(function.__module__),
        from_=from_,
        passages=beside[0] if beside else None,
        target=target,
    )


def _target(instance: str, given: Any) -> int | None:
    if given is not None and (not isinstance(given, int) or isinstance(given, bool) or given < 1):
        raise WrongOption(f"{instance}: 'target' is how many of its rows are wanted: '{instance}: {{target: 100}}'.",
                          "target")  # fmt: skip
    return given


def inputs_of(function: Callable[..., Any]) -> list[tuple[str, str]]:
    """The parameters of a generator that are no options, each with the name of its type."""
    hints = typing.get_type_hints(function)
    given = [p for p in inspect.signature(function).parameters.values() if p.kind is not p.KEYWORD_ONLY]
    return [(p.name, _type_name(hints.get(p.name))) for p in given]


def takes(function: Callable[..., Any]) -> str:
    """What one call of a generator gets: a value of TAKES; the name of the type where it is none of them."""
    kind = next((kind for _, kind in inputs_of(function)), "nothing")
    return TAKES.get(kind, kind)


def _from(instance: str, takes: str, given: Any) -> tuple[str, ...]:
    """The methods whose kept records are the units of one that takes records: what the recipe says as `from`."""
    if given is None and takes == "record":
        raise WrongRequest(f"{instance} takes records of other methods: say of which, '{instance}: {{from: [qa]}}'.")
    if given is None:
        return ()
    if takes in ("passage", "passages"):
        raise WrongOption(f"{instance} takes passages, not records of other methods: it has no 'from'.", "from")
    if not isinstance(given, list) or not given or not all(isinstance(name, str) for name in given):
        raise WrongOption(f"{instance}: 'from' is a list of methods: '{instance}: {{from: [qa]}}'.", "from")
    return tuple(dict.fromkeys(given))


def _bindings(instance: str, models: list[str], options: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The model that each `LLM` parameter is given in the options ('': none is), and the other options."""
    bound = {name: options.get(name) or "" for name in models}
    for name, model in bound.items():
        if not isinstance(model, str):
            raise WrongOption(f"{instance}: '{name}' is a model: write its name under 'models:', not a value.", name)
    return bound, {name: value for name, value in options.items() if name not in bound}


P = TypeVar("P", "Generator", "Filter")


def bind(plugin: P, models: Sequence[str]) -> P:
    """The plugin with each of its `LLM` parameters bound to a model of the recipe.

    One that no option binds gets the model of its own name, or the only one there is. Raises WrongRequest where neither
    is there.
    """
    bound = {}
    for parameter, asked in plugin.models.items():
        name = asked or (parameter if parameter in models or len(models) != 1 else models[0])
        if name not in models:
            there = f"Models there are: {', '.join(models)}." if models else "The recipe has no 'models:'."
            fix = f"Add '{name}: {{base_url: …, model: …}}' under 'models:'"
            of = "model:" if getattr(plugin, "embeds", False) else ""
            other = f", or bind it to another: '{plugin.instance}: {{{parameter}: {of}NAME}}'" if models else ""
            raise WrongRequest(
                f"{plugin.instance} asks a model '{name}'.{did_you_mean(name, models)} {there} {fix}{other}."
            )
        bound[parameter] = name
    return dataclasses.replace(plugin, models=bound)


def _type_name(hint: Any) -> str:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " | ".join(sorted(_type_name(arg) for arg in typing.get_args(hint)))
    if typing.get_origin(hint) is list:
        return f"list[{_type_name(typing.get_args(hint)[0])}]"
    return getattr(hint, "__name__", str(hint))


def _is_frozen_dataclass(loaded: Any) -> bool:
    return isinstance(loaded, type) and dataclasses.is_dataclass(loaded) and bool(loaded.__dataclass_params__.frozen)  # type: ignore[attr-defined] # set by @dataclass


def filter_(
    plugin: str, options: Mapping[str, Any] | None = None, *, instance: str | None = None, folder: Path | None = None
) -> Filter:
    """A filter by name, made with its options; paths among them are relative to `folder`, or to where we are."""
    code_type: Any = load("filters", plugin)
    name = instance or plugin
    if not _is_frozen_dataclass(code_type):
        raise WrongRequest(f"The filter '{plugin}' is not a frozen dataclass.")
    sees = getattr(code_type, "sees", "text")
    _check_sees(plugin, code_type, sees)
    _check_methods(plugin, code_type)
    known = options_of(code_type)
    bound, given = _bindings(name, models_of(code_type), options or {})
    checked = inputs.located(name, check_options(name, known, given), folder or Path())
    try:
        code = code_type(**checked)
    except ValueError as error:
        raise WrongRequest(f"{name}: {error}.") from None
    measuring = {o.name: getattr(code, o.name) for o in known if not o.decides}
    source = source_digest(code_type.__module__) + _depends_on(code)
    vectors = getattr(code, "asks", "")
    return Filter(
        instance=name,
        plugin=plugin,
        options=checked,
        code=code,
        sees=sees,
        kinds=getattr(code_type, "kinds", None),
        scans=hasattr(code_type, "scan"),
        measuring=measuring,
        measures=source + inputs.digest(measuring),
        digest=source + inputs.digest(checked),
        models={EMBEDDER: vectors} if vectors else bound,
        embeds=bool(vectors),
        judges=getattr(code, "judges", False),
        replaces=getattr(code, "replaces", False),
    )


def _depends_on(code: Any) -> str:
    """What a filter says its answers depend on besides its code, its options and their files: a model's release."""
    return str(code.depends_on()) if hasattr(code, "depends_on") else ""


def models_of(plugin: Any) -> list[str]:
    """The `LLM` parameters of a generator, or of a filter's asynchronous `measure`."""
    if inspect.isasyncgenfunction(plugin):
        return [name for name, kind in inputs_of(plugin)[1:] if kind == "LLM"]
    hints = typing.get_type_hints(plugin.measure) if inspect.iscoroutinefunction(plugin.measure) else {}
    return [name for name, hint in hints.items() if _type_name(hint) == "LLM"]


def _check_sees(plugin: str, code_type: Any, sees: str) -> None:
    """Raise WrongRequest for a filter that asks to see what nothing can be shown of, or should not be sent away."""
    if sees not in SEES:
        raise WrongRequest(
            f"The filter '{plugin}' sees '{sees}', which this version cannot show. Known: {', '.join(SEES)}."
        )
    if sees == "pair" and getattr(code_type, "kinds", None) != ("preference",):
        raise WrongRequest(f"The filter '{plugin}' sees pairs: its 'kinds' must be ('preference',), which have them.")
    if sees == "raw_sourced" and (_asks_model(getattr(code_type, "measure", None)) or hasattr(code_type, "asks")):
        raise WrongRequest(
            f"The filter '{plugin}' sees 'raw_sourced', text from which nothing was taken out, and asks a model: such "
            "text goes to no endpoint. See 'sourced', which is what the generators saw."
        )


def _asks_model(measure: Any) -> bool:
    """Whether a method is asynchronous or has an `LLM` parameter."""
    if inspect.iscoroutinefunction(measure):
        return True
    annotated = inspect.get_annotations(measure).values() if callable(measure) else ()
    return any(_type_name(hint).strip("'\"").rpartition(".")[2] == "LLM" for hint in annotated)


def _check_methods(plugin: str, code_type: Any) -> None:
    """Raise WrongRequest for a filter that lacks a method, or one that would ask a model."""
    needed = ["measure", "decide"] + (["merge"] if hasattr(code_type, "scan") else [])
    needed += ["embeds"] if hasattr(code_type, "asks") else []
    for method in needed:
        if not callable(getattr(code_type, method, None)):
            raise WrongRequest(f"The filter '{plugin}' has no method '{method}'.")
    if not inspect.iscoroutinefunction(code_type.measure):
        return
    from pyarrow import Schema

    if hasattr(code_type, "scan"):
        raise WrongRequest(f"The filter '{plugin}' asks a model and scans; a filter does one or the other.")
    if not models_of(code_type) or not isinstance(getattr(code_type, "features", None), Schema):
        raise WrongRequest(
            f"The filter '{plugin}' measures asynchronously: its 'measure' needs a parameter of type LLM, and its "
            "class 'features', the pyarrow schema of what it measures."
        )


@cache
def source_digest(module: str) -> str:
    """A digest of the plugin's file, of the `_*.py` of its package, its prompts and those all may include."""
    path = Path(sys.modules[module].__file__ or "")
    around = path.parent.rglob("_*") if "." in module else ()  # a module without a package has strangers beside it
    beside = [f for f in (*around, *(path.parent / "prompts" / path.stem).glob("*")) if f.is_file()]
    total = hashlib.blake2b(digest_size=16)
    for file in [path, *sorted(f for f in beside if f.suffix != ".pyc")]:
        total.update(file.name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()
