"""Prompts: templates beside a plugin or of the user's own, sandboxed; a document cannot leave its fence."""

import sys
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import generators
from factory import prompts
from factory.errors import WrongRequest
from factory.passages import Passage
from factory.prompts import Prompt, Wording, fenced

PLUGIN = "from factory.prompts import prompt\ndef ask(**values):\n    return prompt('ask', **values)\n"


@pytest.fixture
def plugin(tmp_path: Path) -> Any:
    """A module `guide` with a template of its own, loaded from its file."""
    file = tmp_path / "plugins/guide.py"
    write(tmp_path / "plugins/prompts/guide/ask.j2", "Say {{ word }}.")
    file.write_text(PLUGIN)
    module = types.ModuleType("guide")
    module.__file__ = str(file)
    exec(compile(PLUGIN, str(file), "exec"), module.__dict__)  # noqa: S102 # as an import would
    return module


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_a_prompt_is_its_text_and_knows_its_template(plugin: Any, tmp_path: Path) -> None:
    made = plugin.ask(word="mill")
    assert (made, type(made)) == ("Say mill.\n", Prompt)
    assert made.digest == prompts.digest_of(tmp_path / "plugins/prompts/guide/ask.j2")
    assert plugin.ask(word="lathe").digest == made.digest


def test_the_users_own_template_comes_first_and_is_noted(plugin: Any, tmp_path: Path) -> None:
    own = write(tmp_path / "mine/guide/ask.j2", "Whisper {{ word }}.")
    with prompts.used(Wording(tmp_path / "mine")) as rendered:
        assert plugin.ask(word="mill") == "Whisper mill.\n"
    assert rendered == {"guide/ask": prompts.digest_of(own)}
    assert prompts.replaced(tmp_path / "mine", "guide") == {"ask.j2": prompts.digest_of(own)}
    assert plugin.ask(word="mill") == "Say mill.\n"  # outside


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("Say {{ words }}.", "'words' is undefined"),
        ("Say\n{% if %}", "ask.j2:2: the prompt cannot be made: Expected an expression"),
        ("{{ word.__class__.__mro__ }}", "is unsafe"),
        ("{{ word.__init__.__globals__ }}", "is unsafe"),
    ],
)
def test_a_template_that_is_wrong_or_reaches_out_is_refused_by_its_file(
    plugin: Any, tmp_path: Path, template: str, said: str
) -> None:
    write(tmp_path / "mine/guide/ask.j2", template)
    with prompts.used(Wording(tmp_path / "mine")), pytest.raises(WrongRequest) as error:
        plugin.ask(word="mill")
    assert said in str(error.value)
    assert str(tmp_path / "mine/guide/ask.j2") in str(error.value)


def test_a_template_that_is_nowhere_is_refused_with_both_places(plugin: Any, tmp_path: Path) -> None:
    (tmp_path / "plugins/prompts/guide/ask.j2").unlink()
    with prompts.used(Wording(tmp_path / "mine")), pytest.raises(WrongRequest) as error:
        plugin.ask(word="mill")
    assert "There is no prompt 'ask' of guide: looked for" in str(error.value)
    assert str(tmp_path / "mine/guide/ask.j2") in str(error.value)


def test_what_a_document_says_is_no_template(plugin: Any) -> None:
    assert plugin.ask(word="{{ 7 * 7 }}{% include 'ask.j2' %}") == "Say {{ 7 * 7 }}{% include 'ask.j2' %}.\n"


@given(st.lists(st.sampled_from(["<document>", "</document>", "<document-2>", "</document-2>", "ore", "\n"])))
def test_no_text_ends_its_own_fence(pieces: list[str]) -> None:
    text = "".join(pieces)
    first, *inner, last = fenced(text).split("\n")
    assert "\n".join(inner) == text.strip()
    assert first not in text
    assert last not in text
    assert last == f"</{first[1:]}"


def test_the_module_of_these_tests_is_no_plugin() -> None:
    assert Path(sys.modules[__name__].__file__ or "").stem == "test_prompts"
    with pytest.raises(WrongRequest, match="There is no prompt 'ask' of test_prompts"):
        prompts.prompt("ask")


def test_every_template_that_writes_text_follows_the_style() -> None:
    style = prompts.Style("Esperanto", {"kiln": "an oven"}, ["How come it is hot?"])
    passage = Passage(id="d/0000", text="The kiln is hot.", language="en")
    folder = Path(generators.__file__).parent / "prompts"
    values = {"passage": passage, "passages": [passage], "wishes": [], "style": style, "reword": False}
    for file in [folder / "rephrase/rewrite.j2", *folder.glob("*/ask.j2"), *folder.glob("*/plan.j2")]:
        environment = prompts._environment(file.parent, folder)
        text = environment.get_template(file.name).render(
            {"turns": 2, "asker": "a", "move": "b", "form": "distilled", **values}
        )
        assert "whatever that of the document: Esperanto" in text, file
        assert "kiln: an oven" in text, file
        assert '"How come it is hot?"' in text, file
