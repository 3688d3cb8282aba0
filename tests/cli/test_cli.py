"""The command line: help that teaches, results on stdout, words on stderr, and an exit code for each fate."""

import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from factory import Run, __version__
from factory.cli.looking import LONGEST
from factory.cli.steps import lines as table_of
from factory.reasons import words
from factory.views.show import SIDES, changed
from tests.cli.conftest import COMMAND, Ended, environment, factory
from tests.corpora import contents
from tests.corpora import finished as finished_run

VERBS = (
    "run", "ingest", "generate", "filter", "export", "train", "evaluate", "suspect", "compare", "audit", "diff", "show",
    "trace", "ledger", "verify", "prompts", "journal", "forget", "clean", "plugins", "init", "schema",
    "doctor",
)  # fmt: skip
ELSEWHERE = (  # they need an extra, a model, two datasets: tested elsewhere
    "train", "evaluate", "suspect", "compare", "diff", "prompts", "journal",
)  # fmt: skip
HEAVY = (
    "pyarrow",
    "datasets",
    "presidio_analyzer",
    "numpy",
    "kreuzberg",
    "duckdb",
    "torch",
    "openai",
    "rich",
    "pandas",
)
RUN = "runs/quickstart"


def record_id(folder: Path) -> str:
    return next(
        line for line in factory("show", RUN, "--ids", "--method", "extractive_qa", cwd=folder).out.splitlines()
    )


# --- help


def test_help_names_every_verb_and_the_first_command_to_type(tmp_path: Path) -> None:
    said = factory("--help", cwd=tmp_path).out
    assert "factory run quickstart" in said
    assert [line.split()[0] for line in said.split("Commands:")[1].splitlines() if line.strip()] == list(VERBS)


def test_no_verb_shows_the_help(tmp_path: Path) -> None:
    ended = factory(cwd=tmp_path)
    assert "Commands:" in ended.out + ended.err
    assert ended.code in (0, 2)


@pytest.mark.slow
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ELSEWHERE])
def test_the_example_in_the_help_of_each_verb_runs(copy: Path, verb: str) -> None:
    said = factory(verb, "--help", cwd=copy).out
    [example] = re.findall(r"Example: factory (.*)", said)
    assert example.split()[0] == verb
    (copy / "recipe.yaml").write_text((copy / RUN / "recipe.yaml").read_text())
    (copy / "docs").mkdir()
    (copy / "docs/pump.md").write_text("A pump moves water from a pond into a garden.\n")
    (copy / "alpaca.jsonl").write_text('{"instruction": "Name a part of the pump.", "output": "The valve."}\n')
    example = example.replace("runs/handbook", RUN).replace("3f9a0c11d2e4/extractive_qa/0", record_id(copy))
    ended = factory(*shlex.split(example), cwd=copy)
    assert ended.code == 0, ended.err


