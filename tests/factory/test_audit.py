"""The audit: numbers that are those of the tables, a page that agrees and can do nothing, checks that hold."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import Run, records, rejections, run
from factory.errors import CheckFailed, WrongRequest
from factory.foreign import audit_dataset
from factory.pipeline import audit as audited
from factory.stages.units import UNITS
from factory.views import checks, ledger
from factory.views.audit import CHAPTERS, audit, report, titles
from factory.views.histogram import bins, summary
from factory.views.outlines import outline
from factory.views.page import FOLDER, columns, percent, stack
from factory.views.visible import visible
from tests.corpora import finished, recipe, rows, workspace, write_documents, write_recipe

PUMP = """# The pump

The pump is a device that moves water from the cellar to the garden. The pump runs on 12 volts.

## Start the pump

To start the pump, do the following:

1. Open the valve.
2. Press the green button.
3. Wait until the lamp is on.

## Questions

### How long does the pump run?

The pump runs for two hours on one charge, and then stops by itself.
"""
VALVE = """# The valve

The valve is a part that closes the pipe when the pump stands still. It is made of brass.

Write to jane.roe@fernweir.com about the valve, or call her there on any day.
"""
FILES = {"pump.md": PUMP, "valve.md": VALVE, "broken.pdf": b"%PDF-1.4\nnothing more"} | {
    f"part-{n}.md": f"# Part {n}\n\nPart {n} is the piece of the pump that a fitter changes in week {n} of the year.\n"
    for n in range(6)
}
MADE = recipe(
    sources=[{"path": "documents", "name": "manual", "licence": "CC-BY-4.0"}],
    passages=["pii"], records=[{"length": {"min_chars": 20}}, "exact_dedup", "minhash_dedup"],
    export={"split": {"validation": 0.2, "test": 0.2}},
)  # fmt: skip


class Page(HTMLParser):
    """What a page holds: its tags with attributes, its text by tag, and the values marked as measures."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.measures: list[tuple[str, float]] = []
        self.words: list[str] = []
        self.inside: dict[str, str] = {}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        self._open = tag
        if "data-measure" in found:
            self.measures.append((str(found["data-measure"]), json.loads(found["value"] or "")))

    def handle_data(self, data: str) -> None:
        if self._open in ("style", "script"):
            self.inside[self._open] = self.inside.get(self._open, "") + data
            self._open = ""
        self.words.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def page_of(done: Run) -> Page:
    return Page((done.path / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def done() -> Iterator[Run]:
    """A small run, exported and audited; no test changes it."""
    with workspace() as folder:
        made = finished(folder, FILES, MADE)
        audit(made, checks=["quotes.broken == 0", "rows.total > 1e6"])
        yield made


@pytest.fixture
def folder() -> Iterator[Path]:
    with workspace() as made:
        yield made


def found(made: Run) -> dict[str, dict[str, Any]]:
    return {finding["id"]: finding for finding in report(made)["findings"]}


# --- the report


def fits(value: Any, schema: Mapping[str, Any]) -> None:
    """Check what report.schema.json uses of JSON Schema."""
    types = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}
    wanted = schema.get("type", [])
    for name in [wanted] if isinstance(wanted, str) else []:
        assert isinstance(value, types[name]), (value, name)
    assert "const" not in schema or value == schema["const"]
    assert "enum" not in schema or value in schema["enum"]
    assert len(value) <= schema.get("maxItems", 1e9) if isinstance(value, list) else True
    if isinstance(value, list):
        for item in value:
            fits(item, schema.get("items", {}))
    if isinstance(value, dict):
        _fits_object(value, schema)


def _fits_object(value: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    assert set(schema.get("required", ())) <= set(value)
    for name, item in value.items():
        patterns = [its for form, its in schema.get("patternProperties", {}).items() if re.search(form, name)]
        its = schema.get("properties", {}).get(name) or next(iter(patterns), schema.get("additionalProperties", {}))
        assert its is not False, f"{name} is not in the schema"
        fits(item, its)


def test_the_report_has_the_published_form(done: Run) -> None:
    schema = json.loads((FOLDER / "report.schema.json").read_text(encoding="utf-8"))
    assert set(schema["properties"]) == set(schema["required"]), "every key is always there"
    fits(done.report(), schema)
    with pytest.raises(AssertionError):
        fits({**done.report(), "host": "mine"}, schema)


def test_measures_are_those_of_the_tables(done: Run) -> None:
    measures = done.report()["measures"]
    exported = {kind: rows(done.path / "dataset" / kind) for kind in done.kinds}
    quotes = [quote for its in exported.values() for row in its for quote in json.loads(row["meta"])["quotes"]]
    lost = list(ledger.entries(done))
    assert measures["records.kept"] == measures["rows.total"] == sum(map(len, exported.values()))
    assert {kind: measures[f"records.{kind}"] for kind in exported} == {
        kind: len(its) for kind, its in exported.items()
    }
    assert measures["documents.kept"] == len(rows(done.path / "documents")) == 8
    assert measures["quotes.checked"] == len(quotes) > 0
    assert measures["rejected.total"] == len(lost)
    assert measures["rejected.ingest"] == 1
    assert measures["pii.edits"] == 1
    sizes = [len(records.joined(kind, row).encode()) for kind, its in exported.items() for row in its]
    assert measures["tokens.total"] == sum(-(-size // 4) for size in sizes)


def test_coverage_counts_each_quoted_character_once(done: Run) -> None:
    quoted: set[tuple[str, int]] = set()
    for row in rows(done.path / "dataset/sft"):
        for quote in json.loads(row["meta"])["quotes"]:
            quoted |= {(quote["document"], at) for at in range(quote["start"], quote["end"])}
    counts = done.report()["chapters"]["coverage"]
    assert counts["characters"]["quoted"] == len(quoted) > 0
    assert counts["characters"]["kept"] == sum(row["end"] - row["start"] for row in rows(done.path / "passages"))


def test_the_page_and_the_json_agree(done: Run) -> None:
    page, measures = page_of(done), done.report()["measures"]
    assert {name: value for name, value in page.measures} == measures
    assert all(measures[name] == value for name, value in page.measures)
    assert done.report()["verdict"] in page.words


def test_every_finding_and_chapter_is_on_the_page(done: Run) -> None:
    page = page_of(done)
    text = "".join(page.words)
    for finding in done.report()["findings"]:
        assert finding["id"] in text
        assert finding["why"] in text
    ids = {attributes.get("id") for tag, attributes in page.tags if tag in ("section", "div")} - {None}
    fixed = {"rows", "findings", "checks", "measures", "not_looked_at"}
    assert {module.NAME for module in CHAPTERS} | fixed <= ids


def test_the_same_run_gives_the_same_bytes(done: Run, folder: Path) -> None:
    moved = folder / "elsewhere" / "run"
    shutil.copytree(done.path, moved)
    before = [(moved / name).read_bytes() for name in ("report.json", "report.html")]
    audit(Run(moved), checks=["quotes.broken == 0", "rows.total > 1e6"])
    assert [(moved / name).read_bytes() for name in ("report.json", "report.html")] == before
    assert all(str(done.path).encode() not in content for content in before)


def test_the_audit_changes_no_table(done: Run) -> None:
    def state() -> dict[str, bytes]:
        reports = ("report.json", "report.html")
        return {str(p): p.read_bytes() for p in done.path.rglob("*") if p.is_file() and p.name not in reports}

    before = state()
    audit(done, checks=["quotes.broken == 0", "rows.total > 1e6"])
    assert state() == before


# --- the page can do nothing


def test_the_page_asks_for_nothing_and_runs_only_its_own_script(done: Run) -> None:
    page = page_of(done)
    policy = next(str(a["content"]) for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        digest = base64.b64encode(hashlib.sha256(page.inside[tag].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
        assert page.count(tag) == 1
    assert "unsafe" not in policy
    for tag, attributes in page.tags:
        assert not {"src", "style", "action"} & set(attributes), tag
        assert not any(name.startswith("on") for name in attributes)
        assert str(attributes.get("href", "#")).startswith("#")


def test_links_lead_to_places_on_the_page(done: Run) -> None:
    page = page_of(done)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {str(a["href"])[1:] for _, a in page.tags if "href" in a} <= set(ids)
    assert all(a.get("aria-label") for tag, a in page.tags if tag == "svg" and a.get("role") == "img")


HOSTILE = """# <script>alert(1)</script>

The </script><script>alert(2)</script> is a thing that <img src=x onerror=alert(3)> does, and {{ 7 * 7 }} and ${7*7}.

The lever is a \u202egnihtemos\u202c that hides \u2066behind\u2069 its \u200bname. It has "quotes' and &lt; and
=cmd|' /C calc'!A0.
"""


def test_hostile_rows_do_nothing(folder: Path) -> None:
    made = finished(folder, {"<b onclick=x>.md": HOSTILE, "\u202egp.md": HOSTILE + "More of it.\n"}, MADE)
    audit(made)
    page, text = page_of(made), (made.path / "report.html").read_text(encoding="utf-8")
    assert (page.count("script"), page.count("img"), page.count("b")) == (1, 0, 0)
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", text)
    assert "⟨U+202E⟩gnihtemos⟨U+202C⟩" in text
    assert "{{ 7 * 7 }}" in text
    assert any("</script><script>alert(2)</script>" in words for words in page.words)


def test_marks_stand_for_what_is_not_seen() -> None:
    assert visible("a\x00b\u202ec\ufeffd\U000e0041e\x85f") == "a⟨U+0000⟩b⟨U+202E⟩c⟨U+FEFF⟩d⟨U+E0041⟩e⟨U+0085⟩f"
    assert visible("line\n\ttab, می\u200cخواهم, 👩\u200d🚀") == "line\n\ttab, می\u200cخواهم, 👩\u200d🚀"


def test_personal_data_and_rejected_text_are_never_shown(folder: Path) -> None:
    files = {"a.md": VALVE, "long.md": "# Long\n\n" + "Xyzzy is a word that nobody may see here. " * 40}
    made = finished(folder, files, {**MADE, "filter": [{"length": {"max_chars": 500}}]})
    audit(made)
    both = (made.path / "report.html").read_text(encoding="utf-8") + json.dumps(made.report())
    assert made.report()["chapters"]["personal_data"]["stages"]["passages"]["edits"] == {"pii.email": 1}
    assert "jane" not in both
    assert "roe@" not in both
    assert "Xyzzy" not in both
    assert "names of people, organisations, addresses without a word such as Street" in both


@pytest.mark.parametrize("stage", ["passages", "records"])
def test_what_stands_around_a_quote_is_shown_only_where_it_was_scrubbed_too(folder: Path, stage: str) -> None:
    text = PUMP.replace("## Questions", "Ask joe.bloggs@fernweir.com in the yard.\n\n## Questions")
    made = finished(folder, {"a.md": text}, methods=["extractive_qa"], **{stage: ["pii"]})
    told, page = audit(made), (made.path / "report.html").read_text(encoding="utf-8")
    assert told["chapters"]["rows"]["around_quotes"] == (stage == "passages")
    assert ("in the yard" in page) == (stage == "passages")
    assert "<mark>" in page
    assert "bloggs" not in page + json.dumps(told)


def test_a_page_stays_small_enough_to_mail(folder: Path) -> None:
    """10,000 rows of marks are cut to what fits."""
    hidden = "\u202e" * 200
    files = {f"{n:03}.md": f"# Gear {n}\n\nGear {n} turns the {n} wheel. {hidden * 40} {n * n}\n" for n in range(320)}
    made = finished(folder, files, {**MADE, "filter": []}, methods=["text"])
    audit(made)
    assert 1e6 < (made.path / "report.html").stat().st_size < 5e6
    shown = made.report()["chapters"]["rows"]
    assert 0 < shown["shown"] < 300 < shown["of"]


# --- findings


def test_a_clean_run_has_nothing_against_it(done: Run) -> None:
    assert {f["severity"] for f in done.report()["findings"]} <= {"info", "warning"}
    assert found(done)["ingest.rejected"]["count"] == 1
    assert "ingest." in found(done)["ingest.rejected"]["why"]
    assert found(done)["lengths.few_rows.sft"]["severity"] == "info"


def test_a_command_names_the_dataset_and_a_word_for_nothing_is_found(folder: Path) -> None:
    """What mends it can be pasted; no path of the machine stands in it."""
    file = folder / "my rows.jsonl"
    row = {"instruction": "Name valve {}.", "input": "<noinput>", "output": "It is called number {} of the lower pond."}
    rows = [{**row, **{key: row[key].format(n * n) for key in ("instruction", "output")}} for n in range(60)]
    rows[3] |= {"output": "<nooutput>"}
    file.write_text("".join(json.dumps(its) + "\n" for its in [*rows, rows[0]]), encoding="utf-8")
    found = {its["id"]: its for its in audit_dataset(file, into=folder / "audit", workers=1)["findings"]}
    assert "`factory filter 'my rows.jsonl' -f exact_dedup -o clean.jsonl`" in found["duplicates.exact"]["fix"]
    assert found["measured.format"]["rows"] == ["row:my rows.jsonl:0000004"]
    assert found["measured.format.flags"]["count"] == 60
    assert found["sources.no_licence"]["severity"] == "info"
    assert str(folder) not in (folder / "audit/report.json").read_text(encoding="utf-8")


def test_copies_are_found(folder: Path) -> None:
    files = {"a.md": PUMP, "b.md": PUMP.upper(), "c.md": PUMP + "One more line.\n", "d.md": VALVE}
    made = finished(folder, files, methods=["text"])
    findings, measures = found(made), report(made)["measures"]
    assert findings["duplicates.exact"]["count"] == 1
    assert measures["duplicates.exact.share"] == 0.25
    assert measures["duplicates.near.share"] == 0.5
    assert findings["duplicates.near"]["severity"] == "warning"
    assert measures["duplicates.across_splits"] == 0


def test_a_row_in_two_splits_is_an_error(folder: Path) -> None:
    made = finished(folder, {"a.md": PUMP, "b.md": VALVE}, methods=["text"])
    train = made.path / "dataset/text/train-00000.parquet"
    shutil.copy(train, train.with_name("test-00000.parquet"))
    findings = found(made)
    assert (
        findings["duplicates.across_splits"]["severity"] == findings["splits.shared_documents"]["severity"] == "error"
    )
    assert findings["duplicates.across_splits"]["count"] == 4
    assert findings["splits.shared_documents"]["count"] == 2
    assert report(made)["verdict"].startswith("Do not train yet: 2 errors")


def retold(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Rewrite a Parquet file, each row changed in place."""
    table = pq.ParquetFile(file).read()
    found_rows = table.to_pylist()
    for row in found_rows:
        change(row)
    pq.write_table(pa.Table.from_pylist(found_rows, schema=table.schema), file)


def with_quote(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(row: dict[str, Any]) -> None:
        meta = json.loads(row["meta"])
        meta["quotes"][0] |= changes
        row["meta"] = json.dumps(meta)

    return change


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "made up"},
        {"start": 0, "end": 5},
        {"start": 10**9, "end": 10**9 + 1},
        {"document": "0" * 12},
        {"edits": [{"start": 0, "end": 10**6, "kind": "pii.email", "replacement": ""}]},
    ],
)
def test_a_quote_that_does_not_stand_in_its_document_is_an_error(
    done: Run, folder: Path, changes: dict[str, Any]
) -> None:
    shutil.copytree(done.path, folder / "run")
    file = next((folder / "run/dataset/sft").glob("*.parquet"))
    retold(file, with_quote(**changes))
    made = Run(folder / "run")
    finding = found(made)["quotes.broken"]
    assert finding["severity"] == "error"
    assert finding["count"] == pq.read_metadata(file).num_rows == len(finding["rows"])


def test_an_empty_split_is_a_warning_unless_nobody_asked_for_it(folder: Path) -> None:
    made = finished(folder, {"a.md": PUMP}, methods=["text"])
    assert found(made)["splits.empty.text.test"]["severity"] == "warning"
    made = run(write_recipe(folder, methods=["text"], export={"split": {"validation": 0, "test": 0}}), until="export")
    assert not any(name.startswith("splits.empty") for name in found(made))


def test_sources_that_give_nothing_are_named(folder: Path) -> None:
    write_documents(folder / "good", {"a.md": PUMP})
    write_documents(folder / "bad", {"a.pdf": b"%PDF-1.4\nnothing more"})
    write_documents(folder / "foreign", {"a.md": VALVE})
    sources = [{"path": f"{name}/documents", "name": name} for name in ("good", "bad", "foreign")]
    sources[2]["licence"] = "CC-BY-NC-4.0"
    made = run(write_recipe(folder, sources=sources, documents=[{"policy": {"use": "commercial"}}]), until="export")
    findings = found(made)
    assert findings["sources.nothing_read.bad"]["severity"] == "warning"
    assert findings["sources.nothing_kept.foreign"]["severity"] == "info", "policy meant it"
    assert "policy." in findings["sources.nothing_kept.foreign"]["why"]
    assert findings["sources.no_licence"]["severity"] == "warning"
    assert "good" in findings["sources.no_licence"]["fix"]


def test_what_was_not_read_counts_at_its_source(folder: Path) -> None:
    lines = '{"text": "The first line is a text that is long enough."}\nno json\n{"text": 5}\n'
    write_documents(folder, {"faq.jsonl": lines, "more/faq.jsonl": lines})
    sources = [{"path": "documents/faq.jsonl"}, {"path": "documents/more"}]
    told = report(run(write_recipe(folder, sources=sources), until="export"))["chapters"]["sources"]["sources"]
    assert {name: (its["documents"], its["files_rejected"]) for name, its in told.items()} == {
        "faq.jsonl": (1, 2),
        "more": (1, 2),
    }


def test_a_source_that_another_filter_emptied_is_a_warning(folder: Path) -> None:
    for name in ("one", "two"):
        write_documents(folder / name, {"a.md": PUMP})
    sources = [{"path": f"{name}/documents", "name": name} for name in ("one", "two")]
    made = run(write_recipe(folder, sources=sources, documents=["exact_dedup"]), until="export")
    [name] = [name for name in found(made) if name.startswith("sources.nothing_kept.")]
    assert found(made)[name]["severity"] == "warning"
    silent = report(made)["chapters"]["coverage"]["without_rows"]
    assert silent["documents"][0]["reasons"] == {"exact_dedup.same_text": 1}


def with_a_failed_unit(done: Run, folder: Path, reason: str, detail: str) -> tuple[Run, str]:
    """A copy of a run in which one unit failed, and the unit's id in the ledger."""
    shutil.copytree(done.path, folder / "run")
    [file] = (folder / "run/units").glob("*.parquet")
    table = pq.ParquetFile(file).read().to_pylist()
    table[0] |= {"outcome": "failed", "reason": reason}
    pq.write_table(pa.Table.from_pylist(table, schema=UNITS), file)
    made = Run(folder / "run")
    id_ = f"{table[0]['unit']}/{table[0]['method']}"
    rejections.write(made, "generate", [{"id": id_, "place": "a.md", "reason": reason, "detail": detail}])
    return made, id_


def test_a_document_that_outweighs_the_others_is_named(folder: Path) -> None:
    few = {f"{n}.md": f"# Part {n}\n\nPart {n} is a piece of the pump.\n" for n in range(3)}
    long = "".join(f"# Step {n}\n\nIn step {n} a fitter turns the screw {n} times to the left.\n\n" for n in range(500))
    made = finished(folder, few | {"long.md": long}, methods=[{"text": {"max_tokens": 64}}], max_tokens=64)
    its, numbers = found(made)["sources.one_document"], report(made)["measures"]
    assert its["severity"] == "info"
    assert 0.25 * numbers["rows.total"] < its["count"] == numbers["rows.total"] - 3
    assert f"balance: {{caps: {{document: {its['count'] // 2}}}}}" in its["fix"]
    (folder / "documents/0.md").unlink()
    assert "sources.one_document" not in found(run(folder / "recipe.yaml", until="export")), "of three one has much"


def test_failed_units_are_a_warning(done: Run, folder: Path) -> None:
    made, id_ = with_a_failed_unit(done, folder, "llm.no_answer", "Nobody answered.")
    finding = found(made)["generate.units_failed"]
    assert (finding["severity"], finding["count"], finding["rows"]) == ("warning", 1, [id_])
    assert "mend it" in finding["fix"]
    assert "generate.plugin_failed" not in found(made)


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("dataset-factory", "a fault of dataset-factory itself, nothing that you can mend"),
        ("acme", "nothing that you can mend"),
    ],
)
def test_a_fault_of_a_plugin_is_told_as_nothing_that_its_user_can_mend(
    done: Run, folder: Path, package: str, said: str
) -> None:
    [method] = {row["method"] for row in rows(done.path / "units")[:1]}
    why = f"The generator raised ValueError at _x.py:7 ({method} of {package} 1.0)."
    made, id_ = with_a_failed_unit(done, folder, f"{method}.failed", why)
    finding = found(made)["generate.plugin_failed"]
    assert (finding["severity"], finding["count"], finding["rows"]) == ("warning", 1, [id_])
    assert finding["fix"].startswith(f"{said}: `factory ledger RUN --reason {method}.failed --rows` prints plugin")
    assert f"to the authors of {package};" in finding["fix"]
    assert "generate.units_failed" not in found(made)


def test_passages_that_no_row_comes_from_are_told(folder: Path) -> None:
    plain = {f"{n}.md": f"{n} {n} {n} and so on, on and on for {n} times" for n in range(3)}
    made = finished(folder, {"a.md": PUMP, **plain}, methods=["extractive_qa"])
    finding = found(made)["coverage.sft"]
    assert (finding["severity"], finding["count"]) == ("info", 3)
    assert report(made)["measures"]["coverage.documents"] == 0.25
    assert report(made)["chapters"]["coverage"]["without_rows"]["count"] == 3


def test_the_map_counts_what_was_made_and_kept_of_each_passage(done: Run) -> None:
    mapped = done.report()["chapters"]["coverage"]["map"]
    spots = {spot["id"]: spot for its in mapped["listed"] for spot in its["passages"]}
    assert spots.keys() == {row["id"] for row in rows(done.path / "passages")}
    assert mapped["documents"] == len(mapped["listed"]) == len({id_.split("/")[0] for id_ in spots})
    made = [row for kind in ("text", "sft") for row in rows(done.path / "records" / kind)]
    of = [[name for name in json.loads(row["meta"])["parents"] if name in spots] for row in made]
    assert {id_: spot["made"] for id_, spot in spots.items()} == {id_: sum(id_ in its for its in of) for id_ in spots}
    gone = {row["id"] for row in rows(done.path / "verdicts/records") if row["outcome"] == "reject"}
    kept = [its for row, its in zip(made, of, strict=True) if not row["reason"] and row["id"] not in gone]
    assert {id_: spot["kept"] for id_, spot in spots.items()} == {id_: sum(id_ in its for its in kept) for id_ in spots}


def test_a_sentence_is_cited_where_a_kept_row_quotes_of_it(folder: Path) -> None:
    made = finished(folder, {"a.md": PUMP, "b.md": VALVE}, methods=["extractive_qa"], passages=["pii"])
    counts = report(made)["chapters"]["coverage"]
    assert 0 < counts["sentences"]["cited"] < counts["sentences"]["all"]
    assert report(made)["measures"]["coverage.sentences"] == pytest.approx(
        counts["sentences"]["cited"] / counts["sentences"]["all"], abs=1e-6
    )
    audit(made, checks=[])
    page = (made.path / "report.html").read_text(encoding="utf-8")
    told = page.split("Cited by no row")[1].split("</details>")[0]
    assert "moves water from the cellar" in told  # no question was made of it
    assert "on one charge" not in told
    assert "jane.roe" not in page


def test_the_map_says_why_the_rows_of_a_passage_were_lost(folder: Path) -> None:
    made = finished(folder, {"a.md": PUMP}, methods=["extractive_qa"], records=[{"length": {"min_chars": 100}}])
    [document] = report(made)["chapters"]["coverage"]["map"]["listed"]
    [spot] = document["passages"]
    assert spot["lost"] == {"length.too_short": spot["made"] - spot["kept"]}
    assert spot["made"] > spot["kept"]


def test_sentences_that_no_row_cites_are_shown_only_where_they_were_scrubbed(folder: Path) -> None:
    made = finished(folder, {"a.md": PUMP, "b.md": VALVE}, methods=["extractive_qa"], records=["pii"])
    audit(made, checks=[])
    assert "Cited by no row" not in (made.path / "report.html").read_text(encoding="utf-8")


def test_without_a_pii_filter_the_report_says_so(folder: Path) -> None:
    made = finished(folder, {"a.md": VALVE}, methods=["text"])
    told = audit(made, checks=["pii.share == 0"])
    assert found(made)["personal_data.not_looked_for"]["severity"] == "warning"
    assert "pii.share" not in told["measures"]
    assert told["checks"] == [{"check": "pii.share == 0", "value": None, "holds": False}], "nobody looked"
    assert "No pii filter ran." in page_of(made).words


@pytest.mark.parametrize(("action", "share", "left_in"), [("flag", 1, 1), ("reject", 0, 0), ("mask", 0, 0)])
def test_personal_data_is_counted_by_what_became_of_it(folder: Path, action: str, share: float, left_in: int) -> None:
    made = finished(
        folder, {"a.md": VALVE}, passages=[{"scrub": {"plugin": "pii", "action": action}}], methods=["text"]
    )
    measures = report(made)["measures"]
    assert (measures["pii.found.share"], measures["pii.share"], measures["pii.left_in"]) == (1, share, left_in)
    assert ("personal_data.left_in" in found(made)) == bool(left_in)


@pytest.mark.parametrize(("action", "left_in"), [("flag", 1), ("reject", 0)])
def test_secrets_are_counted_apart_and_never_shown(folder: Path, action: str, left_in: int) -> None:
    text = "# Pump\n\nSet DB_PASS=qH17-9bC!x before the pump starts.\n"
    made = finished(folder, {"a.md": text}, passages=[{"secrets": {"action": action}}], methods=["text"])
    told = report(made)
    assert told["chapters"]["personal_data"]["secrets"]["types"] == ["secrets.password"]
    assert (told["measures"]["secrets.found.share"], told["measures"]["secrets.left_in"]) == (1, left_in)
    assert ("secrets.left_in" in found(made)) == bool(left_in)
    assert "qH17-9bC!x" not in json.dumps(told)


def test_that_no_secrets_filter_ran_is_said(folder: Path) -> None:
    made = finished(folder, {"a.md": VALVE}, passages=["pii"], methods=["text"])
    told = report(made)
    assert "passwords, keys and tokens (no secrets filter ran)" in told["chapters"]["personal_data"]["not_looked_for"]
    assert "secrets.share" not in told["measures"]


def test_what_the_recipe_left_out_is_said_and_not_which_values_may_stay(folder: Path) -> None:
    options = {"types": ["phone"], "allow": ["020 7946 0112"]}
    made = finished(folder, {"a.md": VALVE}, passages=[{"pii": options}], methods=["text"])
    told = report(made)["chapters"]["personal_data"]["only"]
    assert told == {"pii on passages": "only phone; 1 value allowed"}


def test_what_was_found_is_told_by_source_with_outlines_and_what_was_looked_for(folder: Path) -> None:
    desk = "Ask li.ng@example.org or joe@example.com.\n"
    files = {"a/valve.md": f"{VALVE}\nIt is part of tank 17.\n", "b/desk.md": desk}
    sources = [{"path": "documents/a", "name": "manual"}, {"path": "documents/b", "name": "desk"}]
    scrub = {"pii": {"types": ["email", "phone"], "patterns": {"tank": "tank [0-9]+"}}}
    made = finished(folder, files, sources=sources, passages=[scrub], methods=["text"])
    told = audit(made)["chapters"]["personal_data"]
    assert told["stages"]["passages"]["sources"] == {
        "desk": {"pii.email": 2},
        "manual": {"pii.email": 1, "pii.tank": 1},
    }
    assert told["outlines"] == {
        "pii.email": ["j•••@•••.com", "l•••@•••.org"],
        "pii.tank": ["••• •••"],
    }
    assert told["looked_for"] == {"pii on passages": ["email", "phone", "tank"]}
    assert "j•••@•••.com" in page_of(made).words
    assert "fernweir.com" not in (made.path / "report.html").read_text(encoding="utf-8") + json.dumps(told)


@given(value=st.text(min_size=1))
def test_an_outline_is_signs_and_gaps_alone(value: str) -> None:
    shown = outline(value)
    left = shown[1:].rpartition("@•••.")[0] if "@•••." in shown else shown
    assert not any(sign.isalnum() for sign in left)
    assert outline(f"x{value}") == outline(f"xyz{value}"), "not even how long it is"


def test_a_run_without_an_export_is_no_dataset(folder: Path) -> None:
    write_documents(folder, {"a.md": PUMP})
    made = run(write_recipe(folder), until="generate")
    assert found(made)["export.not_done"]["severity"] == "error"
    audit(made)
    assert page_of(made).count("details") > 0


def test_an_export_without_rows_is_an_error(folder: Path) -> None:
    made = finished(folder, {"a.md": PUMP}, records=[{"length": {"min_chars": 10**6}}])
    assert found(made)["splits.no_rows"]["severity"] == "error"
    audit(made)


# --- checks


@pytest.mark.parametrize("sign", ["==", "!=", "<", "<=", ">", ">="])
def test_a_check_compares(sign: str) -> None:
    measures = {"a.b": 1.5}
    held = [checks.parse(f"a.b {sign} {number}").holds(measures["a.b"]) for number in ("1", "1.5", "2e0")]
    wanted = {"==": [0, 1, 0], "!=": [1, 0, 1], "<": [0, 0, 1], "<=": [0, 1, 1], ">": [1, 0, 0], ">=": [1, 1, 0]}
    assert held == list(map(bool, wanted[sign]))


@pytest.mark.parametrize("text", ["", "pii.share", "pii.share = 0", "pii.share == none", "0 == 0 == 0", "a.b < 1; rm"])
def test_what_is_no_check_is_a_wrong_request(done: Run, text: str) -> None:
    with pytest.raises(WrongRequest, match="is not a check"):
        report(done, checks=[text])


def test_an_unknown_measure_names_the_nearest(done: Run) -> None:
    with pytest.raises(WrongRequest, match=re.escape("Did you mean 'duplicates.near.share'?")):
        report(done, checks=["duplicate.near.share < 0.1"])


def test_a_failed_check_stops_after_the_report_is_written(folder: Path) -> None:
    write_documents(folder, FILES)
    file = write_recipe(folder, {**MADE, "audit": {"checks": ["rows.total > 0", "quotes.checked == 0"]}})
    with pytest.raises(CheckFailed, match=r"quotes\.checked == 0"):
        run(file)
    told = Run(folder / "run").report()
    assert [check["holds"] for check in told["checks"]] == [True, False]
    assert told["verdict"].startswith("Do not train yet: ")
    with pytest.raises(CheckFailed, match=r"2 of 3 .*rows\.total == 0"):
        audited(folder / "run", checks=["rows.total == 0"])  # on top of the recipe's own


# --- what the command line says of it


def finding(severity: str, title: str, count: int = 1) -> dict[str, Any]:
    return {"severity": severity, "title": title, "count": count}


def test_errors_and_warnings_are_told_in_a_line_each() -> None:
    told = [finding("error", "Nothing is exported"), finding("warning", "Rows repeat", 1200), finding("info", "Few")]
    assert list(titles(told)) == ["error    Nothing is exported", "warning  Rows repeat × 1,200"]
    assert list(titles([finding("info", "Few")])) == []


def test_of_many_some_are_told_and_the_rest_counted() -> None:
    told = list(titles([finding("warning", f"The {nth}.") for nth in range(7)]))
    assert told[-2:] == ["warning  The 4.", "and 2 more, in the report"]
    assert len(list(titles([finding("warning", "")] * 5))) == 5


def test_a_title_moves_no_cursor() -> None:
    assert list(titles([finding("warning", "The filter \x1b[2J")])) == ["warning  The filter ⟨U+001B⟩[2J"]


# --- charts


def test_lengths_are_told_by_lengths_that_occur() -> None:
    import numpy as np

    lengths = np.array([1, 2, 3, 4, 100], np.int64)
    told = summary(lengths)
    assert told == {
        "count": 5,
        "total": 110,
        "mean": 22.0,
        "min": 1,
        "p25": 2,
        "median": 3,
        "p75": 4,
        "p95": 4,
        "max": 100,
    }
    assert sum(its["count"] for its in bins(lengths)) == 5
    assert all(left["to"] == right["from"] for left, right in zip(bins(lengths), bins(lengths)[1:], strict=False))
    assert (summary(lengths[:0]), bins(lengths[:0])) == ({"count": 0, "total": 0}, [])
    assert max(column["height"] for column in columns(bins(lengths))) == 100


def test_a_bar_is_as_wide_as_its_parts() -> None:
    assert stack({"kept": 1, "edited": 0, "rejected": 3}, 4) == [
        {"name": "kept", "x": 0.0, "width": 25.0},
        {"name": "rejected", "x": 25.0, "width": 75.0},
    ]
    assert stack({"kept": 0}, 0) == []
    assert [percent(x) for x in (0, 0.0001, 0.0312, 1)] == ["0 %", "< 0.1 %", "3.1 %", "100 %"]
