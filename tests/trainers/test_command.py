"""The command, from a run to a model, with nothing but this machine."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from factory import run as run_recipe
from factory.errors import CheckFailed, WrongRequest
from factory.stages.train import noted
from tests.cli.conftest import COMMAND, Ended, environment, factory
from tests.corpora import finished, workspace, write_documents, write_recipe
from tests.docs.blocks import ROOT
from tests.trainers import rows
from tests.trainers.rows import assistant, homes, user

HANDBOOK = ROOT / "factory/quickstart/documents/handbook"


@pytest.fixture(scope="module")
def run() -> Iterator[Path]:
    """A finished run with sft and text rows. Not to be changed but for its models."""
    with workspace() as folder:
        files = {
            name: (HANDBOOK / name).read_text(encoding="utf-8") for name in ("glossary.md", "maintenance.md", "api.md")
        }
        made = finished(folder, files, export={"split": {"validation": 0.2, "test": 0}})
        yield made.path


def test_a_run_becomes_a_model_in_one_command(run: Path) -> None:
    ended = factory("train", str(run), "--method", "sft", "--set", "epochs=1", cwd=run)
    assert ended.code == 0, ended.err
    folder = run / "models/sft"
    assert ended.out.split() == [str(folder / "model")]
    assert (folder / "model/model.safetensors").is_file()
    card = (folder / "README.md").read_text()
    links = re.findall(r"\]\(([^)]+)\)", card)
    assert len(links) == 3
    assert all((folder / link).exists() for link in links)
    assert "vllm serve ./model" in card
    again = factory("train", str(run), "--method", "sft", "--set", "epochs=1", cwd=run)
    assert (again.code, "Nothing to do" in again.err) == (0, True)
    assert factory("verify", str(run), cwd=run).code == 0


@pytest.mark.slow
def test_a_chain_of_methods_and_a_reward_model(run: Path, tmp_path: Path) -> None:
    quick = ("--set", "epochs=1")
    chain = [("cpt", "tiny", str(run)), ("sft", "cpt", str(run))]
    made = rows.preference(homes())
    file = str(rows.split(tmp_path, "preference", made).train[0])
    chain += [("dpo", "sft", file), ("reward", "tiny", file)]
    for method, model, data in chain:
        at = model if model == "tiny" else str(tmp_path / model)
        ended = factory(
            "train", data, "--method", method, "--model", at, "-o", str(tmp_path / method), *quick, cwd=tmp_path
        )  # fmt: skip
        assert ended.code == 0, ended.err
        assert (tmp_path / method / "model/model.safetensors").is_file()


def test_a_wrong_method_says_which_fits(run: Path) -> None:
    ended = factory("train", str(run), "--method", "dpo", cwd=run)
    assert ended.code == 2
    assert "'sft' trains on sft" in ended.err
    assert "'cpt' trains on text" in ended.err


def bad(folder: Path) -> str:
    """A file of 16 right rows and two wrong ones."""
    wrong = [
        {"id": "empty", "messages": [*user("Hi"), *assistant("")]},
        {"id": "long", "messages": [*user("Hi"), *assistant("word " * 200)]},
    ]
    return str(rows.split(folder, "sft", [*rows.sft(homes()), *wrong]).train[0])


def test_a_check_names_rows_and_what_mends_them_and_the_command_it_gives_works(tmp_path: Path) -> None:
    file = bad(tmp_path)
    ended = factory("train", file, "--method", "sft", "--check", "--set", "max_length=64", cwd=tmp_path)
    assert ended.code == 1
    assert "train.empty_answer       1 row has an empty answer: empty" in ended.err
    assert re.search(r"train\.answer_cut +1 row .*: long", ended.err)
    [mend] = re.findall(r"leave those rows out, counted: factory (.*)", ended.err)
    assert (tmp_path / "models").exists() is False
    mended = factory(*mend.split(), "--check", cwd=tmp_path)
    assert mended.code == 0, mended.err
    assert "The data is ready. Next: factory train" in mended.err


def test_the_result_as_json(tmp_path: Path) -> None:
    ended = factory("train", bad(tmp_path), "--method", "sft", "--check", "--json", cwd=tmp_path)
    assert ended.code == 1
    said = json.loads(ended.out)
    assert [found["rows"] for found in said["findings"] if found["level"] == "error"] == [["empty"]]
    assert said["trained"] is None


def limited(command: list[str], cwd: Path, limit: str) -> Ended:
    """A command under a limit of the shell."""
    script = f'{limit}; exec "$0" "$@"'
    done = subprocess.run(
        ["bash", "-c", script, *command], cwd=cwd, env=environment(), capture_output=True, text=True, timeout=120
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
def test_a_disk_that_is_full_while_saving_is_said_and_can_be_gone_on_from(tmp_path: Path) -> None:
    """A file may hold a megabyte at most: the weights do not fit. Then 2.5: the optimiser's state does not."""
    file = str(rows.split(tmp_path, "sft", rows.sft(homes())).train[0])
    short = ["--set", "epochs=1", "--set", "args.save_steps=1"]
    command = [COMMAND, "train", file, "--method", "sft", "-o", "out", *short]
    for kilobytes, said in ((1000, "The weights could not be written"), (2500, "A checkpoint could not be written")):
        ended = limited(command, tmp_path, f"ulimit -f {kilobytes}")
        assert ended.code == 3, ended.err
        assert f"{said} below out" in ended.err
    assert not (tmp_path / "out/model").exists()
    again = factory(*command[1:], cwd=tmp_path)
    assert again.code == 0, again.err
    assert (tmp_path / "out/model/model.safetensors").stat().st_size > 1_000_000


