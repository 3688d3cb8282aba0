"""Recipes: wrong ones are refused before any work, by file, line, key, what is allowed there, and the nearest name."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from factory import recipe, run
from factory.cli import training
from factory.errors import CheckFailed, WrongRequest
from factory.stages.hub import spec_of
from factory.views.ledger import entries

PLAIN = "run: runs/pumps\nsources: [{path: docs}]\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two documents, which is also the current one."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/pump.md").write_text("# Pumps\n\nA pump moves water from one place to another.\n")
    (tmp_path / "docs/valve.md").write_text("# Valves\n\nA valve stops water where it should not go.\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str) -> str:
    Path("r.yaml").write_text(text)
    return "r.yaml"


def refusal(text: str, *overrides: str, methods: tuple[str, ...] = ()) -> str:
    """What is said of a recipe that is not right."""
    with pytest.raises(WrongRequest) as error:
        recipe.load(write(text), overrides=overrides, methods=methods)
    return str(error.value)


def loaded(text: str, *overrides: str, methods: tuple[str, ...] = ()) -> recipe.Recipe:
    return recipe.load(write(text), overrides=overrides, methods=methods).recipe


# --- keys


def test_an_unknown_key_is_refused_with_line_nearest_name_and_what_is_allowed() -> None:
    assert refusal(f"{PLAIN}filters: [length]\n") == (
        "r.yaml:3: unknown key 'filters'. Did you mean 'filter'? "
        "Allowed here: audit, documents, export, filter, generate, journal, mix, models, passages, policy, prompts, "
        "run, seed, sources, train, use."
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "run: r\nsources:\n  - path: docs\n    license: MIT\n",
            "r.yaml:4: unknown key 'sources.0.license'. Did you mean 'licence'?",
        ),
        (
            f"{PLAIN}passages:\n  max_token: 9\n",
            "r.yaml:4: unknown key 'passages.max_token'. Did you mean 'max_tokens'?",
        ),
        (f"{PLAIN}generate: {{method: [text]}}\n", "r.yaml:3: unknown key 'generate.method'. Did you mean 'methods'?"),
        (
            f"{PLAIN}export:\n  split:\n    valid: 0.1\n",
            "r.yaml:5: unknown key 'export.split.valid'. Did you mean 'validation'?",
        ),
        (
            f"{PLAIN}models: {{llm: {{model: x, modell: y}}}}\n",
            "r.yaml:3: unknown key 'models.llm.modell'. Did you mean 'model'?",
        ),
        (
            f"{PLAIN}models: {{llm: {{model: x, price: {{input: 1, output: 1, in: 1}}}}}}\n",
            "r.yaml:3: unknown key 'models.llm.price.in'. Did you mean 'input'?",
        ),
        (f"{PLAIN}journal: {{keep: true}}\n", "r.yaml:3: unknown key 'journal.keep'. Did you mean 'keep_prompts'?"),
        (f"{PLAIN}audit: {{check: []}}\n", "r.yaml:3: unknown key 'audit.check'. Did you mean 'checks'?"),
        (f"{PLAIN}documents: {{filters: []}}\n", "r.yaml:3: unknown key 'documents.filters'. Did you mean 'filter'?"),
        (
            "run: r\nsources: [{path: docs, map: {txt: body}}]\n",
            "r.yaml:2: unknown key 'sources.0.map.txt'. Did you mean 'text'?",
        ),
    ],
)
def test_an_unknown_key_is_refused_at_every_level(text: str, said: str) -> None:
    assert refusal(text).startswith(f"{said} Allowed here: ")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("policy: {licence: [MIT]}", "r.yaml:3: unknown key 'policy.licence'. Did you mean 'licences'?"),
        ("policy: {use: research}", "r.yaml:3: unknown key 'policy.use'."),
        ("policy: {unlabelled: drop}", "r.yaml:3: 'policy.unlabelled' is not right: input should be 'keep'"),
        (
            "policy: {licences: [MIT]}\ndocuments:\n  filter: [policy]",
            "r.yaml:5: 'policy' stands twice ('policy:' of the whole recipe is the first). Name one of them: ",
        ),
        ("policy: {}\ndocuments: {filter: [lenght]}", "r.yaml:4: Unknown filter 'lenght'."),
    ],
)
def test_a_policy_that_is_not_right_is_refused_where_it_stands(lines: str, said: str) -> None:
    assert refusal(f"{PLAIN}{lines}\n").startswith(said)


def test_a_policy_stands_first_wherever_something_is_read(folder: Path) -> None:
    text = """
