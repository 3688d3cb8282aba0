"""The doctor finds what is broken in an environment and in a recipe, says what mends it, and tells no secret."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factory.views.doctor import Finding, disk, doctor
from factory.views.doctor_recipe import of_recipe
from tests.corpora import write_documents, write_recipe
from tests.factory.installing import Package, on_the_path
from tests.model_server import ModelServer

KEY = "sk-doctors-must-not-tell"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(api_key=KEY) as server:
        yield server


def examined(folder: Path, **keys: Any) -> dict[str, Finding]:
    """The findings on a recipe, by what they are on."""
    write_documents(folder, {"a.md": "A pump moves water."})
    return {finding.what: finding for finding in of_recipe(str(write_recipe(folder, **keys)))}


def model(server: ModelServer, **more: Any) -> dict[str, Any]:
    return {"llm": {"base_url": server.url, "model": "test", "api_key_env": "DOCTORS_KEY", **more}}


# --- the environment


def test_this_environment_is_in_order() -> None:
    found = list(doctor())
    assert [finding.what for finding in found if finding.level == "error"] == []
    assert {"python", "packages", "extra [train]", "extra [vllm]", "names", "plugins", "disk"} <= {
        finding.what for finding in found
    }


def test_a_plugin_that_does_not_load_is_named_with_why(tmp_path: Path) -> None:
    with on_the_path(tmp_path / "site") as site:
        Package(site, "stranger").declares("generators", "broken", "raise ValueError('its table is gone')\n")
        found = {finding.what: finding for finding in doctor()}
    assert found["plugin broken"].level == "error"
    assert "its table is gone" in found["plugin broken"].said
    assert "stranger" in found["plugin broken"].fix
    assert found["plugins"].level == "ok"


def test_a_folder_that_cannot_be_written_is_an_error() -> None:
    found = disk(Path("/proc/runs/mine"))
    assert (found.level, found.what) == ("error", "disk")
    assert "/proc cannot be written" in found.said


# --- a recipe


def test_a_model_that_answers_is_asked_for_the_list_of_its_models_and_for_nothing_else(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCTORS_KEY", KEY)
    found = examined(tmp_path, models=model(server))
    assert found["model llm"] == Finding("ok", "model llm", f"{server.url} serves test; it may see what is restricted")
    assert found["model llm, key"].said == "DOCTORS_KEY is set"
    assert (server.listed, server.requests) == (1, 0)
    assert KEY not in str(found)


def test_a_key_that_is_not_set_is_an_error_and_no_server_is_asked(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCTORS_KEY", raising=False)
    found = examined(tmp_path, models=model(server))
    assert found["model llm"].level == "error"
    assert "DOCTORS_KEY is not set" in found["model llm"].said
    assert server.listed == 0


def test_what_is_wrong_with_a_server_is_said(
    tmp_path: Path, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCTORS_KEY", "another-secret")
    refused = examined(tmp_path, models=model(server))["model llm"]
    assert (refused.level, "refuses the key (HTTP 401)" in refused.said) == ("error", True)
    assert "another-secret" not in str(refused)
    monkeypatch.setenv("DOCTORS_KEY", KEY)
    other = examined(tmp_path, models=model(server, model="tset"))["model llm"]
    assert (other.level, other.said) == ("warning", f"{server.url} does not list 'tset'; it has test")
    elsewhere = examined(tmp_path, models=model(server, base_url=f"{server.url}/elsewhere"))["model llm"]
    assert (elsewhere.level, "does not list its models" in elsewhere.said) == ("warning", True)
    server.kill()
    gone = examined(tmp_path, models=model(server))["model llm"]
    assert (gone.level, gone.said) == ("error", f"no answer from {server.url} (connect)")


def test_a_batch_folder_asks_no_server(tmp_path: Path) -> None:
    found = examined(tmp_path, models={"llm": {"model": "any", "batch": {"folder": "answers"}}})
    assert found["model llm"].level == "ok"
    assert "answers" in found["model llm"].said


def test_a_recipe_that_is_not_right_is_the_only_finding(tmp_path: Path) -> None:
    found = examined(tmp_path, records=["exact_dedpu"])
    assert list(found) == ["recipe"]
    assert "Did you mean 'exact_dedup'?" in found["recipe"].said


def test_files_that_are_not_there_are_said(tmp_path: Path) -> None:
    found = examined(
        tmp_path, sources=[{"path": "documents"}, {"path": "nothing/*.md", "name": "none"}], prompts="templates",
        train=[{"sft": {"model": "owner/name"}}, {"dpo": {"model": "sft"}}],
    )  # fmt: skip
    assert found["source documents"] == Finding("ok", "source documents", "1 file")
    assert found["source none"].level == found["prompts"].level == "error"
    assert found["train sft"].level == "warning"
    assert "train dpo" not in found


def test_the_folder_of_the_run_is_looked_at(tmp_path: Path) -> None:
    assert examined(tmp_path)["run"].said.endswith("run will be made")
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / "run/mine.txt").write_text("mine")
    assert examined(tmp_path)["run"].level == "error"


def test_a_run_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    from factory import run

    write_documents(tmp_path, {"a.md": "A pump moves water."})
    done = run(write_recipe(tmp_path, methods=["text"]), until="ingest")
    assert examined(tmp_path)["run"].said == f"{done.path}: 3 stages stand"
    done.path.chmod(0o755)
    found = examined(tmp_path)["run"]
    assert (found.level, found.fix) == ("warning", f"chmod 700 {done.path}")
