"""Whether what a recipe names is there: its files, its run folder, the keys of its models, and their servers.

Each server of a model is asked once for the list of its models (GET /models), with the key and nothing else: no text
of a document goes anywhere, so `may_see` is not touched. Nothing else is asked for over the network; what would be
downloaded later is said.
"""

import asyncio
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from yarl import URL

from factory import recipe as recipes
from factory.errors import FactoryError
from factory.llm.settings import Model, Timeout
from factory.llm.transport import Transport, Try
from factory.plural import many
from factory.readers import ocr
from factory.recipe import Checked
from factory.runs import Run, is_run
from factory.stages.sources import below
from factory.views.doctor import Finding, disk, extras, is_installed

SOON = Timeout(connect=5, first_byte=15, total=20)
SHOWN = 5  # names of models
REFUSED = (401, 403)


def of_recipe(name: str) -> Iterator[Finding]:
    """Every finding on a recipe; the first alone where it is not right."""
    try:
        checked = recipes.load(name)
    except FactoryError as error:
        yield Finding("error", "recipe", str(error).removesuffix("."), "Correct the recipe, or install what it names.")
        return
    yield Finding("ok", "recipe", f"{checked.file} is right")
    folder = checked.file.parent if is_run(checked.file.parent) else Path(checked.recipe.run)
    yield from _run(folder)
    yield from _sources(checked, folder)
    yield from _files(checked)
    yield from _ocr(checked)
    for model, settings in checked.recipe.models.items():
        yield from _model(f"model {model}", settings)


def _run(folder: Path) -> Iterator[Finding]:
    yield disk(folder)
    if not folder.exists():
        yield Finding("ok", "run", f"{folder} will be made")
    elif not is_run(folder):
        if any(folder.iterdir()):
            fix = "Choose another folder for 'run:'."
            yield Finding("error", "run", f"{folder} holds other things and is not a run", fix)
    elif stat.S_IMODE(folder.stat().st_mode) & 0o077:
        said = f"{folder} can be read by others, and it holds documents"
        yield Finding("warning", "run", said, f"chmod 700 {folder}")
    else:
        try:
            stages = len(Run(folder).notes())
        except FactoryError as error:
            yield Finding("error", "run", str(error), "See there.")
        else:
            yield Finding("ok", "run", f"{folder}: {stages} stages stand")


def _sources(checked: Checked, run: Path) -> Iterator[Finding]:
    for source in checked.recipe.sources:
        what = f"source {source.name}"
        if source.is_on_hub:
            yield Finding("ok", what, f"{source.path} is asked for when it is read; it was not asked for now")
            continue
        count = len(below(checked.source_path(source), source.path, run))
        if count:
            yield Finding("ok", what, many(count, "file"))
        else:
            yield Finding("error", what, f"'{source.path}' names no file", "Paths are relative to the recipe's file.")


def _files(checked: Checked) -> Iterator[Finding]:
    """Tokenizers and models to train, which may be folders or ids of the hub; and the folder of the prompts."""
    named = {"passages.tokenizer": checked.recipe.passages.tokenizer, "audit.tokenizer": checked.audit_tokenizer()}
    named |= {f"train {step.trainer.instance}": step.model for step in checked.steps}
    earlier = {"tiny", *(step.trainer.instance for step in checked.steps)}
    for what, name in named.items():
        if name is None or name in earlier:
            continue
        if Path(name).expanduser().exists():
            yield Finding("ok", what, f"{name} is there")
        else:
            fix = "It is downloaded when it is needed; name a folder to stay offline."
            yield Finding("warning", what, f"no file is called {name}, so it is an id of the hub", fix)
    prompts = checked.prompts_folder()
    if prompts is not None and not prompts.is_dir():
        yield Finding("error", "prompts", f"there is no folder {prompts}", "Make it, or remove 'prompts:'.")


def _ocr(checked: Checked) -> Iterator[Finding]:
    """What reads pictures; where it was not there, or lacked a language, the recipe was refused."""
    for source in checked.recipe.sources:
        if source.ocr is not None:
            engine = ocr.installed(source.ocr.languages)
            said = f"{ocr.PROGRAM} {engine.version} reads its pages without text: {', '.join(engine.languages)}"
            yield Finding("ok", f"source {source.name}, ocr", said)


# --- models ----------------------------------------------------------------------------------------------------------


def _model(what: str, model: Model) -> Iterator[Finding]:
    if model.vllm is not None:
        missing = [name for name in extras().get("vllm", []) if is_installed(name) is None]
        if missing:
            yield Finding("error", what, "vllm is not installed", "pip install 'dataset-factory[vllm]'")
        else:
            yield Finding("ok", what, "answers in this process, by vLLM")
        return
    if model.batch and not model.batch.submit:
        yield Finding("ok", what, f"answers are put into {model.batch.folder}; no server is asked")
        return
    try:
        model.request_headers()
    except FactoryError as error:
        yield Finding("error", what, str(error), "Set it in the shell that runs the recipe.")
        return
    variable = model.key_variable()
    yield Finding("ok", f"{what}, key", f"{variable} is set" if variable else "none by a variable of the environment")
    for url, tried in zip(model.base_urls, asyncio.run(_asked(model)), strict=True):
        yield _answered(what, model, url, tried)


async def _asked(model: Model) -> list[Try]:
    """Each server's list of its models."""
    query = f"?api-version={model.api_version}" if model.api_version else ""
    async with Transport(model.model_copy(update={"timeout": SOON})) as transport:
        urls = [f"{url}/models{query}" for url in model.base_urls]
        return [await transport.send(URL(url, encoded=True), None, transport.proxy(url)) for url in urls]


def _answered(what: str, model: Model, url: str, tried: Try) -> Finding:
    if tried.status is None:
        fix = "Start the server, or correct 'base_url'."
        return Finding("error", what, f"no answer from {url} ({tried.fault})", fix)
    if tried.status in REFUSED:
        return Finding("error", what, f"{url} refuses the key (HTTP {tried.status})", "Set the key of this server.")
    names = _names(tried.json) if tried.status == 200 else []
    if not names:
        said = f"{url} answers, but does not list its models (HTTP {tried.status})"
        return Finding("warning", what, said, "See whether 'base_url' ends as the server wants it, often in /v1.")
    if model.model not in names:
        more = " …" if names[SHOWN:] else ""
        said = f"{url} does not list '{model.model}'; it has {', '.join(names[:SHOWN])}{more}"
        return Finding("warning", what, said, "Name one that it has, under 'model:'.")
    return Finding("ok", what, f"{url} serves {model.model}; it may see what is {model.sees}")


def _names(value: Any) -> list[str]:
    """The ids in a list of models."""
    listed = value.get("data") if isinstance(value, dict) else None
    return [str(one["id"]) for one in listed or () if isinstance(one, dict) and "id" in one]
