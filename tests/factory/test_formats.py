"""The files of other trainers: what is read back from them is what was exported, and what has no place is named."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from factory import Run, run, shapes
from factory.errors import WrongRequest
from factory.shapes.writing import WRITERS, NoPlace
from tests.corpora import contents, rows, write_documents, write_recipe

Rows = list[dict[str, Any]]


def chat(*said: str, system: str = "") -> dict[str, Any]:
    roles = ("user", "assistant")
    turns = [{"role": roles[nth % 2], "content": text} for nth, text in enumerate(said)]
    return {"messages": [*([{"role": "system", "content": system}] if system else []), *turns]}


def says(role: str, text: str) -> list[dict[str, str]]:
    return [{"role": role, "content": text}]


PLAIN = [chat(f"What opens valve {n}?", f"Lever {n} opens it.") for n in range(6)]
CHATS = [
    *PLAIN,
    chat("What is it?", "A pump.", "And that?", "A valve."),
    chat("Which is red?", "The lever.", system="Answer in few words."),
    {
        "messages": [
            *says("user", "Look it up."),
            *says("assistant", "{}"),
            *says("tool", "12"),
            *says("assistant", "It is 12."),
        ]
    },
    {"messages": [*says("user", "One."), *says("user", "Two."), *says("assistant", "Both at once.")]},
]
PAIRS = [
    {"prompt": says("user", f"Is lever {n} red?"), "chosen": says("assistant", f"Yes, lever {n} is."),
     "rejected": says("assistant", f"No, lever {n} is green.")}
    for n in range(4)
]  # fmt: skip
THUMBS = [
    {"prompt": says("user", f"Where is tank {n}?"), "completion": says("assistant", f"Behind wall {n}."),
     "label": n % 2 == 0}
    for n in range(4)
]  # fmt: skip
TEXTS = [{"text": f"The tank number {n} stands behind the wall and holds water for a day."} for n in range(3)]
SOURCES = {"chats": CHATS, "pairs": PAIRS, "thumbs": THUMBS, "texts": TEXTS}


def lines(values: Rows) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def exported(folder: Path, *formats: str, **export: Any) -> Run:
    write_documents(folder, {f"{name}.jsonl": lines(values) for name, values in SOURCES.items()})
    sources = [{"path": f"documents/{name}.jsonl", "as": "records"} for name in SOURCES]
    split = {"validation": 0.2, "test": 0.0}
    made = write_recipe(
        folder, sources=sources, methods=[], export={"formats": list(formats), "split": split, **export}
    )
    return run(made, until="export")


def written(done: Run, name: str, kind: str) -> Rows:
    files = sorted((done.path / "exports" / name).glob(f"{kind}-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def left_out(done: Run, name: str) -> dict[str, str]:
    return {row["id"]: row["reason"] for row in written(done, name, "left-out") or _lines(done, name)}


def _lines(done: Run, name: str) -> Rows:
    file = done.path / "exports" / name / "left-out.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def read_back(found: Rows) -> list[tuple[str, dict[str, Any]]]:
    converter = shapes.looked_at(found, place="exports")
    return [made for row in found for made in converter.records(row)]


# --- round trips


@pytest.mark.parametrize("name", list(WRITERS))
def test_what_is_read_back_is_what_was_exported_and_the_rest_is_named(tmp_path: Path, name: str) -> None:
    done = exported(tmp_path, name)
    out = left_out(done, name)
    for kind in done.kinds:
        left = [row for row in rows(done.path / "dataset" / kind) if row["id"] not in out]
        found = written(done, name, kind)
        assert len(found) == len(left)
        if not found:
            continue
        back = read_back(found)
        assert {its for its, _ in back} == {kind}
        wanted = [{c: v for c, v in row.items() if c not in ("id", "meta")} for row in left]
        assert sorted(json.dumps({c: its[c] for c in wanted[0]}, sort_keys=True) for _, its in back) == sorted(
            json.dumps(row, sort_keys=True) for row in wanted
        )
    counts = done.counts("export")["formats"][name]
    assert sum(sum(splits.values()) for splits in counts["rows"].values()) + len(out) == len(
        rows(done.path / "dataset")
    )
    assert counts.get("left_out", {}) == {reason: list(out.values()).count(reason) for reason in set(out.values())}


def test_each_reason_says_what_has_no_place(tmp_path: Path) -> None:
    done = exported(tmp_path, "alpaca", "llama-factory", "sharegpt", "messages")
    reasons = {name: its.get("left_out", {}) for name, its in done.counts("export")["formats"].items()}
    assert reasons["alpaca"] == {
        "export.kind_has_no_place": 3, "export.several_turns": 3, "export.system_prompt_has_no_place": 1,
    }  # fmt: skip
    assert reasons["llama-factory"] == {"export.turns_do_not_alternate": 1}
    assert reasons["sharegpt"] == {"export.kind_has_no_place": 3}
    assert reasons["messages"] == {"export.kind_has_no_place": 3 + 4 + 4}
    long = {**PAIRS[0], "chosen": [*says("assistant", "Yes."), *says("user", "Sure?")]}
    with pytest.raises(NoPlace, match=r"export.answer_is_not_one_message"):
        WRITERS["sharegpt"]("preference", long)


@given(texts=st.lists(st.text(), min_size=1, max_size=5), system=st.text())
def test_any_chat_comes_back_as_it_was_or_is_refused(texts: list[str], system: str) -> None:
    row, refused = chat(*texts, system=system), list[str]()
    for name, writer in WRITERS.items():
        try:
            made = writer("sft", row)
        except NoPlace:
            refused.append(name)
            continue
        said = made.get("messages") or made.get("conversations")
        if said is None:
            assert [made["instruction"], made["output"]] == texts
            assert not system
        else:
            assert [turn.get("content", turn.get("value")) for turn in said] == [*([system] if system else []), *texts]
    assert set(refused) <= {"alpaca", "llama-factory"}


# --- what stands beside


def test_llama_factory_is_told_of_every_file(tmp_path: Path) -> None:
    done = exported(tmp_path, "llama-factory")
    folder = done.path / "exports/llama-factory"
    info = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
    files = {file.name for file in folder.glob("*-0*.jsonl")}
    assert {its["file_name"] for its in info.values()} == files
    assert info["run_preference_train"] == {
        "file_name": "preference-train-00000.jsonl", "formatting": "sharegpt", "ranking": True,
        "columns": {"messages": "conversations", "chosen": "chosen", "rejected": "rejected"},
    }  # fmt: skip
    for its in info.values():
        first = json.loads((folder / its["file_name"]).read_text(encoding="utf-8").splitlines()[0])
        assert set(its["columns"].values()) == set(first)


def test_axolotl_gets_the_lines_for_its_config(tmp_path: Path) -> None:
    done = exported(tmp_path, "axolotl")
    folder = done.path / "exports/axolotl"
    assert {file.stem for file in folder.glob("*.yaml")} == {"sft", "preference", "feedback", "text"}
    for kind, rl in {"sft": None, "preference": "dpo", "feedback": "kto", "text": None}.items():
        config = yaml.safe_load((folder / f"{kind}.yaml").read_text(encoding="utf-8"))
        assert config.get("rl") == rl
        for dataset in [*config["datasets"], *config.get("test_datasets", [])]:
            assert (folder / dataset["path"]).is_file()
            assert dataset["ds_type"] == "json"


def test_formats_that_are_no_longer_asked_for_go(tmp_path: Path) -> None:
    done = exported(tmp_path, "sharegpt", "alpaca")
    assert sorted(path.name for path in (done.path / "exports").iterdir()) == ["alpaca", "sharegpt"]
    assert sorted(path.name for path in (exported(tmp_path, "alpaca").path / "exports").iterdir()) == ["alpaca"]
    assert not (exported(tmp_path, "trl").path / "exports").exists()


def test_the_same_rows_make_the_same_bytes(tmp_path: Path) -> None:
    one, other = (exported(tmp_path / name, *WRITERS) for name in ("one", "other"))
    assert contents(one.path / "exports") == contents(other.path / "exports")


# --- the template

QUESTIONS = [
    {"question": f"What opens valve {n}?", "context": f"Lever {n} opens valve {n}.", "answer": f"Lever {n}."}
    for n in range(5)
]


def questions(folder: Path, text: str, **export: Any) -> list[str]:
    write_documents(folder, {"faq.jsonl": lines(QUESTIONS)})
    (folder / "ask.j2").write_text(text, encoding="utf-8")
    source = {"path": "documents/faq.jsonl", "as": "records"}
    made = write_recipe(folder, sources=[source], methods=[], export={"template": "ask.j2", **export})
    done = run(made, until="export")
    return [row["messages"][0]["content"] for row in sorted(rows(done.path / "dataset"), key=lambda row: row["id"])]


TEMPLATE = "{% if context %}Read this:\n{{ context | fenced }}\n{% endif %}\nAnswer: {{ question }}"


def test_a_template_makes_the_question_with_its_context_or_without(tmp_path: Path) -> None:
    first = questions(tmp_path, TEMPLATE)[0]
    assert first == "Read this:\n<document>\nLever 0 opens valve 0.\n</document>\nAnswer: What opens valve 0?"
    assert questions(tmp_path, TEMPLATE, context="closed-book")[0] == "Answer: What opens valve 0?"


def test_another_template_exports_again_and_nothing_else(tmp_path: Path) -> None:
    questions(tmp_path, TEMPLATE)
    assert questions(tmp_path, "Q: {{ question }}")[0] == "Q: What opens valve 0?"
    again = run(tmp_path / "recipe.yaml", until="export")
    assert again.did == []
    own = run(str(again.path), until="export")
    assert own.did == [], "the copy in the run folder names the same template"


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ query }}", r"'query' is undefined"),
        ("{% if %}", r"ask.j2:1: the prompt cannot be made"),
        ("{{ question.__class__.__mro__ }}", r"ask.j2: the prompt cannot be made"),
    ],
)
def test_a_template_that_is_not_right_is_refused_before_any_work(tmp_path: Path, template: str, says: str) -> None:
    with pytest.raises(WrongRequest, match=says):
        questions(tmp_path, template)
    assert not (tmp_path / "run").exists()


def test_a_template_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match=r"recipe.yaml:\d+: there is no template .*asc.j2. Did you mean 'ask.j2'"):
        questions(tmp_path, TEMPLATE, template="asc.j2")