run: r
use: research
policy: {licences: [MIT], confidentiality: internal}
sources: [{path: docs}, {path: pairs.jsonl, as: records}]
documents: {filter: [exact_dedup]}
passages: {filter: [length]}
filter: [exact_dedup, mine: {plugin: policy, use: internal}]
"""
    (folder / "pairs.jsonl").write_text('{"prompt": "a", "completion": "b"}\n')
    write(text)
    its = recipe.load("r.yaml")
    instances = {stage: [one.instance for one in filters] for stage, filters in its.filters.items()}
    assert instances == {
        "documents": ["policy", "exact_dedup"], "passages": ["length"], "records": ["policy", "exact_dedup", "mine"],
        "measured": [],
    }  # fmt: skip
    stated = {"use": "research", "licences": ["MIT"], "confidentiality": "internal"}
    assert all(its.filters[stage][0].options == stated for stage in ("documents", "records"))
    Path("copy.yaml").write_text(its.resolved())
    assert recipe.load("copy.yaml").resolved() == its.resolved()


def test_what_a_policy_forbids_is_left_out_of_documents_and_of_rows_that_were_read(folder: Path) -> None:
    (folder / "pairs.jsonl").write_text('{"prompt": "What is this?", "completion": "An answer."}\n')
    text = """
run: r
use: commercial
policy: {unlabelled: reject}
sources:
  - {path: docs, licence: MIT}
  - {path: docs, name: restricted, licence: CC-BY-NC-4.0}
  - {path: docs, name: unlabelled}
  - {path: pairs.jsonl, as: records, licence: CC-BY-NC-4.0}
