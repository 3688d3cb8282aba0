"""Export: what a trainer reads, where it expects it, the same bytes every time."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml
from huggingface_hub import DatasetCard

from factory import Run, run
from factory.foreign import audit_dataset
from factory.stages.card import _licence as card_licence
from factory.stages.export import exported_rows
from factory.stages.splits import deal, groups
from factory.views.verify import broken, verify
from tests.corpora import contents, recipe, rows, write_documents, write_recipe
from tests.factory.installing import Package, on_the_path

SUBJECTS = ("pump", "valve", "mill", "lathe", "crane", "kiln", "press", "loom", "forge", "winch")


def corpus(folder: Path, count: int = 20) -> None:
    """Documents that share no sentence, each with a definition to ask about."""
    write_documents(folder, {
        f"{n:03d}.md": f"# About the {SUBJECTS[n % 10]} {n}\n\n"
        f"A {SUBJECTS[n % 10]} of kind {n} is a machine that works number {n * 7919} "
        f"by turning wheel {n * 104729 % 997} against shaft {n * 7 + 3}, as the yard of {n * n} knew.\n"
        for n in range(count)
    })  # fmt: skip


def exported(folder: Path, **keys: Any) -> Run:
    if not (folder / "documents").exists():
        corpus(folder)
    return run(write_recipe(folder, **keys), until="export")


# --- loading


def test_the_dataset_loads_with_no_conversion(tmp_path: Path) -> None:
    done = exported(tmp_path, export={"split": {"validation": 0.2, "test": 0.2}})
    for kind in ("sft", "text"):
        found = done.dataset(kind)
        assert list(found) == ["train", "validation", "test"]
        assert {split: len(part) for split, part in found.items()} == done.counts("export")["rows"][kind]
    assert done.dataset("sft").column_names["train"] == ["id", "messages", "meta"]
    assert done.dataset("text").column_names["train"] == ["id", "text", "meta"]
    [question, answer] = done.dataset("sft")["train"][0]["messages"]
    assert (question["role"], answer["role"]) == ("user", "assistant")


def test_the_dataset_loads_by_its_files_alone_and_by_its_card(tmp_path: Path) -> None:
    from datasets import load_dataset

    done = exported(tmp_path)
    cache = str(tmp_path / "cache")
    by_files = load_dataset("parquet", data_files=str(done.path / "dataset/text/train-*.parquet"), cache_dir=cache)[
        "train"
    ]
    by_card = load_dataset(str(done.path / "dataset"), "text", cache_dir=cache)["train"]
    assert by_files["id"][:] == by_card["id"][:]
    assert by_files["text"][:] == by_card["text"][:]


# --- splits


def test_splits_hold_every_row_once_and_share_no_document(tmp_path: Path) -> None:
    done = exported(tmp_path, export={"split": {"validation": 0.2, "test": 0.2}})
    documents: dict[str, set[str]] = {}
    ids: list[str] = []
    for split in ("train", "validation", "test"):
        for part in (done.path / "dataset").rglob(f"{split}-*.parquet"):
            for row in pq.read_table(part).to_pylist():
                ids.append(row["id"])
                documents.setdefault(split, set()).update(json.loads(row["meta"])["documents"])
    assert len(ids) == len(set(ids)) == done.counts("filter.records")["kept"]
    assert documents["train"].isdisjoint(documents["validation"] | documents["test"])
    assert documents["validation"].isdisjoint(documents["test"])
    assert not broken(verify(done))


def test_a_share_of_nothing_is_no_split(tmp_path: Path) -> None:
    done = exported(tmp_path, export={"split": {"validation": 0.0, "test": 0.0}})
    assert {name for splits in done.counts("export")["rows"].values() for name in splits} == {"train"}


def test_near_copies_go_to_one_split(tmp_path: Path) -> None:
    text = "The old mill at the river grinds corn by the power of water that falls on its wheel all day. " * 4
    write_documents(tmp_path, {f"{n}.md": text + f"Copy {n}." for n in range(12)})
    done = exported(tmp_path, methods=["text"], export={"split": {"validation": 0.3, "test": 0.3}})
    assert done.counts("export")["rows"] == {"text": {"train": 12}}


def test_rows_that_share_a_document_or_a_cluster_are_one_group_however_indirectly() -> None:
    import numpy as np

    documents = [["a"], ["a", "b"], ["b"], ["c"], ["d"], ["e"]]
    clusters = np.array([0, 1, 2, 3, 3, 5])
    assert groups(documents, clusters).tolist() == [0, 0, 0, 3, 3, 5]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 40, 1000])
def test_groups_are_dealt_to_their_shares_and_train_comes_first(count: int) -> None:
    import numpy as np

    found = deal(np.arange(count), [[f"d{n}"] for n in range(count)], validation=0.1, test=0.1, seed=0)
    assert len(found) == count
    if 0 < count < 5:
        assert set(found) == {"train"}
    if count >= 40:
        assert found.count("validation") == found.count("test") == count // 10


# --- the files


def test_rows_are_in_the_order_of_their_ids_in_small_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_documents(tmp_path, {"rows.jsonl": "".join(
        json.dumps({"text": f"Row {n} says {n * 7919 % 10007} and {n * 104729 % 10009} of {n ** 3}."}) + "\n"
        for n in range(2500)
    )})  # fmt: skip
    done = exported(tmp_path, methods=["text"])
    for file in (done.path / "dataset/text").glob("*.parquet"):
        metadata = pq.read_metadata(file)
        assert all(metadata.row_group(n).num_rows <= 1000 for n in range(metadata.num_row_groups))
    ids = pq.read_table(done.path / "dataset/text/train-00000.parquet")["id"].to_pylist()
    assert len(ids) > 2000
    assert ids == sorted(ids)


def test_the_same_documents_make_the_same_bytes_wherever_they_lie(tmp_path: Path) -> None:
    for name in ("here", "there/deep"):
        corpus(tmp_path / name)
    first, second = (
        run(write_recipe(tmp_path / name, export={"formats": ["trl", "messages"]}), until="export", workers=n)
        for n, name in enumerate(("here", "there/deep"), start=1)
    )
    assert contents(first.path / "dataset") == contents(second.path / "dataset")
    assert contents(first.path / "exports") == contents(second.path / "exports")
    everything = b"".join(contents(first.path / "dataset").values())
    assert str(tmp_path).encode() not in everything


def test_an_export_replaces_the_one_before_it_whole(tmp_path: Path) -> None:
    exported(tmp_path, export={"formats": ["trl", "messages"]})
    done = exported(tmp_path, methods=["text"])
    assert done.kinds == ["text"]
    assert not (done.path / "exports/messages").exists()
    assert not list(done.path.glob("dataset.*"))


def test_messages_are_a_line_each_for_the_same_rows(tmp_path: Path) -> None:
    done = exported(tmp_path, export={"formats": ["messages"], "split": {"test": 0.2}})
    for split in ("train", "validation", "test"):
        file = done.path / f"exports/messages/sft-{split}-00000.jsonl"
        table = done.path / f"dataset/sft/{split}-00000.parquet"
        wanted = pq.read_table(table)["messages"].to_pylist()
        assert [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] == [
            {"messages": m} for m in wanted
        ]


# --- the card


def test_the_card_is_what_the_hub_reads(tmp_path: Path) -> None:
    done = exported(tmp_path, sources=[{"path": "documents", "licence": "MIT", "copyright": "© A | B"}])
    head, body = (done.path / "dataset/README.md").read_text(encoding="utf-8").removeprefix("---\n").split("\n---\n", 1)
    front = yaml.safe_load(head)
    assert front["license"] == "mit"
    assert front["size_categories"] == ["n<1K"]
    assert [config["config_name"] for config in front["configs"]] == ["sft", "text"]
    for config in front["configs"]:
        for data in config["data_files"]:
            assert all((done.path / "dataset" / path).is_file() for path in data["path"])
    assert "© A \\| B" in body
    counts = done.counts("export")["rows"]["text"]
    assert f"| text | {counts['train']} | {counts['validation']} | {counts['test']} |" in body


def test_every_number_of_the_card_is_one_of_the_tables(tmp_path: Path) -> None:
    """Rows that are an exam are in no table of the dataset, so in no number of its card."""
    corpus(tmp_path)
    lid = "# The lid\n\nThe lid of press 3 is a plate of nine kilograms that keeps the steam of the boiler inside.\n"
    (tmp_path / "more").mkdir()
    (tmp_path / "more/lid.md").write_text(lid, encoding="utf-8")
    made = recipe(sources=[{"path": "documents", "licence": "MIT"}, {"path": "more", "licence": "GPL-3.0-or-later"}])
    made["generate"]["exam"] = {"share": 0.3}
    done = run(write_recipe(tmp_path, made), until="export")
    card = DatasetCard.load(done.path / "dataset/README.md")
    by_source, by_method = Counter[str](), Counter[str]()
    for row in rows(done.path / "dataset"):
        meta = json.loads(row["meta"])
        by_source.update(meta["sources"])
        by_method[f"| {meta['kind']} | {meta['generator']} | none |"] += 1
    assert done.counts("export")["exam"]
    for name, count in by_source.items():
        assert f"| {name} | {count} |" in card.text
    for name, count in by_method.items():
        assert f"{name} {count} |" in card.text
    assert card.data.license == ["gpl-3.0", "mit"]
    assert card.data.tags == ["synthetic", "dataset-factory"]


@pytest.mark.parametrize(
    ("stated", "front"),
    [
        ([""], {"license": "unknown"}),
        (["Apache-2.0"], {"license": "apache-2.0"}),
        (["ODC-By-1.0"], {"license": "odc-by"}),
        (["CC-BY-4.0", "MIT"], {"license": ["cc-by-4.0", "mit"]}),
        (["", "MIT"], {"license": "other", "license_name": "not stated; MIT"}),
        (["LicenseRef-Acme"], {"license": "other", "license_name": "LicenseRef-Acme"}),
    ],
)
def test_the_card_names_licences_as_the_hub_does(stated: list[str], front: dict[str, Any]) -> None:
    assert card_licence(stated) == front


def test_a_card_of_rows_that_were_read_claims_nothing_that_nobody_saw_to(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"prompt": "What is it?", "completion": "A lid."}\n' * 2, encoding="utf-8")
    audit_dataset(file, into=tmp_path / "audit", workers=1)
    card = DatasetCard.load(tmp_path / "audit/dataset/README.md")
    assert card.data.tags == ["dataset-factory"]
    assert "share no document" not in card.text
    assert "| sft | read as it stands | none | 2 |" in card.text
    assert card.data.license == "unknown"


# --- kinds


def test_a_context_is_in_the_question_of_an_open_book_only() -> None:
    messages = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "Q"},
        {"role": "assistant", "content": "A"},
    ]
    row = {"id": "x", "meta": "{}", "messages": messages, "context": "C", "tools": None}
    [(_, opened)] = exported_rows("sft", row, open_book=True)
    [(_, closed)] = exported_rows("sft", row, open_book=False)
    assert opened["messages"] == [messages[0], {"role": "user", "content": "C\n\nQ"}, messages[2]]
    assert closed["messages"] == messages


def test_a_ranking_leaves_as_a_pair_for_each_two_that_differ() -> None:
    row = {"id": "x", "meta": "{}", "prompt": ["p"], "completions": [["a"], ["b"], ["c"]], "ranks": [1, 0, 1]}
    found = list(exported_rows("ranking", row, open_book=True))
    assert [(kind, out["id"], out["chosen"], out["rejected"]) for kind, out in found] == [
        ("preference", "x/0-1", ["b"], ["a"]),
        ("preference", "x/1-2", ["b"], ["c"]),
    ]


def test_every_kind_is_exported_and_loads(tmp_path: Path) -> None:
    source = """
