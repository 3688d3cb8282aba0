"""What filters are shown of a record's source: as generators saw it, or unedited; and what they may keep of that."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from factory import Run, features, lookup, run
from factory.corpus import Row, batch_of, kept, record_tables, rows
from factory.errors import WrongRequest
from factory.origins import ORIGINS, Origin, check_places, shown
from factory.records import Text
from tests.corpora import workspace, write_documents, write_recipe
from tests.factory.installing import Package, on_the_path

MAIL = "ines{}@example.com"
DOCUMENTS = {
    f"{nth}.md": f"# Kiln {nth}\n\nIt is hot.\n\n## Does kiln {nth} need a lid?\n\nKiln {nth} needs its lid. "
    f"Ask {MAIL.format(nth)} first, or leave the lid alone.\n\n"
    f"## Clean the kiln\n\n1. Open the lid of kiln {nth}.\n2. Brush it.\n"
    for nth in range(4)
}


def made(folder: Path, **keys: Any) -> Run:
    write_documents(folder, DOCUMENTS)
    keys = {"documents": ["length"], "passages": ["pii"], "max_tokens": 32, **keys}
    return run(write_recipe(folder, **keys), until="generate", workers=1)


def seen(done: Run, sees: str) -> list[tuple[Row, dict[str, Any]]]:
    """All records with what a filter that sees so is shown of them."""
    found = []
    origins = lookup.Origins(done)
    for table in record_tables(done):
        living = rows(done, table, kept(done, table, order=[]))
        found += [(row, shown(row, sees)) for row in origins.attached(living, [sees])]
    assert found
    return found


@pytest.fixture(scope="module")
def whole_run() -> Iterator[Run]:
    """A run whose passages were scrubbed, for tests that only read it."""
    with workspace() as folder:
        yield made(folder)


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Package]:
    with on_the_path(tmp_path / "site") as site:
        yield Package(site, "stranger")


def test_a_record_is_shown_with_its_passages_as_generators_saw_them(whole_run: Run) -> None:
    for row, said in seen(whole_run, "sourced"):
        assert MAIL.format(row.meta["paths"][0][0]) not in str(said)
        assert [string["text"] for string in said["strings"]] == [string.text for string in row.strings]
        assert said["cited"] == [string.text for string in row.strings if string.role == "quote"]
        assert len(said["passages"]) == len(row.meta["parents"])
        for text in said["cited"]:
            assert any(text in passage for passage in said["passages"])


def test_a_record_is_shown_with_its_passages_as_they_were_parsed(whole_run: Run) -> None:
    everything = ""
    for row, said in seen(whole_run, "raw_sourced"):
        document = DOCUMENTS[row.meta["paths"][0]]
        assert all(passage in document for passage in (*said["passages"], *said["cited"]))
        everything += str(said)
    assert all(MAIL.format(nth) in everything for nth in range(4))
    assert "<EMAIL>" not in "".join(text for _, said in seen(whole_run, "raw_sourced") for text in said["passages"])


def test_what_was_edited_in_documents_is_shown_edited_and_as_parsed(tmp_path: Path) -> None:
    done = made(tmp_path, documents=["pii"], passages=["length"], methods=["text"])
    for (row, edited), (_, raw) in zip(seen(done, "sourced"), seen(done, "raw_sourced"), strict=True):
        mail = MAIL.format(row.meta["paths"][0][0])
        assert "<EMAIL>" in str(edited["passages"])
        assert mail not in str(edited)
        assert "".join(raw["passages"]).replace(mail, "<EMAIL>") == "".join(edited["passages"])


def test_the_titles_above_are_shown(whole_run: Run) -> None:
    whole = [said for row, said in seen(whole_run, "sourced") if row.info["kind"] == "text"]
    assert [said["headings"] for said in whole] == [[said["passages"][0][2:8]] for said in whole]
    assert len(whole) == 4


def test_what_was_read_before_is_not_needed(whole_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = whole_run
    whole = [said for sees in ORIGINS for _, said in seen(done, sees)]
    monkeypatch.setattr(lookup, "KEEP_CHARS", 0)
    monkeypatch.setattr(lookup, "KEEP_GROUPS", 1)
    assert [said for sees in ORIGINS for _, said in seen(done, sees)] == whole


def test_a_record_of_a_record_has_the_passage_of_its_unit(whole_run: Run) -> None:
    done = whole_run
    origins = lookup.Origins(done)
    row, said = next(pair for pair in seen(done, "sourced") if pair[0].info["kind"] == "sft")
    child = Row(0, "x", [], row.info, {"parents": [row.id]})
    grandchild = Row(0, "x", [], row.info, {"parents": [f"{row.id}/again/0"]})
    whole = Row(0, "x", [], row.info, {"parents": [row.meta["documents"][0]]})
    [one, two, three] = origins.attached([child, grandchild, whole], ["sourced"])
    assert list(one.origins["sourced"].passages) == list(two.origins["sourced"].passages)
    assert set(said["passages"]) <= set(one.origins["sourced"].passages)
    assert len(three.origins["sourced"].passages) > 1


@pytest.mark.parametrize(
    "meta", [{}, {"parents": []}, {"parents": ["0123456789ab/0000"]}, {"parents": ["", "/", "a/b/c/d"]}]
)
def test_a_row_from_elsewhere_has_no_source(whole_run: Run, meta: dict[str, Any]) -> None:
    stray = Row(0, "row:faq.jsonl:1", [Text("text", "text", "Hello.")], {"kind": "text", "language": None}, meta)
    [row] = lookup.Origins(whole_run).attached([stray], ["sourced"])
    assert row.origins == {"sourced": Origin()}
    batch = batch_of([row], "sourced").to_pylist()
    assert [(one["cited"], one["passages"], one["headings"]) for one in batch] == [([], [], [])]


def test_a_pair_is_shown_as_three_texts() -> None:
    strings = [
        Text("prompt[0].content", "system", "Be brief."),
        Text("prompt[1].content", "user", "Does it need a lid?"),
        Text("chosen[0].content", "assistant", "Yes."),
        Text("rejected[0].content", "assistant", "No."),
        Text("quotes[0].text", "quote", "needs its lid"),
    ]
    row = Row(0, "p", strings, {"kind": "preference", "language": "en"})
    shown_of_it = batch_of([row], "pair").to_pylist()
    assert shown_of_it == [{"id": "p", "prompt": "Be brief.\nDoes it need a lid?", "chosen": "Yes.", "rejected": "No."}]


@pytest.mark.parametrize("sees", ORIGINS)
def test_whatever_is_seen_is_part_of_the_key(sees: str) -> None:
    def key(text: str = "a", language: str = "en", **origin: tuple[str, ...]) -> bytes:
        info = {"kind": "text", "language": language}
        row = Row(0, "r", [Text("text", "text", text)], info, origins={sees: Origin(**origin)})
        return features.key(row, sees)

    different = [
        key(), key("b"), key(language="de"), key(cited=("x",)), key(passages=("x",)), key(headings=("x",)),
        key(cited=("x", "y")), key(cited=("x, y",)), key(cited=("x",), passages=("y",)),
    ]  # fmt: skip
    assert len(set(different)) == len(different)
    assert key(cited=("x",)) == key(cited=("x",))


# --- what may be kept of unedited text


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1]),
        pa.array([[{"field": "messages[1].content", "start": 3, "kind": "email", "score": 0.5}]]),
        pa.array([["email", "us_ssn"]]).cast(pa.list_(pa.string())),
        pa.array([[]], pa.list_(pa.struct([("kind", pa.string()), ("start", pa.int64())]))),
        pa.array([None], pa.string()),
        pa.array([None]),
    ],
)
def test_places_and_kinds_may_be_kept(column: pa.Array) -> None:
    check_places("leak", pa.table({"id": ["row:été.jsonl:1\n"], "kinds": column}))


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("value", pa.array(["email"])),
        ("kind", pa.array(["ines@example.com"])),
        ("kind", pa.array(["Ines Weber"])),
        ("kind", pa.array(["4111111111111111"])),
        ("field", pa.array(["ines@example.com"])),
        ("field", pa.array(["weber"])),
        ("digest", pa.array([b"0123456789abcdef"])),
        ("found", pa.array([[{"kind": "email", "text": "x"}]])),
        ("kind", pa.array(["email"]).dictionary_encode()),
    ],
)
def test_what_could_be_a_value_may_not_be_kept(name: str, column: pa.Array) -> None:
    with pytest.raises(WrongRequest, match="The filter 'leak' sees unedited text and measured"):
        check_places("leak", pa.table({"id": ["r"], name: column}))


LEAKY = """
from dataclasses import dataclass
from typing import ClassVar
import pyarrow as pa
from factory.verdicts import Verdicts

