"""`factory export --push-to-hub` to a hub on loopback: what arrives is `dataset/`, and what may not go does not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Ended, factory
from tests.corpora import contents, recipe, write_documents
from tests.hub_server import HubServer, Repository

NAME = "acme/handbook"
FILES = {
    "glossary.md": "# Glossary\n\nA **gateway** is the indoor device that collects the readings of all gauges.\n",
    "pump.txt": "The pump moves ninety litres of water in a minute when the pond is full.\n",
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    with HubServer() as server:
        for name, value in {
            "HF_ENDPOINT": server.url, "HF_TOKEN": server.token, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "hf")
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield server


def push(folder: Path, *args: str, confidentiality: str = "public", **keys: object) -> Ended:
    """Write documents and recipe into a folder, and push what comes of them."""
    write_documents(folder, FILES)
    sources = [{"path": "documents", "confidentiality": confidentiality, "licence": "CC-BY-NC-4.0"}]
    made = recipe(sources=sources, methods=["text"], **keys)  # type: ignore[arg-type] # keys of a recipe
    (folder / "recipe.yaml").write_text(yaml.safe_dump(made), encoding="utf-8")
    return factory("export", "recipe.yaml", "--push-to-hub", NAME, *args, cwd=folder)


def test_the_dataset_arrives_as_it_stands_in_a_private_repository(tmp_path: Path, hub: HubServer) -> None:
    ended = push(tmp_path)
    assert (ended.code, ended.out) == (0, f"{hub.url}/datasets/{NAME}\n"), ended.err
    assert ended.err.endswith(f"2 rows are in {NAME}, which is private.\n")
    repository = hub.repositories[NAME]
    assert repository.is_private
    assert repository.files == contents(tmp_path / "run/dataset")
    assert {"README.md", "text/train-00000.parquet"} <= set(repository.files)
    log = (tmp_path / "run/run.log").read_text()
    assert '"event": "push"' in log
    for file, content in contents(tmp_path / "run").items():
        assert hub.token.encode() not in content, file
    assert hub.token not in ended.out + ended.err


def test_what_left_the_dataset_leaves_the_repository(tmp_path: Path, hub: HubServer) -> None:
    hub.repositories[NAME] = Repository(True, {"old/train-00000.parquet": b"old", "LICENSE": b"mine"})
    assert push(tmp_path).code == 0
    assert hub.repositories[NAME].files == {**contents(tmp_path / "run/dataset"), "LICENSE": b"mine"}
    again = factory("export", "recipe.yaml", "--push-to-hub", NAME, "--json", cwd=tmp_path)
    said = json.loads(again.out)
    assert (said["repository"], said["is_private"], said["rows"]) == (NAME, True, 2)


def test_nothing_is_pushed_that_nobody_asked_for(tmp_path: Path, hub: HubServer) -> None:
    push(tmp_path)
    hub.asked.clear()
    assert factory("export", "recipe.yaml", cwd=tmp_path).code == 0
    assert factory("run", "recipe.yaml", cwd=tmp_path).code == 0
    assert hub.asked == []


def test_rows_above_what_the_hub_may_see_are_refused_before_it_is_asked(tmp_path: Path, hub: HubServer) -> None:
    ended = push(tmp_path, confidentiality="internal")
    assert (ended.code, ended.out, hub.asked) == (2, "", [])
    assert (
        "The hub may see what is public, and these are above it: documents (internal: 2 rows). Nothing was pushed. "
        "If it may see them, write 'hub: {may_see: internal}' under 'export:'" in ended.err
    )
    before = contents(tmp_path / "run/dataset")
    allowed = push(tmp_path, confidentiality="internal", export={"hub": {"may_see": "internal"}})
    assert allowed.code == 0, allowed.err
    assert contents(tmp_path / "run/dataset") == before
    assert "export " not in allowed.err  # what a hub may see is no reason to export again


def test_a_public_repository_gets_public_rows_only(tmp_path: Path, hub: HubServer) -> None:
    refused = push(tmp_path, "--public", confidentiality="internal", export={"hub": {"may_see": "restricted"}})
    assert (refused.code, hub.asked) == (2, [])
    assert "A public repository holds public rows only: leave out --public" in refused.err
    hub.repositories[NAME] = Repository(is_private=False)
    unasked = push(tmp_path)
    assert (unasked.code, hub.repositories[NAME].files) == (2, {})
    assert f"{NAME} is there already and is public. Nothing was pushed." in unasked.err
    assert push(tmp_path, "--public").err.endswith("which is public.\n")
    assert hub.repositories[NAME].files == contents(tmp_path / "run/dataset")


def test_what_the_use_forbids_is_not_pushed(tmp_path: Path, hub: HubServer) -> None:
    ended = push(tmp_path, use="commercial")
    assert (ended.code, hub.asked) == (1, [])
    assert "The rows may not be put to commercial use" in ended.err


def test_a_login_that_is_missing_or_refused_is_said_without_the_token(
    tmp_path: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    missing = push(tmp_path)
    assert (missing.code, hub.asked) == (2, [])
    assert "There is no login for the hub. Set HF_TOKEN" in missing.err
    monkeypatch.setenv("HF_TOKEN", "hf_another_token")
    refused = push(tmp_path)
    assert refused.code == 2
    assert "The hub refuses the login (HTTP 401)" in refused.err
    assert "hf_another_token" not in refused.err


def test_a_hub_that_fails_is_a_dead_world_whose_words_are_not_repeated(tmp_path: Path, hub: HubServer) -> None:
    hub.fails_with = 500
    ended = push(tmp_path)
    assert ended.code == 3
    assert ended.err.endswith(
        "The hub did not take it (HTTP 500). What was pushed before stands. Run the same command again.\n"
    )
    assert "secret words" not in ended.err


def test_a_hub_that_is_not_there_or_not_to_be_asked(
    tmp_path: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    gone = push(tmp_path)
    assert (gone.code, "The hub does not answer" in gone.err) == (3, True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    offline = push(tmp_path)
    assert (offline.code, "HF_HUB_OFFLINE is set" in offline.err) == (2, True)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--push-to-hub", "handbook"], "'handbook' is no name of a repository. Write --push-to-hub OWNER/NAME.\n"),
        (["--public"], "--public says how to push. Say also where to: --push-to-hub OWNER/NAME --public\n"),
    ],
)
def test_a_push_that_is_asked_for_wrongly(finished: Path, hub: HubServer, args: list[str], said: str) -> None:
    ended = factory("export", "runs/quickstart", *args, cwd=finished)
    assert (ended.code, ended.out, ended.err, hub.asked) == (2, "", said, [])
