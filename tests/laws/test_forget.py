"""What was forgotten is nowhere in the run, does not come back, and leaves the run as if it had never been there."""

import contextlib
import json
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import Run, run
from factory.errors import DeadWorld, WrongRequest
from factory.pipeline import review
from factory.stages.forget import forget
from factory.views import ledger, verify
from tests.corpora import contents, recipe, rows, strings, workspace, write_documents, write_recipe
from tests.factory.installing import Package, on_the_path
from tests.laws.strategies import Drawn, corpora, recipes
from tests.laws.test_models import ONCE, SEARCHES, reply
from tests.laws.test_resume import Stopped, stopping_at
from tests.model_server import ModelServer

PRIVATE = "Anna Vogelsang keeps the spare key of the boiler room under the third stone beside the gate."
FILES = {
    "boiler.md": f"# Boiler\n\n{PRIVATE}\n\n## How do I reset the boiler?\n\n"
    "Hold the button of the boiler for five seconds until it heats the water.\n",
    "copy.md": "# Pump\n\nThe pump is a part that moves water through the pipes of the house.\n",
    "pump.md": "# Pump\n\nThe pump is a part that moves water through the pipes of the house.\n",
    "valve.md": "# Valve\n\nThe valve is a part that stops the water when it is turned to the right.\n\n"
    "## How do I reset the valve?\n\nHold the button of the valve for five seconds.\n",
}
RECIPE: dict[str, Any] = {
    "documents": ["policy", "exact_dedup"],
    "passages": ["minhash_dedup", "pii"],
    "records": ["length", "exact_dedup"],
    "export": {"split": {"validation": 0.2, "test": 0.2}, "formats": ["trl", "messages"]},
}


def texts_in(folder: Path) -> Iterator[tuple[str, str]]:
    """(file, text) of everything in a run: bytes as they lie, Parquet and the journal's bodies as they are read."""
    for file in sorted(file for file in folder.rglob("*") if file.is_file()):
        name = file.relative_to(folder).as_posix()
        yield name, file.read_bytes().decode("utf-8", "replace")
        if file.suffix == ".parquet":
            table = pq.ParquetFile(file).read()
            yield name, "\n".join(strings([table.to_pylist(), str(table.schema.metadata)]))
        if file.suffix == ".arrow":
            yield name, str(pa.ipc.open_stream(file).read_all().to_pylist())
        if file.name == "journal.sqlite":
            with contextlib.closing(sqlite3.connect(file)) as journal:
                for (body,) in journal.execute("select body from requests"):
                    yield name, zlib.decompress(body).decode()


def places_of(text: str, folder: Path) -> list[str]:
    return sorted({name for name, found in texts_in(folder) if text in found})


def made(folder: Path, name: str = "run", until: Any = "audit", **keys: Any) -> Path:
    return write_recipe(folder, recipe(run=name, **{**RECIPE, **keys}))


def finish(file: Path) -> Run:
    return run(file, until="export", workers=1)


# --- as if it had never been there


@settings(max_examples=15)
@given(drawn=corpora(), made=recipes(), data=st.data())
def test_what_is_forgotten_was_never_there(drawn: Drawn, made: dict[str, Any], data: st.DataObject) -> None:
    with workspace() as folder:
        write_documents(folder, drawn.files)
        done = finish(write_recipe(folder, made))
        documents = rows(done.path / "documents")
        if not documents:
            return
        chosen = data.draw(st.sampled_from(documents))
        plan = forget(done.path, [chosen["id"]], yes=True)
        left = Run(done.path)
        assert not verify.broken(verify.verify(left))
        assert len(rows(left.path / "documents")) == len(documents) - 1 - len(plan.copies)
        assert ledger.by_reason(ledger.entries(left, stage="ingest")).get("ingest.forgotten") == 1 + len(plan.copies)
        again = finish(write_recipe(folder, made))
        assert chosen["id"] not in {row["id"] for row in rows(again.path / "documents")}
        assert not verify.broken(verify.verify(again))
        assert finish(write_recipe(folder, made)).did == []
        if chosen["row"] is None and not plan.copies and len(drawn.files) > 1:
            (folder / "documents" / chosen["path"]).unlink()
            never = finish(write_recipe(folder, {**made, "run": "never/run"}))
            assert contents(again.path / "dataset") == contents(never.path / "dataset")