@dataclass(frozen=True)
class leaky:
    sees: ClassVar[str] = "raw_sourced"

    def measure(self, batch):
        return pa.record_batch({"id": batch["id"], "n": [{what} for p in batch["passages"].to_pylist()]})

    def decide(self, features):
        verdicts = Verdicts()
        for row in features.to_pylist():
            verdicts.skip(row["id"], "no_source") if not row["n"] else verdicts.reject(row["id"], "leaky.x", n=row["n"])
        return verdicts
"""


def test_a_filter_that_keeps_unedited_text_stops_the_run(tmp_path: Path, stranger: Package) -> None:
    stranger.declares("filters", "leaky", LEAKY.replace("{what}", "str(p)"))
    with pytest.raises(WrongRequest, match="The filter 'leaky' sees unedited text and measured 'n'") as error:
        made(tmp_path, records=["leaky"], target=3)
    assert "example.com" not in str(error.value)


def test_rows_that_a_filter_skips_are_counted(tmp_path: Path, stranger: Package) -> None:
    count = "sum('@' in t for t in p)"
    stranger.declares("filters", "leaky", LEAKY.replace("{what}", count))
    write_documents(tmp_path, {"5.md": "# Lid\n\nA lid is heavy."})
    done = made(tmp_path, records=["leaky"])
    its = done.counts("filter.records")["filters"]["leaky"]
    assert its["rejected"] >= 4
    assert its["not_looked_at"] == its["kept"] >= 1
    assert its["read"] == its["kept"] + its["rejected"]