from factory import Passage, records
from factory.records import Record

def say(role, content):
    return [{"role": role, "content": content}]

def record(kind, passage, **data):
    return Record(kind, data, (passage.id,), passage.policy, (passage.document,))

async def every(passage: Passage):
    about = passage.text[:40]
    yield records.text([passage], passage.text)
    yield records.sft(passage, f"What of {about}?", "That.", context=passage.text)
    yield records.preference(passage, about, "better", "worse")
    yield record("feedback", passage, prompt=say("user", about), completion=say("assistant", "A"), label=True)
    answers = [say("assistant", x) for x in "abc"]
    yield record("ranking", passage, prompt=say("user", about), completions=answers, ranks=[0, 1, 2])
    yield record("labels", passage, text=passage.text, label="machine")
"""
    with on_the_path(tmp_path / "site") as site:
        Package(site, "stranger").declares("generators", "every", source)
        done = exported(tmp_path, methods=["every"], records=["length", "exact_dedup"])
    assert done.kinds == ["feedback", "labels", "preference", "sft", "text"]
    totals = {kind: sum(splits.values()) for kind, splits in done.counts("export")["rows"].items()}
    assert totals == {"feedback": 20, "labels": 20, "preference": 80, "sft": 20, "text": 20}
    assert done.dataset("feedback")["train"][0]["label"] is True
    assert done.dataset("preference")["train"].column_names == ["id", "prompt", "chosen", "rejected", "meta"]
    assert not broken(verify(done))
    opened = {row["id"]: row["messages"][0]["content"] for row in rows(done.path / "dataset/sft")}
    assert all("\n\nWhat of" in content for content in opened.values())


def test_a_closed_book_leaves_the_context_out(tmp_path: Path) -> None:
    source = (
        "from factory import Passage, records\n"
        "async def asks(passage: Passage):\n    yield records.sft(passage, 'What?', 'That.', context=passage.text)\n"
    )
    with on_the_path(tmp_path / "site") as site:
        Package(site, "stranger").declares("generators", "asks", source)
        done = exported(tmp_path, methods=["asks"], export={"context": "closed-book"})
    assert {row["messages"][0]["content"] for row in rows(done.path / "dataset/sft")} == {"What?"}