generate: {methods: [text]}
"""
    done = run(write(text), until="export")
    lost = Counter(entry.reason for entry in entries(done) if entry.reason.startswith("policy"))
    assert lost == {"policy.non_commercial": 3, "policy.no_licence": 2}
    rows = [row for split in done.dataset("text").values() for row in split]
    assert {json.loads(row["meta"])["licence"] for row in rows} == {"MIT"}
    again = run(write(text.replace("unlabelled: reject", "unlabelled: keep")), until="filter")
    assert "filter.documents" in again.did
    with pytest.raises(CheckFailed, match=r"Leave them out with 'policy: \{unlabelled: reject\}'"):
        run("r.yaml", until="export")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("ocr: true", "'sources.0.ocr' is not right: write 'ocr: tesseract', or 'ocr: {languages: [eng, deu]}'."),
        ("ocr: easyocr", "'sources.0.ocr.engine' is not right: input should be 'tesseract'."),
        ("ocr: {language: deu}", "unknown key 'sources.0.ocr.language'. Did you mean 'languages'?"),
        ("ocr: tesseract, as: records", "'sources.0' is not right: 'ocr:' reads pages and pictures of files that are"),
    ],
)
def test_ocr_that_cannot_be_is_refused(keys: str, said: str) -> None:
    assert refusal(f"run: r\nsources: [{{path: docs, {keys}}}]\n").startswith(f"r.yaml:2: {said}")


def test_ocr_without_its_program_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PATH", str(folder))
    text = "run: r\nsources:\n  - path: docs\n    ocr: tesseract\n"
    assert refusal(text).startswith("r.yaml:4: the program tesseract is not installed: apt-get install tesseract-ocr")
    with pytest.raises(WrongRequest):
        run("r.yaml")
    assert not Path("r").exists()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("path: docs, revision: v1", "'revision:' is for a dataset of the hub, 'path: hf:OWNER/NAME'."),
        ("path: 'hf:acme/valves@v1', revision: v2", "the path says @v1, and 'revision:' says v2; keep one of them."),
    ],
)
def test_a_revision_that_is_not_right_is_refused(keys: str, said: str) -> None:
    assert refusal(f"run: r\nsources: [{{{keys}}}]\n") == f"r.yaml:2: 'sources.0' is not right: {said}"


def test_a_revision_may_stand_at_the_path_or_beside_it() -> None:
    for keys in ("path: 'hf:acme/valves@v1'", "path: hf:acme/valves, revision: v1", "path: 'hf:a/b@v1', revision: v1"):
        assert spec_of(loaded(f"run: r\nsources: [{{{keys}}}]\n").sources[0]).endswith("@v1")


def test_a_key_that_stands_twice_is_refused_with_both_lines() -> None:
    assert refusal(f"{PLAIN}seed: 1\nseed: 2\n") == "r.yaml:4: the key 'seed' stands twice (first on line 3). Keep one."
    assert "'path' stands twice" in refusal("run: r\nsources:\n  - path: docs\n    path: docs\n")


@pytest.mark.parametrize("key", ["run", "sources"])
def test_a_key_that_is_missing_is_named_with_an_example(key: str) -> None:
    text = "".join(line for line in PLAIN.splitlines(keepends=True) if not line.startswith(key))
    assert refusal(text).startswith(f"r.yaml: the key '{key}' is missing. For example: {key}: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run: 5\nsources: [{path: docs}]\n", "r.yaml:1: 'run' is not right: input should be a valid string."),
        (f"{PLAIN}seed: yes\n", "r.yaml:3: 'seed' is not right: input should be a valid integer."),
        (f"{PLAIN}seed: '5'\n", "r.yaml:3: 'seed' is not right: input should be a valid integer."),
        (f"{PLAIN}filter: length\n", "r.yaml:3: 'filter' is not right: this must be a list."),
        ("run: r\nsources: [docs]\n", "r.yaml:2: 'sources.0' is not right: this must be a mapping of keys and values."),
        (
            "run: r\nsources: docs\n",
            "r.yaml:2: 'sources' is not right: this must be a list. For example: sources: [{path: docs/}]",
        ),
        ("run: r\nsources: []\n", "r.yaml:2: 'sources' is not right: list should have at least 1 item"),
        (
            f"{PLAIN}passages: {{max_tokens: 3}}\n",
            "r.yaml:3: 'passages.max_tokens' is not right: input should be greater than or equal to 16.",
        ),
        (f"{PLAIN}generate: {{target: 0}}\n", "r.yaml:3: 'generate.target' is not right: input should be greater than"),
        (
            f"{PLAIN}export: {{formats: [parquet]}}\n",
            "r.yaml:3: 'export.formats.0' is not right: input should be 'trl', 'messages', 'sharegpt', 'alpaca',",
        ),
        (
            f"{PLAIN}export: {{split: {{test: 0.6, validation: 0.4}}}}\n",
            "r.yaml:3: 'export.split' is not right: validation and test together leave",
        ),
        (
            f"{PLAIN}filter: [[length]]\n",
            "r.yaml:3: 'filter.0' is not right: write a name, or one 'name: {option: value}'.",
        ),
        (
            f"{PLAIN}filter: [length: 5]\n",
            "r.yaml:3: 'filter.0' is not right: the options of 'length' must be a mapping.",
        ),
        (
            f"{PLAIN}filter: [../x: {{plugin: length}}]\n",
            "r.yaml:3: 'filter.0.instance' is not right: a name has letters, digits,",
        ),
        (
            "run: r\nsources: [{path: docs, confidentiality: secret}]\n",
            "r.yaml:2: 'sources.0.confidentiality' is not right: input should be 'public', 'internal',",
        ),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_what_it_should_be(text: str, said: str) -> None:
    assert refusal(text).startswith(said)


# --- YAML


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "r.yaml: a recipe is a mapping with 'run:' and 'sources:'"),
        ("- a\n", "r.yaml: a recipe is a mapping with 'run:' and 'sources:'"),
        ("run: 'r\n", "r.yaml:2: not YAML: found unexpected end of stream."),
        ("run: a\0b\n", "r.yaml: not YAML"),
        ("run: !!python/object:os.system x\n", "r.yaml:1: not YAML: could not determine a constructor for the tag"),
        ("run: 2024-99-99\n", "r.yaml:1: not a value that YAML knows. If it is text, put it in quotes."),
        ("run: r\n---\nrun: s\n", "r.yaml:2: not YAML: but found another document."),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(text: str, said: str) -> None:
    assert refusal(text).startswith(said)


def test_a_recipe_that_is_not_utf8_is_refused() -> None:
    Path("r.yaml").write_bytes(b"run: \xff\xfe\n")
    with pytest.raises(WrongRequest, match=r"^r\.yaml: not readable as UTF-8 text"):
        recipe.load("r.yaml")


def test_a_recipe_with_a_byte_order_mark_is_read() -> None:
    assert loaded("\ufeff" + PLAIN).run == "runs/pumps"


def test_aliases_are_read_but_not_those_that_multiply() -> None:
    assert loaded(f"{PLAIN}filter: &f [length]\ndocuments: {{filter: *f}}\n").documents.filter[0].plugin == "length"
    levels = "".join(f"x{n + 1}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(9))
    assert "aliases that multiply are refused" in refusal(f"x0: &a0 [1]\n{levels}")
    assert "50 levels" in refusal("run: &a [*a]\n")


# --- plugins


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"{PLAIN}filter:\n  - length\n  - lenght\n",
            "r.yaml:5: Unknown filter 'lenght'. Did you mean 'length'? 'factory plugins' lists all ",
        ),
        (f"{PLAIN}generate:\n  methods:\n    - texts\n", "r.yaml:5: Unknown generator 'texts'. Did you mean 'text'?"),
        (
            f"{PLAIN}filter:\n  - length:\n      min_char: 3\n",
            "r.yaml:5: length has no option 'min_char'. Did you mean 'min_chars'? It takes: min_chars (int ",
        ),
        (
            f"{PLAIN}filter:\n  - length:\n      max_chars: 9\n      min_chars: many\n",
            "r.yaml:6: length: option 'min_chars' is not right: input should be a valid integer. It takes: ",
        ),
        (
            f"{PLAIN}filter:\n  - length: {{min_chars: yes}}\n",
            "r.yaml:4: length: option 'min_chars' is not right: input should be a valid integer.",
        ),
        (
            f"{PLAIN}filter:\n  - length: {{min_chars: 9, max_chars: 3}}\n",
            "r.yaml:4: length: the lower bound 9 is above the upper bound 3.",
        ),
        (
            f"{PLAIN}filter: [length, length]\n",
            "r.yaml:3: 'length' stands twice. Name one of them: 'other_name: {plugin: length}'.",
        ),
        (
            f"{PLAIN}documents:\n  filter: [exact_dedup, {{exact_dedup: {{}}}}]\n",
            "r.yaml:4: 'exact_dedup' stands twice.",
        ),
        (f"{PLAIN}generate: {{methods: [text: {{from: [qa]}}]}}\n", "r.yaml:3: text takes passages, not records"),
    ],
)
def test_a_wrong_plugin_or_option_is_refused_with_its_line(text: str, said: str) -> None:
    assert refusal(text).startswith(said)


def test_a_plugin_may_stand_twice_under_two_names() -> None:
    checked = recipe.load(write(f"{PLAIN}filter: [length, long: {{plugin: length, max_chars: 9}}]\n"))
    assert [(f.instance, f.plugin, f.code.max_chars) for f in checked.filters["records"]] == [
        ("length", "length", None),
        ("long", "length", 9),
    ]


# --- sources


def test_a_source_that_is_not_there_is_refused_with_its_line_before_any_work() -> None:
    with pytest.raises(WrongRequest, match=r"^r\.yaml:3: the source 'doc' is not there: .* Did you mean 'docs'\?"):
        run(write("run: made\nsources:\n  - {path: doc}\n"))
    assert not Path("made").exists()


def test_sources_are_named_after_the_last_part_of_their_path() -> None:
    text = "run: r\nsources: [{path: docs/}, {path: docs/pump.md}, {path: 'docs/v*.md', name: wild}]\n"
    assert [source.name for source in loaded(text).sources] == ["docs", "pump.md", "wild"]
    assert [source.name for source in loaded("run: r\nsources: [{path: 'docs/**/*.md'}]\n").sources] == ["docs"]


def test_two_sources_of_one_name_are_refused() -> None:
    said = refusal("run: r\nsources:\n  - path: docs\n  - path: ./docs/\n")
    assert said == "r.yaml:4: two sources are named 'docs'. Give one of them a 'name:' of its own; ids depend on it."


def test_paths_are_relative_to_the_recipe_and_the_run_to_the_current_folder(folder: Path) -> None:
    Path("elsewhere").mkdir()
    os.chdir("elsewhere")
    Path("../r.yaml").write_text(PLAIN)
    checked = recipe.load("../r.yaml")
    assert checked.source_path(checked.recipe.sources[0]).resolve() == folder / "docs"
    assert checked.recipe.run == "runs/pumps"


def test_a_source_may_lie_in_an_installed_package() -> None:
    checked = recipe.load(write("run: r\nsources: [{path: 'package:factory/quickstart/documents'}]\n"))
    assert (checked.source_path(checked.recipe.sources[0]) / "handbook").is_dir()
    said = refusal("run: r\nsources: [{path: 'package:no_such_thing/docs'}]\n")
    assert said == "r.yaml:2: package:no_such_thing/docs: there is no installed package 'no_such_thing'."


# --- names of recipes


def test_a_bare_name_is_a_recipe_of_the_package_unless_a_file_has_it() -> None:
    assert recipe.find("quickstart").name == "quickstart.yaml"
    Path("quickstart").write_text(PLAIN)
    assert recipe.find("quickstart") == Path("quickstart")


def test_a_run_folder_stands_for_its_recipe() -> None:
    done = run(write(PLAIN), until="ingest")
    assert recipe.find(str(done.path)) == done.path / "recipe.yaml"
    assert run(done.path, until="ingest").did == []


def test_a_recipe_that_is_nowhere_is_refused_with_the_nearest_name() -> None:
    write(PLAIN)
    with pytest.raises(WrongRequest, match=r"There is no recipe file quickstrat\. Did you mean 'quickstart'\?"):
        recipe.find("quickstrat")
    with pytest.raises(WrongRequest, match=r"Did you mean 'r\.yaml'\?"):
        recipe.find("r.yml")
    with pytest.raises(WrongRequest, match=r"docs is a folder without a recipe\.yaml"):
        recipe.find("docs")


def test_another_programs_manifest_beside_a_recipe_is_not_taken_for_a_run() -> None:
    Path("manifest.json").write_text('{"name": "a web page"}')
    Path("recipe.yaml").write_text(PLAIN)
    assert run("recipe.yaml", until="ingest").path == Path("runs/pumps")


# --- --set


@pytest.mark.parametrize(
    ("override", "place", "value"),
    [
        ("seed=7", "seed", 7),
        ("generate.target=200", "generate.target", 200),
        ("export.split.test=0.25", "export.split.test", 0.25),
        ("export.formats=[trl, messages]", "export.formats", ["trl", "messages"]),
        ("run=runs/other", "run", "runs/other"),
        ("sources.docs.licence=MIT", "sources.0.licence", "MIT"),
        ("sources.0.licence=MIT", "sources.0.licence", "MIT"),
        ("passages.tokenizer=", "passages.tokenizer", None),
    ],
)
def test_set_overrides_a_key_at_any_depth(override: str, place: str, value: object) -> None:
    found: object = loaded(PLAIN, override).model_dump()
    for part in place.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]  # type: ignore[index]
    assert found == value


@pytest.mark.parametrize("entry", ["length", "length:", "length: {}", "length: {min_chars: 2}"])
@pytest.mark.parametrize("name", ["length", "1"])
def test_set_reaches_into_a_list_of_plugins_by_name_or_number(entry: str, name: str) -> None:
    made = loaded(f"{PLAIN}filter: [exact_dedup, {entry}]\n", f"filter.{name}.min_chars=40")
    assert [(use.plugin, use.options) for use in made.filter] == [("exact_dedup", {}), ("length", {"min_chars": 40})]


def test_set_reaches_an_entry_by_the_name_it_was_given() -> None:
    made = loaded(
        f"{PLAIN}filter: [mine: {{plugin: length}}]\n", "filter.mine.min_chars=40", "filter.mine.max_chars=90"
    )
    assert made.filter[0].plugin == "length"
    assert made.filter[0].options == {"min_chars": 40, "max_chars": 90}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("seed", "--set seed: write --set dotted.key=value, as in --set generate.target=200."),
        ("=5", "--set =5: write --set dotted.key=value"),
        ("generate..target=5", "--set generate..target=5: write --set dotted.key=value"),
        ("seed.deep=5", "--set seed.deep=5: 'seed' is a value and has no keys below it."),
        ("run.deep.er=5", "--set run.deep.er=5: there is no 'deep' in the recipe at that place."),
        ("seed=[1", "--set seed=[1: the value is not YAML."),
        (
            "filter.lenght.min_chars=5",
            "--set filter.lenght.min_chars=5: there is no 'lenght' in the recipe at that place. There are: length.",
        ),
        ("filter.x=5", "--set filter.x=5: 'filter' is a list; name an entry and then its option. There are: length."),
        (
            "sources.doc.licence=MIT",
            "--set sources.doc.licence=MIT: there is no 'doc' in the recipe at that place. There are: docs.",
        ),
        (
            "generate.target=many",
            "--set generate.target=many: 'generate.target' is not right: input should be a valid integer.",
        ),
        ("filter.length.min_chars=x", "--set filter.length.min_chars=x: length: option 'min_chars' is not right: "),
        (
            "filter.length.min_char=5",
            "--set filter.length.min_char=5: length has no option 'min_char'. Did you mean 'min_chars'?",
        ),
        ("sead=5", "--set sead=5: unknown key 'sead'. Did you mean 'seed'?"),
        ("models.llm.modl=x", "--set models.llm.modl=x: the key 'models.llm.model' is missing."),
        ("mix.docs=1", "--set mix.docs=1: 'mix.docs' is not right: "),
        ("policy.licences=1", "--set policy.licences=1: 'policy.licences' is not right: this must be a list"),
    ],
)
def test_a_wrong_set_is_refused_by_its_own_name_and_not_by_a_line(override: str, said: str) -> None:
    assert refusal(f"{PLAIN}filter: [length]\nseed: 1\n", override).startswith(said)


def test_a_method_is_added_where_the_recipe_does_not_have_it() -> None:
    assert [use.plugin for use in loaded(PLAIN, methods=("text",)).generate.methods] == ["text"]
    both = loaded(f"{PLAIN}generate: {{methods: [text: {{max_tokens: 99}}]}}\n", methods=("text", "extractive_qa"))
    assert [(use.plugin, use.options) for use in both.generate.methods] == [
        ("text", {"max_tokens": 99}),
        ("extractive_qa", {}),
    ]
    assert refusal(PLAIN, methods=("txt",)).startswith("METHOD: Unknown generator 'txt'. Did you mean 'text'?")
    assert refusal(f"{PLAIN}generate: [text]\n", methods=("text",)).startswith("r.yaml:3: 'generate' is not right")


# --- round trip


def test_a_resolved_recipe_makes_the_same_run(folder: Path) -> None:
    text = """
