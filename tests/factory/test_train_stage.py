"""The core's side of training, with a trainer of somebody else's that needs no torch: it is equal to ours."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory import training
from factory.cli import training as command
from factory.errors import CheckFailed, DeadWorld, WrongRequest
from factory.progress import Progress
from factory.stages import trainable
from factory.stages.train import Result, _Job, noted, train
from factory.training import Split
from tests.factory.installing import Package, on_the_path

ACME = '''
"""Counts rows and calls that a model."""

import json, os, signal, time
from pathlib import Path
from factory.errors import CheckFailed
from factory.training import Finding, Loss, Split, Trained, read

KINDS = ("sft",)


def preflight(data, model, **options):
    found = [Finding("note", "acme.size", "all is well", values={"rows": 2, "bytes": 2.9e9})]
    bad = [id_ for id_, row in read(data.train, ["messages"]) if not row["messages"]]
    return [Finding("error", "acme.empty", "rows are empty", tuple(bad), {"skip": True}), *found] if bad else found


def losses(model, rows):
    return [Loss(row["id"], 1.0, 2.0, 3) for row in rows]


def acme(data: Split, model: str, out: Path, *, does: str = "train", skip: bool = False) -> Trained:
    if does == "crash":
        os._exit(9)
    if does == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if does == "fail":
        raise ValueError("the secret text of a row")
    if does == "need":
        import torch_of_acme
    if does == "lack":
        raise ImportError("no", name="trl.trainer")
    if does == "nan":
        raise CheckFailed("The loss is nan at step 3, on the rows r1.")
    if does == "full":
        raise OSError(28, "No space left on device", "model.safetensors")
    if does == "sleep":
        (out / "pid").write_text(str(os.getpid()))
        time.sleep(60)
    with (out / "log.jsonl").open("a") as log:
        for step in (1, 2, 3):
            log.write(json.dumps({"step": step, "of": 3, "loss": 1 / step}) + "\\\\n")
    time.sleep(0.5)
    print("what a library prints does not disturb the wire")
    (out / "model").mkdir(exist_ok=True)
    (out / "model" / "count").write_text(str(len(list(read(data.train, ["messages"])))))
    return Trained(out / "model", 2, 0, 3, 42, {"train_loss": 0.5})
'''.replace("\\\\n", "\\n")
ROWS = [{"id": f"r{n}", "messages": [{"role": "user", "content": "Hi"}]} for n in range(2)]


@pytest.fixture(autouse=True)
def _acme(tmp_path: Path) -> Iterator[None]:
    with on_the_path(tmp_path / "path") as folder:
        Package(folder, "acmetrain").declares("trainers", "acme", ACME)
        yield


def jsonl(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


class Heard(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.notes: list[str] = []
        self.steps = 0

    def advance(self, items: int = 1) -> None:
        self.steps += items

    def note(self, text: str) -> None:
        self.notes.append(text)

    def end(self, stage: str, summary: str) -> None:
        self.lines.append(f"{stage}: {summary}")


def test_it_is_checked_trained_and_written_down(tmp_path: Path) -> None:
    heard = Heard()
    result = train(jsonl(tmp_path / "a.jsonl", ROWS), "acme", out=tmp_path / "out", progress=heard)
    assert result.trained is not None
    assert (result.trained.steps, result.trained.tokens, result.errors) == (3, 42, [])
    assert (tmp_path / "out/model/count").read_text() == "2"
    assert json.loads((tmp_path / "out/preflight.json").read_text())["findings"][0]["reason"] == "acme.size"
    assert heard.lines == ["preflight: 0 errors", "train: 3 steps, 42 tokens"]
    assert heard.steps == 3
    card = (tmp_path / "out/README.md").read_text()
    assert "2 rows of kind sft, 0 left out" in card
    assert str(tmp_path) not in card
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "README.md", "log.jsonl", "model", "preflight.json", "training.json",
    ]  # fmt: skip


def test_the_loss_stands_beside_the_step(tmp_path: Path) -> None:
    heard, trainer = Heard(), training.trainer("acme")
    job = _Job(trainer, Split("sft", ()), "tiny", tmp_path, None, heard)
    for step, loss in ((1, 2.345), (4, None)):
        job._take({"event": "step", "step": step, "of": 9, "loss": loss}, Result(tmp_path), tmp_path)
    assert (heard.steps, heard.notes) == (4, ["loss 2.35", ""])


def test_how_confidential_it_is_what_a_model_learned_is_noted(tmp_path: Path) -> None:
    def noted(rows: list[dict[str, Any]], name: str, model: str = "tiny") -> str:
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
        train(tmp_path / f"{name}.parquet", "acme", model=model, out=tmp_path / name)
        return str(json.loads((tmp_path / name / "training.json").read_text())["confidentiality"])

    levels = ("public", "confidential", "public")
    labelled = [
        {**ROWS[0], "id": f"r{nth}", "meta": json.dumps({"documents": [], "confidentiality": level})}
        for nth, level in enumerate(levels)
    ]
    assert noted(labelled, "labelled") == "confidential"
    assert noted(labelled[:1], "open") == "public"
    assert noted(labelled[:1], "after", str(tmp_path / "labelled")) == "confidential"
    assert noted(ROWS, "unlabelled") == "internal"
    for name, odd in (("none", "{}"), ("no_json", "from a list"), ("unknown", '{"confidentiality": "secret"}')):
        assert noted([*labelled[:1], {**ROWS[1], "meta": odd}], name) == "internal"


def test_what_a_model_was_trained_from_is_found_from_elsewhere_and_after_a_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows, models = jsonl(tmp_path / "a.jsonl", ROWS), Path("run/models")
    (tmp_path / "base").mkdir()
    train(rows, "acme", model="tiny", out=models / "cpt")
    train(rows, "acme", model="run/models/cpt", out=models / "sft")
    train(rows, "acme", model="base", out=models / "other")
    Path("run").rename("moved")
    monkeypatch.chdir("/")
    known = {name: noted(tmp_path / "moved/models" / name)["from"] for name in ("cpt", "sft", "other")}
    assert known["cpt"] == "tiny"
    assert Path(known["sft"]).resolve() == tmp_path / "moved/models/cpt"
    assert Path(known["other"]) == tmp_path / "base"


def test_the_same_again_is_not_done_again_and_other_data_is(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", ROWS)
    assert train(file, "acme", out=tmp_path / "out").did
    assert not train(file, "acme", out=tmp_path / "out").did
    jsonl(file, ROWS[:1])
    assert train(file, "acme", out=tmp_path / "out").did
    assert (tmp_path / "out/model/count").read_text() == "1"


def test_an_error_of_the_preflight_trains_nothing(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", [*ROWS, {"id": "bad", "messages": []}])
    result = train(file, "acme", out=tmp_path / "out")
    assert [(found.reason, found.rows) for found in result.errors] == [("acme.empty", ("bad",))]
    assert result.trained is None
    assert not (tmp_path / "out/model").exists()


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", ROWS)
    result = train(file, "acme", out=tmp_path / "out", check=True)
    assert (result.trained, result.errors, len(result.findings)) == (None, [], 1)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("does", "error", "said"),
    [
        ("crash", DeadWorld, "ended by itself .exit code 9.*shows more.$"),
        ("killed", DeadWorld, r"ended by itself .exit code -9.*The estimate was 2\.9 GB; a smaller batch"),
        ("fail", DeadWorld, "The trainer failed: ValueError at acmetrain_acme.py:"),
        ("need", DeadWorld, "The trainer failed: ModuleNotFoundError"),
        ("lack", WrongRequest, "pip install 'dataset-factory.train.'"),
        ("nan", CheckFailed, "nan at step 3, on the rows r1"),
        ("full", DeadWorld, "No space left on device"),
    ],
)
def test_how_it_ends_is_said_without_a_word_of_a_row(
    does: str, error: type[Exception], said: str, tmp_path: Path
) -> None:
    file = jsonl(tmp_path / "a.jsonl", ROWS)
    with pytest.raises(error, match=said) as raised:
        train(file, "acme", out=tmp_path / "out", options={"does": does})
    assert "secret" not in str(raised.value)
    assert train(file, "acme", out=tmp_path / "out").did


def test_a_folder_of_other_things_is_not_written_into(tmp_path: Path) -> None:
    jsonl(tmp_path / "out/thesis.txt", [])
    with pytest.raises(WrongRequest, match="holds other things"):
        train(jsonl(tmp_path / "a.jsonl", ROWS), "acme", out=tmp_path / "out")


def test_the_trainer_ends_with_the_command_that_started_it(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", ROWS)
    call = f"from factory.stages.train import train; from pathlib import Path; train(Path({str(file)!r}), 'acme', "
    call += f"out=Path({str(tmp_path / 'out')!r}), options={{'does': 'sleep'}})"
    path = os.pathsep.join(p for p in sys.path if p)
    parent = subprocess.Popen([sys.executable, "-c", call], env={**os.environ, "PYTHONPATH": path})
    pid = tmp_path / "out/pid"
    while not (pid.exists() and pid.read_text()):
        time.sleep(0.05)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(200):
        try:
            os.kill(int(pid.read_text()), 0)
        except ProcessLookupError:
            return
        if (
            Path(f"/proc/{pid.read_text()}/stat").exists()
            and ") Z " in Path(f"/proc/{pid.read_text()}/stat").read_text()
        ):
            return  # it ended, and nobody asked how
        time.sleep(0.05)
    pytest.fail("the trainer outlived its parent")


# --- what is trained on ----------------------------------------------------------------------------------------------


def test_the_kind_that_fits_is_found_among_those_there(tmp_path: Path) -> None:
    schema = pa.schema(
        [("id", pa.string()), ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())])))]
    )
    for kind in ("sft", "text"):
        (tmp_path / kind).mkdir()
    pq.write_table(pa.Table.from_pylist(ROWS, schema), tmp_path / "sft/train-00000.parquet")
    pq.write_table(pa.Table.from_pylist(ROWS, schema), tmp_path / "sft/validation-00000.parquet")
    pq.write_table(pa.table({"text": ["Hi"]}), tmp_path / "text/train-00000.parquet")
    found = trainable.find(tmp_path, training.trainer("acme"))
    assert (found.kind, len(found.train), len(found.validation), len(found.digests)) == ("sft", 1, 1, 2)
    assert list(training.read(found.train, ["messages"])) == [
        (row["id"], {"messages": row["messages"]}) for row in ROWS
    ]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"messages": []}, "sft"),
        ({"text": ""}, "text"),
        ({"text": "", "label": ""}, "labels"),
        ({"prompt": [], "chosen": [], "rejected": []}, "preference"),
        ({"prompt": [], "completion": [], "label": True}, "feedback"),
    ],
)
def test_the_kind_of_a_file_follows_from_its_columns(row: dict[str, Any], kind: str, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", [row])
    if kind == "sft":
        assert trainable.find(file, training.trainer("acme")).kind == kind
    else:
        with pytest.raises(WrongRequest, match=f"'acme' trains on sft, and .* has {kind}"):
            trainable.find(file, training.trainer("acme"))


def test_a_wrong_kind_names_the_trainers_that_fit(tmp_path: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", [{"text": "Hi"}])
    with pytest.raises(WrongRequest, match="'cpt' trains on text"):
        trainable.find(file, training.trainer("acme"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "There is nothing at"),
        ('{"question": "Hi"}\n', "has the columns question: no kind"),
        ("", "has no rows"),
        ('{"messages": []}\nHi\n', "a.jsonl:2: not a JSON object"),
        ("[1]\n", "a.jsonl:1: not a JSON object"),
    ],
)
def test_a_file_that_is_no_training_data_is_a_wrong_request(content: str | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "a.jsonl").write_text(content)
    with pytest.raises(WrongRequest, match=said):
        train(tmp_path / "a.jsonl", "acme", out=tmp_path / "out")


# --- plugins and options ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def odd(data, model): ...", "must take data, model, out"),
        ("def odd(data, model, out): ...", "has no 'KINDS'"),
        ("KINDS = ('sft',)\ndef odd(data, model, out): ...", "has no 'preflight'"),
    ],
)
def test_a_trainer_that_breaks_the_contract_is_named(source: str, said: str, tmp_path: Path) -> None:
    Package(tmp_path / "path", "oddtrain").declares("trainers", "odd", source)
    with pytest.raises(WrongRequest, match=f"The trainer 'odd' {said}"):
        training.trainer("odd")


def test_an_unknown_option_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match=r"acme has no option 'doe'\. Did you mean 'does'"):
        train(jsonl(tmp_path / "a.jsonl", ROWS), "acme", options={"doe": "x"})


def test_settings_are_yaml_and_dots_go_one_level_down() -> None:
    given = ["epochs=2", "args.weight_decay=0.1", "args.optim=sgd", "template=null", "report_to=[trackio]"]
    assert command.options(given) == {
        "epochs": 2, "args": {"weight_decay": 0.1, "optim": "sgd"}, "template": None, "report_to": ["trackio"],
    }  # fmt: skip


@pytest.mark.parametrize("given", ["epochs", "=2", "args.=2", "epochs={"])
def test_a_setting_that_cannot_be_read_is_a_wrong_request(given: str) -> None:
    with pytest.raises(WrongRequest, match="--set"):
        command.options([given])
