"""Plugins: the signature is the only configuration, and what is wrong with one is said before any work."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from factory import plugins
from factory.errors import WrongRequest
from filters.exact_dedup import ExactDedup
from filters.minhash_dedup import MinhashDedup
from tests.factory.installing import Package, on_the_path


@dataclass(frozen=True)
class Sample:
    """A filter with an option of each sort."""

    sees: ClassVar[str] = "strings"
    needed: int
    choice: Literal["a", "b"] = "a"
    share: float = field(default=0.5, metadata={"decides": True})
    names: tuple[str, ...] = ()
    folder: Path | None = None
    words: list[str] = field(default_factory=lambda: ["x"])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    """A folder on the path."""
    with on_the_path(tmp_path / "site") as folder:
        yield folder


@pytest.fixture
def installed(site: Path) -> Package:
    """A stranger's package on the path."""
    return Package(site, "stranger")


def refusal(group: str, name: str, **options: object) -> str:
    make = plugins.filter_ if group == "filters" else plugins.generator
    with pytest.raises(WrongRequest) as error:
        make(name, options)
    return str(error.value)


# --- options


def test_options_are_read_from_the_signature() -> None:
    assert [option.describe() for option in plugins.options_of(Sample)] == [
        "needed (int, required)",
        "choice (one of a, b, default 'a')",
        "share (float, default 0.5)",
        "names (tuple[str, ...], default ())",
        "folder (Path or None, default None)",
        "words (list[str], default ['x'])",
    ]
    assert [option.name for option in plugins.options_of(Sample) if option.decides] == ["share"]


def test_what_a_recipe_can_say_becomes_the_declared_type() -> None:
    given = {"needed": 1, "share": 1, "names": ["a", "b"], "folder": "x/y", "choice": "b"}
    checked = plugins.check_options("sample", plugins.options_of(Sample), given)
    assert checked == {"needed": 1, "share": 1.0, "names": ("a", "b"), "folder": Path("x/y"), "choice": "b"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "sample needs the option 'needed'. It takes: needed (int, required), choice "),
        (
            {"needed": 1, "sharp": 1},
            "sample has no option 'sharp'. Did you mean 'share'? It takes: needed (int, required), ",
        ),
        ({"needed": "1"}, "sample: option 'needed' is not right: input should be a valid integer. It takes: "),
        ({"needed": True}, "sample: option 'needed' is not right: input should be a valid integer. It takes: "),
        (
            {"needed": 1, "share": "0.5"},
            "sample: option 'share' is not right: input should be a valid number. It takes: ",
        ),
        ({"needed": 1, "choice": "c"}, "sample: option 'choice' is not right: input should be 'a' or 'b'. It takes: "),
        (
            {"needed": 1, "words": "x"},
            "sample: option 'words' is not right: input should be a valid array. A list is written [A, B]. It takes: ",
        ),
        ({"needed": None}, "sample: option 'needed' is not right: input should be a valid integer. It takes: "),
    ],
)
def test_a_wrong_option_is_refused_with_what_the_plugin_takes(given: dict[str, object], said: str) -> None:
    with pytest.raises(WrongRequest) as error:
        plugins.check_options("sample", plugins.options_of(Sample), given)
    assert str(error.value).startswith(said)


def test_a_plugin_without_options_says_so() -> None:
    assert refusal("filters", "exact_dedup", case=True) == "exact_dedup has no option 'case'. It takes no options."


def test_an_option_named_like_a_key_of_every_entry_is_refused(installed: Package) -> None:
    installed.declares("filters", "bad", "from dataclasses import dataclass\n"
                       "@dataclass(frozen=True)\nclass bad:\n    plugin: int = 1\n"
                       "    def measure(self, batch): ...\n    def decide(self, features): ...\n")  # fmt: skip
    assert refusal("filters", "bad").startswith("stranger_bad:bad has an option 'plugin', which is a key of")


# --- filters and generators


def test_a_filter_carries_what_its_class_says() -> None:
    made = plugins.filter_("minhash_dedup", {"threshold": 0.7}, instance="near")
    assert (made.instance, made.plugin, made.sees, made.kinds, made.scans) == (
        "near",
        "minhash_dedup",
        "row",
        None,
        True,
    )
    assert made.code == MinhashDedup(threshold=0.7)
    assert made.measuring == {"ngram": 5, "unit": "word", "num_perm": 128}
    assert plugins.filter_("exact_dedup").code == ExactDedup()


def test_what_only_decides_is_not_part_of_what_names_the_features() -> None:
    one, other = plugins.filter_("length", {"min_chars": 1}), plugins.filter_("length", {"min_chars": 99})
    assert one.measuring == other.measuring == {"tokenizer": None}
    assert one.digest == other.digest


def test_a_generator_says_what_it_takes() -> None:
    assert plugins.generator("text", {"max_tokens": 9}).takes == "passages"
    assert plugins.generator("reading_comprehension").takes == "passage"
    assert plugins.generator("text", {"max_tokens": 9}).options == {"max_tokens": 9}


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    assert refusal("filters", "minhash").startswith(
        "Unknown filter 'minhash'. Did you mean 'minhash_dedup'? 'factory plugins' "
    )
    assert refusal("generators", "xyzzy").startswith("Unknown generator 'xyzzy'. 'factory plugins' lists all ")


def test_a_file_that_is_not_declared_is_refused_with_the_line_to_add() -> None:
    assert refusal("filters", "_phones") == (
        "Unknown filter '_phones': filters/_phones.py exists, but is not declared. Add its line to "
        '[project.entry-points."factory.filters"] in pyproject.toml, then run: pip install -e .'
    )