run: runs/pumps
seed: 3
sources: [{path: docs, licence: MIT, copyright: © Pumps}, {path: "docs/*.md", name: again, confidentiality: public}]
documents: {filter: [policy: {use: research}]}
passages: {max_tokens: 99, filter: [minhash_dedup: {threshold: 0.9}]}
generate: {target: 3, methods: [text: {max_tokens: 50}, short: {plugin: text, max_tokens: 20}]}
filter: [length: {min_chars: 3}, exact_dedup]
export: {split: {test: 0.2}, formats: [trl, messages], context: closed-book}
audit: {checks: ["records.kept > 0"]}
"""
    first = run(write(text), until="export")
    Path("copy.yaml").write_text((first.path / "recipe.yaml").read_text())
    again = run("copy.yaml", until="export")
    assert again.path == first.path
    assert again.did == []
    assert recipe.load("copy.yaml").resolved() == recipe.load("r.yaml").resolved()


def test_a_resolved_recipe_is_found_again_in_a_folder_whose_name_holds_brackets(folder: Path) -> None:
    odd = folder / "[2024] papers"
    odd.mkdir()
    (folder / "docs").rename(odd / "docs")
    (odd / "r.yaml").write_text(PLAIN + "seed: 1\n")
    first = run(odd / "r.yaml", until="ingest")
    assert first.counts("ingest")["documents"] == 2
    assert run(first.path, until="ingest").did == []


def test_a_check_that_is_none_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("One sentence.", encoding="utf-8")
    file = tmp_path / "recipe.yaml"
    file.write_text(
        "run: out\nsources: [{path: a.md}]\naudit:\n  checks:\n    - pii.share equals 0\n", encoding="utf-8"
    )
    with pytest.raises(
        WrongRequest, match=r"recipe\.yaml:4: 'audit\.checks' is not right: 'pii\.share equals 0' is not a"
    ):
        recipe.load(str(file))


def test_a_number_with_an_exponent_needs_no_point() -> None:
    text = f"{PLAIN}filter: [minhash_dedup: {{threshold: 8e-1}}]\n"
    assert loaded(text).model_dump() == loaded(text.replace("8e-1", "0.8")).model_dump()
    assert (
        loaded(text, "filter.minhash_dedup.threshold=9E-1").model_dump()
        == loaded(text.replace("8e-1", "0.9")).model_dump()
    )
    assert training.options(["learning_rate=2e-5", "args.weight_decay=1E-2", "template='1e6'"]) == {
        "learning_rate": 2e-5, "args": {"weight_decay": 0.01}, "template": "1e6",
    }  # fmt: skip