def test_no_file_of_the_run_holds_a_word_of_it(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    file = made(tmp_path)
    done = run(file)
    held = places_of("spare key of the boiler", done.path)
    assert {name.split("/")[0] for name in held} == {"dataset", "documents", "records", "report.html"}
    assert any(name.startswith("exports/messages") for name in places_of("heats the water", done.path))
    plan = forget(done.path, ["documents/boiler.md"])
    assert not plan.done
    assert plan.passages
    assert plan.records
    assert places_of("spare key of the boiler", done.path) == held, "without yes nothing is done"
    assert forget(done.path, ["documents/boiler.md"], yes=True).done
    for piece in ("Vogelsang", "spare key", "third stone", "heats the water"):
        assert places_of(piece, done.path) == []
    left = Run(done.path)
    assert left.report()["measures"]["documents.kept"] == 2
    assert not verify.broken(verify.verify(left))
    assert contents(left.path / "exports")
    back = run(file)
    assert places_of("spare key", back.path) == []
    assert not verify.broken(verify.verify(back))


def test_what_is_made_of_the_others_stays_byte_for_byte(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    done = finish(made(tmp_path))
    before = {row["id"]: row for row in rows(done.path / "dataset")}
    forget(done.path, ["documents/boiler.md"], yes=True)
    after = {row["id"]: row for row in rows(done.path / "dataset")}
    of_it = {id_ for id_, row in before.items() if "boiler.md" in json.loads(row["meta"])["paths"]}
    assert of_it
    assert after == {id_: row for id_, row in before.items() if id_ not in of_it}


def test_a_copy_goes_with_it_and_comes_back_under_no_other_name(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    file = made(tmp_path)
    done = finish(file)
    plan = forget(done.path, ["documents/pump.md"], yes=True)
    assert plan.copies == ["documents/copy.md"]
    write_documents(tmp_path, {"renamed.md": FILES["pump.md"], "spaced.txt": FILES["pump.md"].upper()})
    again = finish(file)
    assert {row["path"] for row in rows(again.path / "documents")} == {"boiler.md", "valve.md"}
    assert places_of("pump is a part", again.path) == []


def test_a_copy_that_was_rejected_for_it_takes_its_place(tmp_path: Path) -> None:
    near = " ".join(
        f"The dial number {n} shows the pressure of the water in pipe {n * 7} below house {n}." for n in range(12)
    )
    write_documents(tmp_path, {"a.txt": near + "One.", "b.txt": near + "Two, and the key of Anna.", **FILES})
    file = made(tmp_path, passages=["minhash_dedup"])
    done = finish(file)
    kept = {row["meta"] and json.loads(row["meta"])["paths"][0] for row in rows(done.path / "dataset")}
    [winner] = kept & {"a.txt", "b.txt"}
    forget(done.path, [f"documents/{winner}"], yes=True)
    again = finish(file)
    back = {json.loads(row["meta"])["paths"][0] for row in rows(again.path / "dataset")}
    assert ({"a.txt", "b.txt"} - {winner}) < back


def test_a_row_is_known_by_its_words_since_rows_move_up(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"The gauge number {n} shows the pressure of line {n}."}) for n in range(4)]
    write_documents(tmp_path, {"faq.jsonl": "\n".join(lines) + "\n"})
    file = made(tmp_path)
    done = finish(file)
    first = rows(done.path / "documents")[1]
    forget(done.path, [f"documents/faq.jsonl:{first['row']}"], yes=True)
    assert len(rows(finish(file).path / "documents")) == 3
    write_documents(tmp_path, {"faq.jsonl": "\n".join([lines[0], *lines[2:]]) + "\n"})
    again = finish(file)
    assert len(rows(again.path / "documents")) == 3, "the row that moved up is another one"
    assert not list(ledger.entries(again, stage="ingest"))


def test_all_rows_of_a_file_go_by_its_name(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"The gauge number {n} shows the pressure of line {n}."}) for n in range(4)]
    write_documents(tmp_path, {"faq.jsonl": "\n".join(lines) + "\n", **FILES})
    done = finish(made(tmp_path))
    assert len(forget(done.path, ["documents/faq.jsonl"], yes=True).documents) == 4