def test_every_plugin_file_has_its_line(pytestconfig: pytest.Config) -> None:
    for group in ("generators", "filters"):
        files = {file.stem for file in (pytestconfig.rootpath / group).glob("[!_]*.py")}
        assert files == {
            name for name, entry in plugins.declared(group).items() if entry.module.startswith(f"{group}.")
        }


# --- strangers


def test_a_strangers_plugin_is_equal_to_ours(installed: Package) -> None:
    installed.declares(
        "generators",
        "shout",
        "from factory import Passage, records\n"
        "async def shout(passage: Passage, *, times: int = 1):\n"
        "    yield records.text([passage], passage.text.upper() * times)\n",
    )
    made = plugins.generator("shout", {"times": 2})
    assert (made.takes, made.options) == ("passage", {"times": 2})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "def broken(passage): ...\n",
            "The generator 'broken' is not an async generator function (async def with yield).",
        ),
        ("async def broken(passage): ...\n", "The generator 'broken' is not an async generator function"),
        (
            "async def broken(*, n: int = 1):\n    yield\n",
            "The generator 'broken' must take one of Passage, list[Passage], Record, Passage | Record first, ",
        ),
        (
            "async def broken(passage: str):\n    yield\n",
            "The generator 'broken' must take one of Passage, list[Passage], Record, Passage | Record first, not str.",
        ),
        (
            "import nothing_of_this_name\n",
            "The generator 'broken' (stranger_broken:broken) cannot be loaded: No module named 'nothing_of_this_name'.",
        ),
        ("x = 1\n", "The generator 'broken' (stranger_broken:broken) cannot be loaded: "),
    ],
)
def test_a_generator_of_another_shape_is_refused(installed: Package, source: str, said: str) -> None:
    installed.declares("generators", "broken", source)
    assert refusal("generators", "broken").startswith(said)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("class broken: ...\n", "The filter 'broken' is not a frozen dataclass."),
        (
            "from dataclasses import dataclass\n@dataclass\nclass broken: ...\n",
            "The filter 'broken' is not a frozen dataclass.",
        ),
        ("def broken(): ...\n", "The filter 'broken' is not a frozen dataclass."),
        (
            "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass broken:\n    sees = 'page'\n",
            "The filter 'broken' sees 'page', which this version cannot show. Known: text, strings, row, record, pair, "
            "sourced, raw_sourced.",
        ),
        (
            "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass broken:\n    sees = 'pair'\n",
            "The filter 'broken' sees pairs: its 'kinds' must be ('preference',), which have them.",
        ),
        (
            "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass broken:\n    sees = 'raw_sourced'\n"
            "    async def measure(self, row): ...\n",
            "The filter 'broken' sees 'raw_sourced', text from which nothing was taken out, and asks a model: such "
            "text goes to no endpoint. See 'sourced', which is what the generators saw.",
        ),
        (
            "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass broken:\n    sees = 'raw_sourced'\n"
            "    def measure(self, batch, *, judge: 'factory.llm.LLM'): ...\n",
            "The filter 'broken' sees 'raw_sourced', text from which nothing was taken out, and asks a model: such "
            "text goes to no endpoint. See 'sourced', which is what the generators saw.",
        ),
    ],
)
def test_a_filter_of_another_shape_is_refused(installed: Package, source: str, said: str) -> None:
    installed.declares("filters", "broken", source)
    assert refusal("filters", "broken") == said


def test_two_packages_with_one_name_are_refused_by_name(site: Path) -> None:
    for name in ("north", "south"):
        Package(site, name).declares("filters", "twin", "")
    said = refusal("filters", "twin")
    assert said.startswith("Two packages declare the filter 'twin': ")
    assert "north" in said
    assert "south" in said


def test_a_module_that_another_package_hides_is_refused_with_both(
    installed: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.declares("filters", "hidden", "")
    hiding = tmp_path / "hiding"
    hiding.mkdir()
    (hiding / "stranger_hidden.py").write_text("")
    monkeypatch.syspath_prepend(str(hiding))
    said = refusal("filters", "hidden")
    assert said.startswith(
        f"'stranger_hidden' of stranger is hidden by another package: {hiding}/stranger_hidden.py was found first."
    )
    assert "environment of its own" in said


def test_an_editable_installs_own_folder_is_no_stranger(
    installed: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout with space"
    checkout.mkdir()
    (checkout / "stranger_live.py").write_text(
        "from factory import Passage\nasync def live(passage: Passage):\n    yield\n"
    )
    installed.declares("generators", "live", "")
    site = tmp_path / "site"
    (site / "stranger_live.py").unlink()
    (site / "stranger-1.0.dist-info/RECORD").write_text("__editable__.pth,,\n")
    (site / "stranger-1.0.dist-info/direct_url.json").write_text(
        json.dumps({"url": checkout.as_uri(), "dir_info": {"editable": True}})
    )
    monkeypatch.syspath_prepend(str(checkout))
    assert plugins.generator("live").takes == "passage"


def test_the_digest_of_a_lone_module_does_not_hang_on_its_neighbours(installed: Package, tmp_path: Path) -> None:
    source = "from factory import Passage\nasync def {}(passage: Passage):\n    yield\n"
    installed.declares("generators", "one", source.format("one"))
    before = plugins.generator("one").digest
    (tmp_path / "site/_other.py").write_text("x = 1")
    plugins.source_digest.cache_clear()
    assert plugins.generator("one").digest == before
