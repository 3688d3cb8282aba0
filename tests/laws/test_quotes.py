"""Law 5: every quote leads back; and what was scrubbed before a generator saw it is nowhere but in `documents/`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import Run
from factory import run as run_
from factory.views import ledger, show, trace, verify
from tests.corpora import finished, recipe, rows, strings, workspace
from tests.factory.installing import Package, on_the_path
from tests.laws import foreign
from tests.laws.strategies import Drawn, corpora, recipes
from tests.model_server import ModelServer


def edited(source: str, edits: list[dict[str, Any]]) -> str:
    """`source` with edits applied, from the right: written here anew, so that the core's own way is checked."""
    for edit in sorted(edits, key=lambda edit: -edit["start"]):
        assert 0 <= edit["start"] < edit["end"] <= len(source)
        source = source[: edit["start"]] + edit["replacement"] + source[edit["end"] :]
    return source


def check_quotes(run: Run) -> int:
    """Every quote of every exported row leads back; returns how many there were."""
    texts = {row["id"]: row["text"] for row in rows(run.path / "documents")}
    passages = {row["id"]: row for row in rows(run.path / "passages")}
    count = 0
    for row in rows(run.path / "dataset"):
        for quote in json.loads(row["meta"])["quotes"]:
            count += 1
            assert edited(texts[quote["document"]][quote["start"] : quote["end"]], quote["edits"]) == quote["text"]
            place = passages[quote["passage"]]
            assert place["start"] <= quote["start"] < quote["end"] <= place["end"]
            assert place["document"] == quote["document"]
    return count


@settings(max_examples=50)
@given(drawn=corpora(), made=recipes(methods=["quoting", "extractive_qa"], target=None))
def test_every_exported_quote_is_its_slice_of_the_document_edited(drawn: Drawn, made: dict[str, Any]) -> None:
    with workspace() as folder, foreign.declared(quoting=foreign.quoting):
        run = finished(folder, drawn.files, made)
        check_quotes(run)
        assert not verify.broken(verify.verify(run))


@pytest.mark.parametrize(
    "documents", [[], [{"pii": {"types": ["email"]}}], [{"pii": {"types": ["ip"], "action": "mask"}}]]
)
@pytest.mark.parametrize("passages", [[], ["pii"], [{"pii": {"types": ["phone", "ip"]}}]])
@pytest.mark.parametrize("records", [[], ["pii"], [{"pii": {"action": "mask"}}]])
def test_quotes_lead_back_through_edits_at_all_three_stages(
    documents: list[Any], passages: list[Any], records: list[Any]
) -> None:
    text = (
        "\ufeff# Contacts 🚰\r\n\r\n## How do I reach the desk?\r\n\r\nWrite to anna.weber@example.org or "
        "10.1.2.3, or call +49 30 90180004 — 𝔘𝔫𝔦 — before li.ng@example.org leaves at noon.\r\n\r\n"
        "## Reset the pump\r\n\r\n1. Ask bob.ng7@example.org for the key.\r\n2. Ping 10.9.8.7 and wait.\r\n"
        "3. Close the valve.\r\n"
    )
    made = recipe(documents=documents, passages=passages, records=records, methods=["quoting", "text"])
    with workspace() as folder, foreign.declared(quoting=foreign.quoting):
        run = finished(folder, {"contacts.md": text}, made)
        assert check_quotes(run) >= 20
        shown = "\n".join(strings(rows(run.path / "dataset")))
        values = (
            "anna.weber@example.org",
            "li.ng@example.org",
            "bob.ng7@example.org",
            "10.1.2.3",
            "10.9.8.7",
            "+49 30 90180004",
        )
        if passages == ["pii"] or records:
            assert not [value for value in values if value in shown]
        if passages == ["pii"]:
            assert "@" not in shown, "a quote that cuts a replacement gets the whole of it"


# --- nothing that was scrubbed is anywhere else ----------------------------------------------------------------------


SOURCES = ("documents/", "show documents")  # as parsed; shown as the filters of documents left them