def test_it_works_where_the_sources_are_gone(tmp_path: Path) -> None:
    root = write_documents(tmp_path, FILES)
    done = finish(made(tmp_path))
    for file in root.iterdir():
        file.unlink()
    root.rmdir()
    assert forget(done.path, ["documents/boiler.md"], yes=True).done
    assert not verify.broken(verify.verify(Run(done.path)))


# --- requests


def test_an_unknown_document_is_named_with_the_nearest(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    done = finish(made(tmp_path))
    before = contents(done.path)
    with pytest.raises(WrongRequest, match=r"no document 'documents/boilr.md'. Did you mean 'documents/boiler.md'"):
        forget(done.path, ["documents/boilr.md"], yes=True)
    with pytest.raises(WrongRequest, match="Name a document"):
        forget(done.path, [], yes=True)
    assert contents(done.path) == before


def test_forgotten_twice_is_nothing_to_do(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    done = finish(made(tmp_path))
    forget(done.path, ["documents/boiler.md"], yes=True)
    before = contents(done.path)
    assert forget(done.path, ["documents/boiler.md"], yes=True).documents == []
    assert contents(done.path) == before


def test_the_models_that_learned_it_are_named(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    done = finish(made(tmp_path))
    ids = {row["path"]: row["id"] for row in rows(done.path / "documents")}
    boiler, valve = ids["boiler.md"], ids["valve.md"]
    for name, learned in {"both": {"documents": [boiler, valve]}, "other": {"documents": [valve]}, "old": {}}.items():
        (done.path / "models" / name / "work").mkdir(parents=True)
        (done.path / "models" / name / "work" / "rows.arrow").write_text(PRIVATE)
        (done.path / "models" / name / "training.json").write_text(json.dumps(learned))
    plan = forget(done.path, ["documents/boiler.md"], yes=True)
    assert (plan.models, plan.perhaps) == (["both"], ["old"])
    assert places_of("third stone", done.path) == []


# --- stopped


@pytest.mark.slow
def test_killed_anywhere_the_same_command_finishes(tmp_path: Path) -> None:
    with workspace() as folder:
        write_documents(folder, FILES)
        done = finish(made(folder))
        shutil.copytree(done.path, folder / "whole")
        with stopping_at(0) as changes:
            forget(folder / "whole", ["documents/boiler.md"], yes=True)
        expected = contents(folder / "whole" / "dataset")
        for nth in range(1, changes[0] + 1, 3):  # every third: the whole is a minute
            stopped = folder / f"stopped-{nth}"
            shutil.copytree(done.path, stopped)
            with stopping_at(nth), contextlib.suppress(Stopped):
                forget(stopped, ["documents/boiler.md"], yes=True)
            forget(stopped, ["documents/boiler.md"], yes=True)
            assert places_of("third stone", stopped) == [], f"stopped at change {nth} of {changes[0]}"
            assert contents(stopped / "dataset") == expected
            assert not verify.broken(verify.verify(Run(stopped)))
            shutil.rmtree(stopped)


def test_until_it_is_finished_nobody_else_writes(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    file = made(tmp_path)
    done = finish(file)
    with stopping_at(9), pytest.raises(Stopped):
        forget(done.path, ["documents/boiler.md"], yes=True)
    with pytest.raises(DeadWorld, match=r"half forgotten. Finish that first: factory forget .*run --yes"):
        finish(file)
    with pytest.raises(WrongRequest, match="stopped in the middle"):
        forget(done.path, [])
    plan = forget(done.path, [], yes=True)
    assert plan.documents == ["documents/boiler.md"]
    assert finish(file).stands("export")


def test_a_table_that_cannot_be_read_stops_it_before_anything_is_erased(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    done = finish(made(tmp_path))
    [part] = (done.path / "records" / "text").glob("*.parquet")
    part.write_bytes(part.read_bytes()[:-100])
    before = contents(done.path)
    with pytest.raises(DeadWorld, match=r"text/part-00000.parquet is damaged"):
        forget(done.path, ["documents/boiler.md"], yes=True)
    assert contents(done.path) == before


def test_verdicts_that_cannot_be_read_go_whole_and_are_made_again(tmp_path: Path) -> None:
    write_documents(tmp_path, FILES)
    file = made(tmp_path)
    done = finish(file)
    expected = {row["id"] for row in rows(done.path / "dataset")}
    part = done.path / "verdicts/passages/pii.parquet"
    part.write_bytes(part.read_bytes()[:-100])
    assert forget(done.path, ["documents/boiler.md"], yes=True).done
    assert places_of("third stone", done.path) == []
    assert not (done.path / "dataset").exists(), "it cannot be made from what is left"
    again = finish(file)
    assert {row["id"] for row in rows(again.path / "dataset")} < expected
    assert not verify.broken(verify.verify(again))


# --- models


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Package]:
    with on_the_path(tmp_path / "site") as site:
        package = Package(site, "stranger")
        package.declares("generators", "once", ONCE)
        package.declares("generators", "searches", SEARCHES)
        yield package


def asked(folder: Path, server: ModelServer, method: str) -> Path:
    model = {"base_url": server.url, "model": "parrot", "max_tokens": 300, "max_spend": 100.0,
             "price": {"input": 1000.0, "output": 1000.0}}  # fmt: skip
    return made(folder, methods=[method], models={"llm": model})


@pytest.mark.parametrize("method", ["once", "searches"])
def test_the_journal_forgets_prompts_and_answers_also_those_of_others(
    tmp_path: Path, stranger: Package, method: str
) -> None:
    write_documents(tmp_path, FILES | {"wheel.md": f"The wheel turns left. {PRIVATE[:20]} It turns right too."})
    write_documents(tmp_path, {"boiler.md": FILES["boiler.md"] + "\nThe wheel of the boiler turns left.\n"})
    with ModelServer(replies=reply) as server:
        file = asked(tmp_path, server, method)
        done = finish(file)
        assert "journal.sqlite" in places_of("third stone", done.path)
        with contextlib.closing(sqlite3.connect(done.path / "journal.sqlite")) as journal:
            bodies = [body for (body,) in journal.execute("select body from requests")]
        told = [body for body in bodies if b"third stone" in zlib.decompress(body)]
        spent = paid(done.path)
        plan = forget(done.path, ["documents/boiler.md"], yes=True)
        assert plan.calls == len(told)
        assert places_of("third stone", done.path) == []
        lies = b"".join(f.read_bytes() for f in done.path.glob("journal.sqlite*"))
        assert not any(body[20:60] in lies for body in told), "not even packed, in a page that is free"
        assert paid(done.path) == spent, "what was paid counts towards max_spend"
        assert not verify.broken(verify.verify(Run(done.path)))
        before = server.requests
        again = finish(file)
        assert places_of("third stone", again.path) == []
        assert not verify.broken(verify.verify(again))
        others = 0 if method == "once" else len(told) - 1
        assert server.requests - before == others, "those that were shown it are asked without it; the others are not"


def paid(folder: Path) -> int:
    with contextlib.closing(sqlite3.connect(folder / "journal.sqlite")) as journal:
        sums = [journal.execute(f"select coalesce(sum(spent), 0) from {t}").fetchone()[0] for t in ("calls", "sent")]  # noqa: S608 # names
    return sum(sums)


def test_a_document_that_left_the_sources_is_forgotten_by_its_answers(tmp_path: Path, stranger: Package) -> None:
    root = write_documents(tmp_path, FILES)
    with ModelServer(replies=reply) as server:
        file = asked(tmp_path, server, "once")
        finish(file)
        (root / "boiler.md").unlink()
        done = finish(file)
        assert places_of("third stone", done.path) == ["journal.sqlite"]
        assert forget(done.path, ["documents/boiler.md"], yes=True).calls == 1
        assert places_of("third stone", done.path) == []


def test_what_people_were_shown_and_what_models_said_of_it_go_too(tmp_path: Path) -> None:
    """The sheet of a review keeps its other rows."""
    write_documents(tmp_path, FILES)
    file = made(tmp_path, generate={"exam": {"share": 0.5}, "methods": ["text", "extractive_qa"]})
    done = run(file)
    for place in ("suspects/sft.parquet", "models/sft/exam.parquet", "models/sft/rows.parquet"):
        (done.path / place).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"said": ["Hold the button of the boiler for five seconds"]}), done.path / place)
    review(done.path, 100)
    assert "rows-to-review.csv" in places_of("Hold the button of the boiler", done.path)
    forget(done.path, ["documents/boiler.md"], yes=True)
    assert places_of("Hold the button of the boiler", done.path) == []
    assert "rows-to-review.csv" in places_of("Hold the button of the valve", done.path)