def test_options_are_looked_at_without_loading_torch() -> None:
    code = "import sys; from factory import training; training.trainer('dpo'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "trl", "datasets"} & set(done.stdout.split())


@pytest.mark.slow
def test_accelerate_launches_it(tmp_path: Path) -> None:
    config = tmp_path / "accelerate.yaml"
    config.write_text("compute_environment: LOCAL_MACHINE\ndistributed_type: 'NO'\nuse_cpu: true\nnum_processes: 1\n")
    file = str(rows.split(tmp_path, "sft", rows.sft(homes())).train[0])
    ended = factory(
        "train", file, "--method", "sft", "-o", "out", "--accelerate", str(config), "--set", "epochs=1", cwd=tmp_path
    )
    assert ended.code == 0, ended.err
    assert (tmp_path / "out/model/model.safetensors").is_file()


def together(request: Path, processes: int) -> list[str]:
    """What so many processes say that train together, as `accelerate launch` starts them a GPU each; here over gloo."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    world = {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    alone = {"ACCELERATE_USE_CPU": "true", "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "factory.stages.training_process", str(request)],
            env={**environment(), **alone, **world, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE, text=True,
        )
        for rank in range(processes)
    ]  # fmt: skip
    return [process.communicate(timeout=300)[0] for process in started]


@pytest.mark.slow
def test_two_processes_make_the_model_that_one_makes(tmp_path: Path) -> None:
    file = str(rows.split(tmp_path, "sft", rows.sft(homes())).train[0])
    split = {"kind": "sft", "train": [file], "validation": [], "digests": []}
    asked = {"plugin": "sft", "options": {"epochs": 4.0}, "model": "tiny", "split": split, "preflight": False}
    losses = {}
    for processes in (1, 2):
        out, request = tmp_path / f"out-{processes}", tmp_path / "request.json"
        out.mkdir()
        request.write_text(json.dumps({**asked, "train": True, "out": str(out), "watch": False}))
        first, *others = together(request, processes)
        assert [json.loads(line)["event"] for line in first.splitlines()].count("trained") == 1
        assert others == [""] * (processes - 1)  # they do not speak
        assert sorted(place.name for place in (out / "work").iterdir()) == [str(n) for n in range(processes)]
        lines = map(json.loads, (out / "log.jsonl").read_text().splitlines())
        losses[processes] = [its["loss"] for its in lines if "loss" in its]
        assert (out / "model/model.safetensors").is_file()
    assert losses[2] == pytest.approx(losses[1], rel=1e-4)


@pytest.mark.slow
def test_on_cpus_as_many_processes_train_as_the_config_says(tmp_path: Path) -> None:
    file = str(rows.split(tmp_path, "sft", rows.sft(homes())).train[0])
    config, losses = tmp_path / "cpus.yaml", {}
    for processes in (1, 2):
        config.write_text(f"distributed_type: MULTI_CPU\nuse_cpu: true\nnum_processes: {processes}\n")
        command = ["train", file, "--method", "sft", "-o", f"out-{processes}", "--set", "epochs=4"]
        ended = factory(*command, "--accelerate", str(config), cwd=tmp_path)
        assert ended.code == 0, ended.err
        lines = map(json.loads, (tmp_path / f"out-{processes}/log.jsonl").read_text().splitlines())
        losses[processes] = [its["loss"] for its in lines if "loss" in its]
        assert (tmp_path / f"out-{processes}/model/model.safetensors").is_file()
    assert len(losses[1]) > 3
    assert losses[2] == pytest.approx(losses[1], rel=1e-4)


def test_an_accelerate_config_that_is_not_there(tmp_path: Path) -> None:
    file = str(rows.split(tmp_path, "sft", rows.sft(homes())).train[0])
    ended = factory("train", file, "--method", "sft", "--accelerate", "nowhere.yaml", cwd=tmp_path)
    assert (ended.code, "accelerate config" in ended.err) == (2, True)


@pytest.mark.slow
def test_an_id_of_the_hub_is_found_in_its_cache_and_noted_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As huggingface_hub lays it out; with no network, which a model that is not there is told."""
    from trainers import sft

    data = rows.split(tmp_path, "sft", rows.sft(homes()))
    commit, stored = "0123456789abcdef" * 2 + "01234567", tmp_path / "hf/hub/models--acme--small"
    sft.start(data, "tiny", stored / "snapshots" / commit)
    (stored / "refs").mkdir()
    (stored / "refs/main").write_text(commit)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    command = ["train", str(data.train[0]), "--method", "sft", "-o", "out", "--set", "epochs=1", "--model"]
    ended = factory(*command, "acme/small", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert json.loads((tmp_path / "out/training.json").read_text())["from"] == "acme/small"
    assert "base_model: acme/small" in (tmp_path / "out/README.md").read_text()
    missing = factory(*command, "acme/large", "--check", cwd=tmp_path)
    assert (missing.code, "acme/large cannot be loaded" in missing.err) == (2, True)


def chained(folder: Path, *steps: object) -> Path:
    """A recipe that trains; its documents make sft and text rows."""
    write_documents(folder, {name: (HANDBOOK / name).read_text(encoding="utf-8") for name in ("glossary.md", "api.md")})
    methods = ["text", "extractive_qa", "contrast"]  # the last one makes pairs
    return write_recipe(folder, methods=methods, train=list(steps), export={"split": {"validation": 0, "test": 0}})


@pytest.mark.slow
def test_a_recipe_trains_one_model_after_the_other(tmp_path: Path) -> None:
    steps = ({"base": {"plugin": "cpt", "epochs": 1}}, {"sft": {"model": "base", "epochs": 1}})
    file = chained(tmp_path, *steps, {"dpo": {"model": "sft", "epochs": 1}})
    done = run_recipe(file)
    assert done.did[-3:] == ["train.base", "train.sft", "train.dpo"]
    models = [done.path / "models" / name for name in ("base", "sft", "dpo")]
    assert all((model / "model/model.safetensors").is_file() for model in models)
    assert len({(model / "model/tokenizer.json").read_bytes() for model in models}) == 1  # each went on from the last
    assert noted(models[2])["from"] == str(models[2] / "../sft")
    assert run_recipe(file).did == []
    assert yaml.safe_load((done.path / "recipe.yaml").read_text())["train"][1] == {
        "sft": {"model": "base", "epochs": 1}
    }


@pytest.mark.slow
def test_an_error_of_the_preflight_fails_the_run_and_names_its_rows(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match=r"train sft: train\.(answer_cut|prompt_too_long).*preflight\.json"):
        run_recipe(chained(tmp_path, {"sft": {"max_length": 16}}))


def test_what_is_wrong_with_an_entry_is_said_with_its_line_before_any_work(tmp_path: Path) -> None:
    for step, said in (
        ("sfd", "Unknown trainer 'sfd'. Did you mean 'sft'"),
        ({"sft": {"epoch": 1}}, "sft has no option 'epoch'"),
        ({"sft": {"model": 1}}, "'model' must be a name or a path"),
    ):
        with pytest.raises(WrongRequest, match=rf"recipe.yaml:\d+: .*{re.escape(said)}"):
            run_recipe(chained(tmp_path, step))
    assert not (tmp_path / "run").exists()