def everything(run: Run, *, but: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(name, text) of every file of a run, raw and decoded, and of every view, but those whose names begin so."""
    return ((name, text) for name, text in _everything(run) if not name.startswith(but))


def _everything(run: Run) -> Iterator[tuple[str, str]]:
    for file in sorted(run.path.rglob("*")):
        name = file.relative_to(run.path).as_posix()
        if not file.is_file():
            continue
        yield name, file.read_bytes().decode("latin-1")
        yield name, file.read_bytes().decode("utf-8", errors="replace")
        if file.suffix == ".parquet":
            opened = pq.ParquetFile(file)
            yield name, "\n".join(strings(opened.read().to_pylist()))
            yield name, "\n".join(strings(opened.schema_arrow.metadata or {}))
    lost = list(ledger.entries(run))
    yield "ledger", json.dumps([entry.as_dict() for entry in lost], ensure_ascii=False)
    yield "waterfall", json.dumps(ledger.waterfall(run), ensure_ascii=False)
    yield "overview", json.dumps(show.overview(run), ensure_ascii=False)
    for table in show.TABLES:
        yield f"show {table}", json.dumps(list(show.rows(run, table, limit=None)), ensure_ascii=False)
    for folder in ("documents", "passages", "records"):
        for row in rows(run.path / folder):
            yield f"trace {folder} {row['id']}", json.dumps(trace.trace(run, row["id"]), ensure_ascii=False)


def cut_apart(run: Run, value: str) -> bool:
    """Whether a passage ends inside a value somewhere: no filter of passages can then see it whole."""
    inside = [(row["document"], row["start"], row["end"]) for row in rows(run.path / "passages")]
    for row in rows(run.path / "documents"):
        at = row["text"].find(value)
        while at >= 0:
            end = at + len(value)
            if not any(document == row["id"] and first <= at and end <= last for document, first, last in inside):
                return True
            at = row["text"].find(value, at + 1)
    return False


def audited(folder: Path, files: Mapping[str, str], made: Mapping[str, Any]) -> Run:
    """The run of these documents with its report."""
    finished(folder, files, made)
    return run_(folder / "recipe.yaml")


def check_nowhere(run: Run, planted: tuple[str, ...], *, but: tuple[str, ...]) -> None:
    pages = list(everything(run, but=but))
    for value in planted:
        where = [name for name, text in pages if value in text or value.encode().decode("latin-1") in text]
        assert not where, f"{value!r} is in {where}"


@settings(max_examples=18)
@given(drawn=corpora(max_blocks=8), made=recipes(documents=[], pii_passages=True, pii_records=True))
def test_what_was_scrubbed_from_passages_is_nowhere_outside_documents(drawn: Drawn, made: dict[str, Any]) -> None:
    with workspace() as folder:
        run = audited(folder, drawn.files, made)
        cut = tuple(value for value in drawn.planted if cut_apart(run, value))
        whole = tuple(value for value in drawn.planted if value not in cut)
        check_nowhere(run, whole, but=SOURCES)
        # a value that a passage cuts is whole again in joined rows, where only the filter of records can find it
        check_nowhere(run, cut, but=(*SOURCES, "records/"))
        check_quotes(run)


@settings(max_examples=25)
@given(drawn=corpora(max_blocks=8), made=recipes(documents=[], pii_passages=False, pii_records=True, max_tokens=512))
def test_what_only_the_filter_of_records_finds_stays_in_records(drawn: Drawn, made: dict[str, Any]) -> None:
    with workspace() as folder:
        run = audited(folder, drawn.files, made)
        # asked for, a passage is shown as its own filters left it; beside a record it is not
        views = ("show passages", "trace passages", "trace documents")
        check_nowhere(run, drawn.planted, but=(*SOURCES, "records/", *views))


def test_the_report_counts_what_only_the_filter_of_records_found(tmp_path: Path) -> None:
    run = audited(tmp_path, {"desk.txt": "Ask anna.weber@example.org."}, recipe(records=["pii"], methods=["text"]))
    told = json.loads((run.path / "report.json").read_text(encoding="utf-8"))
    stages = told["chapters"]["personal_data"]["stages"]
    assert stages["records"]["edits"] == {"pii.email": 1}
    assert stages["records"]["sources"] == {"documents": {"pii.email": 1}}
    assert stages["passages"]["edits"] == {}


PARROT = """
from factory import Passage, records
from factory.llm import LLM

async def parrot(passage: Passage, llm: LLM):
    [reply] = await llm.chat("Repeat: " + passage.text)
    yield records.text([passage], reply.text)
"""


@pytest.mark.parametrize("action", ["placeholder", "fake", "mask", "reject"])
def test_what_a_model_makes_up_stays_in_records_and_the_journal(tmp_path: Path, action: str) -> None:
    value = "anna.weber@example.org"
    with on_the_path(tmp_path / "site") as site, ModelServer(replies=lambda body: f"Ask {value} at noon.") as server:
        Package(site, "stranger").declares("generators", "parrot", PARROT)
        models = {"llm": {"base_url": server.url, "model": "parrot"}}
        made = recipe(records=[{"pii": {"action": action}}], methods=["parrot"], models=models)
        run = audited(tmp_path, {"desk.txt": "The desk is on the left."}, made)
        holding = {name for name, text in everything(run, but=()) if value in text}
    assert {name.partition("/")[0] for name in holding} == {"records", "journal.sqlite"}


@pytest.mark.parametrize("action", ["placeholder", "fake", "mask", "reject"])
@pytest.mark.parametrize("stage", ["documents", "passages"])
def test_a_value_of_a_kind_of_ones_own_is_nowhere_either(tmp_path: Path, action: str, stage: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("recognizers: [{name: staff, supported_entity: PERSON, deny_list: [Ines Kolbe]}]")
    scrub = {"pii": {"action": action, "recogniser_files": [str(file)], "patterns": {"ticket": "TCK-[0-9]{6}"}}}
    text = "# Desk of Ines Kolbe\n\nThe **drain valve** is a part that Ines Kolbe opened: see TCK-481516.\n"
    run = audited(tmp_path, {"desk.md": text}, recipe(**{stage: [scrub]}, methods=["text", "extractive_qa"]))
    check_nowhere(run, ("Ines Kolbe", "TCK-481516"), but=SOURCES)
    check_quotes(run)


@settings(max_examples=20)
@given(drawn=corpora(max_blocks=8), action=st.sampled_from(["placeholder", "mask"]))
def test_what_was_scrubbed_from_documents_is_not_even_in_passages_that_cut_it(drawn: Drawn, action: str) -> None:
    with workspace() as folder:
        made = recipe(documents=[{"pii": {"action": action}}], max_tokens=16, methods=["text"])
        run = audited(folder, drawn.files, made)
        check_nowhere(run, drawn.planted, but=SOURCES)
        check_quotes(run)


@pytest.mark.parametrize("action", ["placeholder", "mask", "reject"])
def test_a_heading_a_file_name_apart_shows_no_value_either(action: str) -> None:
    text = "# Desk of anna.weber@example.org\n\n## How do I call +49 30 90180004?\n\nA relief valve is a part that "
    text += "opens when the tank is full.\n"
    with workspace() as folder:
        run = audited(
            folder, {"desk.md": text, "desk.txt": text}, recipe(passages=[{"pii": {"action": action}}], max_tokens=24)
        )
        check_nowhere(run, ("anna.weber@example.org", "+49 30 90180004"), but=SOURCES)


@pytest.mark.parametrize("stage", ["documents", "passages"])
@pytest.mark.parametrize("action", ["placeholder", "mask", "reject"])
def test_a_secret_is_nowhere_either(action: str, stage: str) -> None:
    password, key = "qH17-9bC!x", "sk-" + "Zk7qT2mW9xR4" * 3
    text = f"# Password: {password}\n\n## How do I log in?\n\nSet DB_PASS={password}, or use the key {key}.\n\n"
    text += "A relief valve is a part that opens when the tank is full.\n"
    filters: Any = {stage: [{"secrets": {"action": action}}]}
    with workspace() as folder:
        run = audited(folder, {"login.md": text, "login.txt": text}, recipe(**filters, max_tokens=24))
        check_nowhere(run, (password, key), but=SOURCES)


def test_a_file_that_cannot_be_read_is_named_without_its_words(tmp_path: Path) -> None:
    broken = '{"text": "mail anna.weber@example.org"\n{"note": "bob.ng7@example.org"}\n'
    run = audited(
        tmp_path, {"broken.jsonl": broken, "good.txt": "A drain valve opens when the tank is full."}, recipe()
    )
    assert len(list(ledger.entries(run, reason="ingest"))) == 2
    check_nowhere(run, ("anna.weber@example.org", "bob.ng7@example.org"), but=("\0",))