@pytest.mark.parametrize("verb", VERBS)
def test_help_fits_a_narrow_terminal_with_its_example_in_one_piece(tmp_path: Path, verb: str) -> None:
    shown = subprocess.run(
        [COMMAND, verb, "--help"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert max(map(len, shown.splitlines())) <= 80
    example = next(line for line in shown.splitlines() if "Example: " in line)
    assert shlex.split(example)
    following = shown.splitlines()[shown.splitlines().index(example) + 1]
    assert not following.strip()


# --- what is loaded


def loaded_by(*args: str, cwd: Path) -> tuple[int, set[str]]:
    """The exit code and the heavy modules that a command had loaded at its end."""
    script = (
        "import sys\n"
        "from factory.cli import main\n"
        f"sys.argv = ['factory', *{list(args)!r}]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    code = end.code or 0\n"
        f"print('LOADED', code, *sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=cwd, capture_output=True, text=True, check=True)
    code, *modules = ended.stderr.rsplit("LOADED ", 1)[1].split()
    return int(code), set(modules)


@pytest.mark.parametrize("args", [["--help"], *([verb, "--help"] for verb in VERBS)])
def test_help_loads_nothing_heavy(tmp_path: Path, args: list[str]) -> None:
    assert loaded_by(*args, cwd=tmp_path) == (0, set())


def test_a_run_that_is_up_to_date_does_nothing_and_loads_no_parser_and_no_trainer(finished: Path) -> None:
    code, modules = loaded_by("run", "quickstart", cwd=finished)
    assert code == 0
    assert modules.isdisjoint({"presidio_analyzer", "kreuzberg", "datasets", "torch", "openai", "duckdb", "rich"})
    ended = factory("run", "quickstart", cwd=finished)
    assert ended.err.startswith("Nothing to do: runs/quickstart is up to date.\n")


# --- stdout and stderr


def test_a_run_prints_its_paths_and_tells_the_rest_on_stderr(first_run: tuple[Path, Ended]) -> None:
    folder, ended = first_run
    assert ended.code == 0
    paths = ended.out.splitlines()
    assert paths == [f"{RUN}/{name}" for name in ("dataset", "exports/messages", "report.html", "report.json")]
    assert all((folder / path).exists() for path in paths)
    lines = ended.err.splitlines()
    said = [line.split("  ")[0] for line in lines[: lines.index("")] if not line.startswith(" ")]
    assert said == [
        "ingest", "filter documents", "split", "filter passages", "generate", "filter records", "export", "audit",
    ]  # fmt: skip
    assert "ingest.corrupt_pdf 1" in ended.err
    assert lines[-1].startswith(f"Next: factory show {RUN} records")


def test_a_run_names_its_warnings_and_sends_to_the_report(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("A pump moves water.")
    (tmp_path / "r.yaml").write_text("run: r\nsources: [{path: docs}]\ngenerate: {methods: [text]}\n")
    ended = factory("run", "r.yaml", cwd=tmp_path)
    report = json.loads((tmp_path / "r/report.json").read_text())
    warnings = [its["title"] for its in report["findings"] if its["severity"] == "warning"]
    lines = ended.err.splitlines()
    at = next(nth for nth, line in enumerate(lines) if line.startswith("audit "))
    assert [line.split("  ")[-1] for line in lines[at + 1 : lines.index("", at)]] == warnings
    assert lines[-1] == "Next: open r/report.html   (or factory show r records)"
    again = factory("audit", "r", cwd=tmp_path)
    assert again.err.splitlines() == [report["verdict"], *(f"  warning  {title}" for title in warnings)]


def test_nothing_in_a_pipe_is_coloured_or_redrawn(first_run: tuple[Path, Ended]) -> None:
    _, ended = first_run
    assert "\x1b" not in ended.out + ended.err
    assert "\r" not in ended.out + ended.err


def test_a_terminal_sees_bars_that_go_and_lines_that_stay(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("A pump moves water.")
    (tmp_path / "r.yaml").write_text("run: r\nsources: [{path: docs}]\ngenerate: {methods: [text]}\n")
    ours, theirs = pty.openpty()
    env = {**environment(), "TERM": "xterm"}
    process = subprocess.Popen(
        [COMMAND, "export", "r.yaml"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:  # how a terminal says that nobody is left to write
            break
        if not piece:
            break
        shown += piece
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0
    assert out == b"r/dataset\n"
    assert b"\x1b[" in shown
    assert b"1 document from 1 file" in shown


@pytest.mark.parametrize(
    "args",
    [
        ["run", "quickstart"],
        ["ingest", "quickstart"],
        ["generate", "quickstart"],
        ["filter", "quickstart"],
        ["export", "quickstart"],
        ["audit", RUN],
        ["show", RUN],
        ["show", RUN, "documents"],
        ["show", RUN, "passages"],
        ["show", RUN, "records"],
        ["show", RUN, "records", "--ids"],
        ["ledger", RUN],
        ["ledger", RUN, "--rows"],
        ["ledger", RUN, "--rows", "--reason", "nothing.of.this"],
        ["verify", RUN],
        ["plugins"],
        ["plugins", "pii"],
    ],
    ids=" ".join,
)
def test_json_is_one_value_on_stdout(finished: Path, args: list[str]) -> None:
    ended = factory(*args, "--json", cwd=finished)
    assert ended.code == 0, ended.err
    json.loads(ended.out)


def test_a_trace_in_json_leads_back_to_the_document(finished: Path) -> None:
    found = json.loads(factory("trace", RUN, record_id(finished), "--json", cwd=finished).out)
    assert found["kept"]
    [quote, *_] = found["quotes"]
    assert quote["text"]
    assert quote["path"].startswith(("handbook/", "support/"))


@pytest.mark.parametrize("table", ["records", "passages", "documents"])
def test_a_row_of_any_table_is_traced(finished: Path, table: str) -> None:
    [id_, *_] = factory("show", RUN, table, "--ids", cwd=finished).out.splitlines()
    ended = factory("trace", RUN, id_, cwd=finished)
    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"{id_}  ")


def test_the_json_of_a_run_is_what_python_gives(finished: Path) -> None:
    said = json.loads(factory("run", "quickstart", "--json", cwd=finished).out)
    assert said["did"] == []
    assert said["run"] == RUN
    export = said["waterfall"][-1]
    rows = Run(finished / RUN).counts("export")["rows"]
    assert export["kept"] == sum(sum(splits.values()) for splits in rows.values())


@pytest.mark.parametrize(
    "args", [["ledger", RUN, "--rows"], ["show", RUN, "records", "-n", "99"], ["show", RUN, "--ids"]], ids=" ".join
)
def test_a_reader_that_leaves_is_no_error(finished: Path, args: list[str]) -> None:
    line = f"{shlex.join([COMMAND, *args])}; echo $? >&2"
    ended = subprocess.run(f"({line}) | head -1", shell=True, cwd=finished, capture_output=True, text=True, check=True)  # noqa: S602 # ours
    assert ended.stdout.count("\n") == 1
    assert ended.stderr in ("0\n", f"Every entry: factory ledger {RUN} --rows\n0\n")


# --- looking


def test_show_ids_are_those_of_the_exported_rows(finished: Path) -> None:
    from tests.corpora import rows

    ids = factory("show", RUN, "--ids", cwd=finished).out.split()
    assert sorted(ids) == sorted(row["id"] for row in rows(finished / RUN / "dataset"))


def test_what_show_is_asked_for_and_there_is_not_is_refused_with_what_there_is(finished: Path) -> None:
    for args, said in (
        (
            ["recrods"],
            "There is no table 'recrods'. Did you mean 'records'? There are: documents, passages, records.\n",
        ),
        (["--kind", "stf"], "There is no kind 'stf'. Did you mean 'sft'? There are: text, sft.\n"),
        (["--method", "texts"], "There is no method 'texts'. Did you mean 'text'? There are: extractive_qa, text.\n"),
    ):
        assert factory("show", RUN, *args, cwd=finished) == Ended(2, "", said)


def test_rows_are_drawn_from_all_and_the_same_seed_draws_the_same(finished: Path) -> None:
    def ids(*args: str) -> list[str]:
        return factory("show", RUN, "records", "--ids", *args, cwd=finished).out.splitlines()

    every = ids()
    drawn = ids("--random", "9")
    assert drawn == ids("--random", "9", "--seed", "0")
    assert set(drawn) < set(every)
    assert len(set(drawn)) == 9
    assert drawn != every[:9]
    assert drawn != ids("--random", "9", "--seed", "1")
    assert sorted(ids("--random", str(len(every) + 1))) == sorted(every)
    for args, said in ((["--seed", "1"], "--seed: it draws"), (["--random", "3", "-n", "3"], "--limit: --random says")):
        ended = factory("show", RUN, "records", *args, cwd=finished)
        assert (ended.code, ended.err.startswith(said)) == (2, True)


def test_rows_of_a_form_are_shown_with_what_was_changed_in_them(tmp_path: Path) -> None:
    asked = "".join(
        f"## How long does an {name} press dry?\n\nAn {name} press dries for {n} minutes, and then it stops.\n\n"
        for n, name in enumerate(("Orlo", "Ursa", "Ibex"), 9)
    )
    made = finished_run(
        tmp_path, {"a.md": f"# Presses\n\n{asked}## Notes\n\nNone.\n"}, methods=[{"contrast": {"changes": ["number"]}}]
    )
    shown = factory("show", str(made.path), "--form", "faq", "-n", "1", cwd=tmp_path).out.splitlines()
    assert "method: contrast" in shown
    assert "form: faq" in shown
    assert re.fullmatch(
        r"changed: number: '\d+' became '\d+'", next(line for line in shown if line.startswith("changed"))
    )
    ended = factory("show", str(made.path), "--form", "fax", cwd=tmp_path)
    assert ended.err == "There is no form 'fax'. Did you mean 'faq'? There are: faq.\n"


def test_what_was_changed_is_told_in_words_only_where_no_filter_moved_them() -> None:
    def pair(**meta: object) -> dict[str, Any]:
        sides = {
            side: [{"role": "assistant", "content": f"It has {n} lids."}] for side, n in zip(SIDES, "58", strict=True)
        }
        return {"kind": "preference", **sides, "meta": meta}

    change = {"kind": "number", "chosen": [7, 8], "rejected": [7, 8]}
    assert changed(pair(change=change)) == "number: '5' became '8'"
    assert changed(pair(change=change, edits=[{"field": "chosen[0].content"}])) == "number"
    assert changed(pair(change={"kind": "near", "passage": "d/0001", "start": 3, "end": 9})) == "near"
    assert changed(pair(fault="step_dropped")) == "step_dropped"
    assert changed(pair(change="a stranger's word")) == "a stranger's word"
    assert changed(pair(form="faq")) == changed({**pair(change=change), "kind": "sft"}) == ""


def test_the_ledger_narrows_down_by_reason_and_stage(finished: Path) -> None:
    everything = json.loads(factory("ledger", RUN, "--json", cwd=finished).out)
    assert everything["ingest.corrupt_pdf"] == 1
    assert everything["policy.non_commercial"] == 1
    assert json.loads(factory("ledger", RUN, "--reason", "ingest", "--json", cwd=finished).out) == {
        "ingest.corrupt_pdf": 1
    }
    [entry] = json.loads(factory("ledger", RUN, "--stage", "filter.documents", "--rows", "--json", cwd=finished).out)
    assert (entry["by"], entry["reason"]) == ("policy", "policy.non_commercial")
    ended = factory("ledger", RUN, "--stage", "filter.document", cwd=finished)
    assert ended.code == 2
    assert "Did you mean 'filter.documents'?" in ended.err


def test_the_table_and_the_ledger_say_what_reasons_mean(finished: Path) -> None:
    said = words("ingest.corrupt_pdf", "ingest")
    assert said.means
    table = factory("show", RUN, cwd=finished).out.splitlines()
    assert [line for line in table if line.startswith("ingest.corrupt_pdf ") and line.endswith(f"  {said.means}")]
    [copies] = [line.split() for line in table if line.startswith("filter.passages  minhash_dedup")]
    assert copies[-3:] == ["3", "minhash_dedup.near_copy", "3"]  # the reasons add up to what was rejected
    ledger = factory("ledger", RUN, "--reason", "ingest", cwd=finished).out.splitlines()
    assert ledger == [f"{1:>9}  ingest.corrupt_pdf  {said.means}", f"{'':<11}To do: {said.do}"]


STEP = {"stage": "generate", "by": "contrast", "of": "units", "gives": "records", "edited": 0}


def test_what_was_never_a_record_does_not_stand_among_the_rejected() -> None:
    reasons = {"contrast.nothing_to_change": 11, "contrast.nothing_yielded": 60, "contrast.too_long": 2}
    unmade = {"contrast.nothing_to_change": 11, "contrast.nothing_yielded": 60}
    counts = {"read": 69, "kept": 7, "rejected": 2, "made": 3, "empty": 65, "failed": 1}
    [_, line, *_] = table_of([STEP | counts | {"reasons": reasons, "unmade": unmade}])
    assert line.endswith(
        "65 units gave nothing; 1 unit failed; contrast.too_long 2; not made: contrast.nothing_to_change 11"
    )


def test_plugins_say_what_they_take(finished: Path) -> None:
    said = factory("plugins", "length", cwd=finished).out
    assert said.startswith("length (filters, from dataset-factory)\n")
    assert "  min_chars (int or None, default 1)" in said
    ended = factory("plugins", "lenght", cwd=finished)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("There is no plugin 'lenght'. Did you mean 'length'?")


# --- exit codes


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["run", "nothing.yaml"], "There is no recipe file nothing.yaml."),
        (
            ["run", "quickstart", "--set", "generate.targets=3"],
            "--set generate.targets=3: unknown key 'generate.targets'. Did you mean 'target'?",
        ),
        (["show", "nowhere"], "nowhere is not a run of dataset-factory"),
        (["audit", "nowhere"], "There is no nowhere."),
        (["audit", RUN, "--recipe", "mine.yaml"], f"{RUN} is a run: -o, --map"),
        (["audit", "rows.jsonl", "--recipe", "quickstart"], "--recipe says whose models a filter asks."),
        (["filter", RUN, "-f", "pii"], f"{RUN} is a recipe or a run: -f, -o and --map are for datasets."),
        (["filter", "mine.yaml", "-f", "pii"], "mine.yaml is a recipe or a run: -f, -o and --map are for datasets."),
        (["filter", "rows.jsonl", "-f", "pii", "-o", "left.jsonl", "--set", "seed=1"], "--set: of a dataset"),
        (["export", RUN, "--seed", "0", "-o", "out"], "-o, --seed: only --review N takes it"),
        (["export", RUN, "--review", "2", "--push-to-hub", "a/b"], "--push-to-hub: --review only writes rows"),
        (["show", RUN, "documents", "--kind", "sft"], "--kind: only records have one."),
        (["run", "quickstart", "--preview", "1", "--estimate"], "--estimate: a preview takes none of them."),
        (["run", "quickstart", "--forget-documents", "--limit", "1"], "--limit: --forget-documents goes with a whole"),
        (
            ["trace", RUN, "x"],
            f"{RUN} has no record, passage or document 'x'. List the records with: factory show {RUN} --ids",
        ),
        (["generate", RUN, "txt"], "METHOD: Unknown generator 'txt'. Did you mean 'text'?"),
        (
            ["generate", RUN, "text", "--set", "max_token=3"],
            "--set generate.methods.text.max_token=3: text has no option 'max_token'. Did you mean 'max_tokens'?",
        ),
        (["audit", RUN, "--check", "pii.sharp == 0"], ""),
    ],
)
def test_a_wrong_request_ends_with_2_and_a_sentence(copy: Path, args: list[str], said: str) -> None:
    (copy / "rows.jsonl").write_text('{"instruction": "Who?", "output": "Nobody."}\n', encoding="utf-8")
    ended = factory(*args, cwd=copy)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(said)
    assert "Traceback" not in ended.err


def test_a_trace_of_a_long_document_is_cut_and_says_how_to_see_the_rest(tmp_path: Path) -> None:
    parts = [f"Part {nth} closes when the pump {nth} has run for {nth} hours and more." for nth in range(120)]
    ended = finished_run(tmp_path, {"long.txt": "\n\n".join(parts)}, max_tokens=100, methods=["text"])
    [document] = factory("show", str(ended.path), "documents", "--ids", cwd=tmp_path).out.split()
    said = factory("trace", str(ended.path), document, cwd=tmp_path).out
    assert LONGEST < len(said) < 2 * LONGEST
    assert "Part 0 closes" in said
    assert "Part 119 closes" not in said
    more = re.search(r"… and (\d+) more passages \(([\d,]+) characters\): trace one of them by its id, as (\S+);", said)
    assert more is not None
    assert said.count(f"── {document}/") + int(more[1]) == ended.counts("split")["passages"]
    assert "closes when" in factory("trace", str(ended.path), more[3], cwd=tmp_path).out
    whole = json.loads(factory("trace", str(ended.path), document, "--json", cwd=tmp_path).out)
    assert "Part 119 closes" in whole["passages"][-1]["text"]


def test_a_long_document_is_clipped_for_people_and_whole_for_machines(finished: Path) -> None:
    asked = ("show", RUN, "documents", "-n", "99")
    assert re.search(r"… \([\d,]+ more characters; --json has all\)", factory(*asked, cwd=finished).out)
    whole = json.loads(factory(*asked, "--json", cwd=finished).out)
    assert max(len(row["text"]) for row in whole) > LONGEST


def test_the_version_is_told(tmp_path: Path) -> None:
    assert factory("--version", cwd=tmp_path).out == f"{__version__}\n"


def test_an_unknown_verb_or_option_ends_with_2(tmp_path: Path) -> None:
    for args in (["ruin"], ["run"], ["run", "quickstart", "--lmit", "3"], ["run", "quickstart", "--limit", "0"]):
        ended = factory(*args, cwd=tmp_path)
        assert (ended.code, ended.out) == (2, "")
    assert list(tmp_path.iterdir()) == []


def test_a_check_that_does_not_hold_ends_with_1(copy: Path) -> None:
    ended = factory("audit", RUN, "--check", "records.kept == 0", cwd=copy)
    assert ended.code == 1
    assert "records.kept == 0" in ended.err
    assert factory("audit", RUN, "--check", "records.kept > 0", cwd=copy).code == 0


def test_a_run_that_was_tampered_with_fails_to_verify_with_1(copy: Path) -> None:
    part = next((copy / RUN / "dataset/text").glob("validation-*.parquet"))
    part.rename(part.with_name("test-00007.parquet.away"))
    ended = factory("verify", RUN, cwd=copy)
    assert ended.code == 1
    assert "export: the rows are the kept records: " in ended.out
    assert "broken" in ended.out


def test_a_damaged_table_ends_with_3_and_what_to_do_works(copy: Path) -> None:
    part = next((copy / RUN / "records/text").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:99])
    ended = factory("show", RUN, "records", cwd=copy)
    assert ended.code == 3
    assert ended.err.startswith(
        "text/part-00000.parquet is damaged. Delete manifest.json in the run's folder and run the same"
    )
    before = contents(copy / RUN / "dataset")
    (copy / RUN / "manifest.json").unlink()
    assert factory("run", "quickstart", cwd=copy).code == 0
    assert contents(copy / RUN / "dataset") == before


def test_a_fault_of_ours_shows_no_text_of_a_document(copy: Path) -> None:
    manifest = json.loads((copy / RUN / "manifest.json").read_text())
    manifest["stages"]["filter.records"]["counts"] = {"order": 7}
    (copy / RUN / "manifest.json").write_text(json.dumps(manifest))
    ended = factory("show", RUN, "records", cwd=copy)
    assert ended.code == 3
    assert re.fullmatch(
        r"A fault of dataset-factory: TypeError at corpus\.py:\d+\. What is done is safe\. Set .*\n", ended.err
    )


# --- interrupts


@pytest.fixture
def slow_start(tmp_path: Path) -> Path:
    """A folder with a recipe that works for a few seconds."""
    (tmp_path / "docs").mkdir()
    for n in range(600):
        (tmp_path / f"docs/{n:04d}.md").write_text(
            f"# Part {n}\n\n" + f"The pump of kind {n} moves {n * n} litres an hour. " * 40
        )
    (tmp_path / "r.yaml").write_text(
        "run: r\nsources: [{path: docs}]\npassages: {max_tokens: 64, filter: [pii]}\n"
        "generate: {methods: [text, extractive_qa]}\nfilter: [pii, minhash_dedup]\n"
    )
    return tmp_path


def wait_for_handlers(pid: int) -> None:
    """Until a command answers SIGTERM: on a busy machine an interpreter takes a while to begin."""
    status, mask = Path(f"/proc/{pid}/status"), 1 << (signal.SIGTERM - 1)
    until = time.monotonic() + 60
    while status.is_file() and time.monotonic() < until:
        caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status.read_text(), re.MULTILINE)
        if caught is None or int(caught[1], 16) & mask:
            return
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", ["", "ingest", "split", "filter passages"])
def test_an_interrupt_ends_with_130_at_once_and_the_same_command_goes_on(
    slow_start: Path, number: int, after: str
) -> None:
    process = subprocess.Popen(
        [COMMAND, "export", "r.yaml"],
        cwd=slow_start,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    said = ""
    while after and not said.startswith(after):
        said = process.stderr.readline()
        assert said, "it ended by itself"
    wait_for_handlers(process.pid)
    time.sleep(0.4)
    os.killpg(process.pid, number)  # as a terminal does: the children get it too
    began = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - began < 10
    assert out == ""
    assert err.splitlines()[-1] == "Interrupted. What is done is safe; run the same command again and it goes on."
    assert "Traceback" not in err
    again = factory("export", "r.yaml", cwd=slow_start)
    assert again.code == 0, again.err
    if after:
        assert not again.err.startswith("ingest")  # that was done


def test_time_that_is_over_ends_with_3_and_the_same_command_goes_on(slow_start: Path) -> None:
    ended = factory("run", "r.yaml", "--max-time", "0.5s", cwd=slow_start)
    assert (ended.code, ended.out) == (3, "")
    assert "The time of --max-time is over. What is done is safe; run the same command again" in ended.err
    assert factory("run", "r.yaml", "--max-time", "3h", cwd=slow_start).code == 0


@pytest.mark.parametrize("time", ["3", "3 h", "0s", "-1h", "h", "1h30", "999999d", ""])
def test_a_time_that_is_none_is_refused(tmp_path: Path, time: str) -> None:
    ended = factory("run", "quickstart", f"--max-time={time}", cwd=tmp_path)
    assert ended.code == 2
    assert "write a time such as 3h, 90m or 1h30m" in ended.err
    assert not (tmp_path / "runs").exists()


def test_an_interrupt_before_anything_is_done_ends_with_130(slow_start: Path) -> None:
    process = subprocess.Popen(
        [COMMAND, "export", "r.yaml"], cwd=slow_start, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not (slow_start / "r/manifest.json").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "Interrupted. What is done is safe; run the same command again and it goes on.\n"
