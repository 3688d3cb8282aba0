"""Batches submitted through a provider's API: whole runs, every state, and a stop at every dangerous moment."""

import json
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from factory import Run, run, tables
from factory.errors import DeadWorld, Waiting, WrongRequest
from factory.llm import Model
from factory.llm.submitting import Submitting
from factory.views.verify import broken, verify
from tests.corpora import contents, write_documents, write_recipe
from tests.factory.llm.test_batch import COUNT, FOLDER, requests, says
from tests.factory.llm.test_transport import certificate as certificate  # a fixture
from tests.model_server import ModelServer

KEY = "sk-a-key-that-nobody-may-read"
VARIABLE = "A_PROVIDERS_KEY"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_documents(tmp_path, {f"{n}.md": f"The wheel number {n} turns left, às vezes." for n in range(COUNT)})
    return tmp_path


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    monkeypatch.setenv(VARIABLE, KEY)
    with ModelServer(replies=says, api_key=KEY) as server:
        yield server


def goes(folder: Path, provider: ModelServer, **model: Any) -> Run:
    batch = {"folder": FOLDER, "submit": True}
    settings = {"model": "parrot", "base_url": provider.url, "api_key_env": VARIABLE, "batch": batch, **model}
    return run(write_recipe(folder, methods=[{"qa": {"pairs": 1}}], models={"llm": settings}), until="generate")


def waits(folder: Path, provider: ModelServer, **model: Any) -> str:
    with pytest.raises(Waiting) as error:
        goes(folder, provider, **model)
    return str(error.value)


def stops(folder: Path, provider: ModelServer, **model: Any) -> str:
    with pytest.raises(DeadWorld) as error:
        goes(folder, provider, **model)
    assert not isinstance(error.value, Waiting)
    said = str(error.value)
    assert KEY not in said
    assert "\n" not in said
    return said


def finished(folder: Path, provider: ModelServer) -> Run:
    """The run, started again until nothing waits."""
    for _ in range(6):
        try:
            return goes(folder, provider)
        except Waiting:
            continue
    raise AssertionError("it never ends")


def note(folder: Path, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / FOLDER / f"llm-{number:04d}.batch.json").read_text())
    return found


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / FOLDER).iterdir())


def test_rounds_through_the_api_make_what_a_server_makes(
    folder: Path, provider: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = waits(folder, provider)
    assert f"{COUNT} requests of the model 'llm' are submitted to {provider.url}: batch_1 (llm-0001.jsonl)." in said
    assert "Run the same command again later" in said
    assert "batch_2 (llm-0002.jsonl)" in waits(folder, provider)
    done = goes(folder, provider)
    assert not broken(verify(done))
    assert files(folder) == [
        f"llm-{n:04d}.{ending}" for n in (1, 2) for ending in ("batch.json", "jsonl", "output.jsonl")
    ]
    assert provider.batches.names == ["llm-0001.jsonl", "llm-0002.jsonl"]
    with ModelServer(replies=says) as server:
        models = {"llm": {"base_url": server.url, "model": "parrot"}}
        online = run(
            write_recipe(folder, methods=[{"qa": {"pairs": 1}}], models=models, run="online"), until="generate"
        )
    assert contents(online.path / "records") == contents(done.path / "records")
    before = dict(provider.batches.calls)
    assert goes(folder, provider).did == []
    assert provider.batches.calls == before == {"upload": 2, "create": 2, "look": 2, "content": 2}
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert KEY.encode() not in everything
    assert KEY not in caplog.text


def test_only_what_the_recipe_names_is_told(
    folder: Path, provider: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "not-for-this-server")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    waits(folder, provider, headers={"X-Team": "tiles"})
    for headers in provider.batches.headers:
        assert headers["X-Team"] == "tiles"
        assert headers["User-Agent"].startswith("dataset-factory/")
        assert "not-for-this-server" not in str(headers)
        assert not {"x-stainless-os", "openai-project"} & {name.lower() for name in headers}


def test_without_a_key_none_is_sent(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ModelServer(replies=says) as server:
        waits(folder, server, api_key_env=None)
    assert all("Authorization" not in headers for headers in server.batches.headers)


def test_while_a_batch_is_under_way_the_run_says_how_far_it_is(folder: Path, provider: ModelServer) -> None:
    provider.batches.states.extend(["validating", "in_progress", "finalizing"])
    waits(folder, provider)
    assert f"validating, 0 of {COUNT} are answered so far" in waits(folder, provider)
    provider.batches.at_most = 3
    said = waits(folder, provider)
    assert f"llm-0001.jsonl is submitted as batch_1: in_progress, 3 of {COUNT} are answered so far." in said
    assert f"{COUNT} were submitted before and have no answer yet" in said
    assert "finalizing" in waits(folder, provider)
    assert provider.batches.calls["create"] == 1
    assert provider.batches.calls["look"] == 3  # one a start


@pytest.mark.parametrize(("status", "words"), [("expired", "has expired"), ("cancelled", "was cancelled")])
def test_of_a_batch_that_ended_early_what_came_is_taken(
    folder: Path, provider: ModelServer, status: str, words: str
) -> None:
    waits(folder, provider)
    provider.batches.states.append(status)
    provider.batches.at_most = 3
    said = waits(folder, provider)
    assert f"batch_1 of llm-0001.jsonl {words}: 3 of {COUNT} are answered, the rest is asked again." in said
    first = [one["custom_id"] for one in requests(folder, "llm-0001")]
    second = {one["custom_id"] for one in requests(folder, "llm-0002")}
    assert not second & set(first[:3])
    assert second > set(first[3:])
    assert {"llm-0001.output.jsonl", "llm-0001.errors.jsonl"} < set(files(folder))
    provider.batches.at_most = None
    assert finished(folder, provider).counts("generate")["made"] == COUNT
    assert note(folder)["status"] == status


def test_a_batch_that_failed_is_submitted_anew(folder: Path, provider: ModelServer) -> None:
    waits(folder, provider)
    provider.batches.states.append("failed")
    said = waits(folder, provider)
    assert f"batch_1 of llm-0001.jsonl has failed (token_limit_exceeded): 0 of {COUNT} are answered" in said
    assert requests(folder, "llm-0002") == requests(folder, "llm-0001")
    assert finished(folder, provider).counts("generate")["made"] == COUNT


def test_a_stop_between_the_batch_and_its_note_submits_nothing_twice(
    folder: Path, provider: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = tables.write_json

    def killed(path: Path, value: Any) -> None:
        if path.name.endswith(".batch.json") and value["batch"]:
            raise KeyboardInterrupt
        write(path, value)

    with monkeypatch.context() as patched:
        patched.setattr(tables, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            goes(folder, provider)
    assert note(folder)["batch"] is None
    others = {"metadata": {"factory": "another"}, "input_file_id": "file-x", "object": "batch", "status": "completed"}
    provider.batches.batches |= {f"other_{n}": {"id": f"other_{n}", **others} for n in range(5)}  # newer: more pages
    waits(folder, provider)
    assert note(folder)["batch"] == "batch_1"
    assert provider.batches.calls["list"] == 3
    assert finished(folder, provider).counts("generate")["made"] == COUNT
    assert provider.batches.calls["create"] == 2  # a round each


def test_a_stop_before_the_batch_was_made_submits_the_same_file(
    folder: Path, provider: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.batches.fails("create", "http_500")
    assert "asked about a batch of llm-0001.jsonl, answered 500" in stops(folder, provider)
    assert note(folder) == {"batch": None, "factory": note(folder)["factory"], "input_file": "file-1", "status": None}
    waits(folder, provider)
    assert provider.batches.calls["create"] == 1
    assert files(folder) == ["llm-0001.batch.json", "llm-0001.jsonl"]
    assert finished(folder, provider).counts("generate")["made"] == COUNT


def test_where_the_answer_to_a_submission_is_lost_it_is_not_made_again(folder: Path, provider: ModelServer) -> None:
    provider.batches.fails("create", "reset", done=True)
    assert "could not be reached, or its answer was lost" in stops(folder, provider)
    assert provider.batches.calls["create"] == 1  # the package's own tries would have paid twice
    waits(folder, provider)
    assert note(folder)["batch"] == "batch_1"
    assert provider.batches.calls["create"] == 2  # the second round


def test_a_refused_key_stops_with_its_variable_and_leaves_nothing_half(
    folder: Path, provider: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "wrong")
    said = stops(folder, provider)
    assert f"{provider.url}, asked about the file llm-0001.jsonl, answered 401" in said
    assert f"the key in {VARIABLE} is not accepted" in said
    monkeypatch.setenv(VARIABLE, KEY)
    waits(folder, provider)
    assert files(folder) == ["llm-0001.batch.json", "llm-0001.jsonl"]


def test_a_key_that_is_missing_is_named(folder: Path, provider: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(WrongRequest, match=VARIABLE):
        goes(folder, provider)


@pytest.mark.parametrize(
    ("call", "fault", "tries", "words"),
    [
        ("upload", "insufficient_quota", 3, f"the account of the key in {VARIABLE} has nothing left"),
        ("upload", "http_404", 1, "it has no batches there. Check base_url"),
        ("upload", "http_400", 1, "it does not take that"),
        ("upload", "redirect", 1, "it sends requests to another address"),
        ("upload", "wrong_content_type", 1, "no proper 'id'"),
        ("create", "http_429", 1, "answered 429 (error). Run the same command again later"),
    ],
)
def test_what_else_a_provider_may_say_at_submission(
    folder: Path, provider: ModelServer, call: str, fault: str, tries: int, words: str
) -> None:
    provider.retry_after = "0.01"
    provider.batches.fails(call, *[fault] * tries)
    assert words in stops(folder, provider)
    assert finished(folder, provider).counts("generate")["made"] == COUNT


def test_a_batch_that_the_provider_does_not_know_is_not_paid_again_unasked(folder: Path, provider: ModelServer) -> None:
    waits(folder, provider)
    provider.batches.batches.clear()
    said = stops(folder, provider)
    place = folder / FOLDER / "llm-0001.batch.json"
    assert "asked about the batch batch_1 of llm-0001.jsonl, answered 404" in said
    assert f"If it is gone, remove {place}, and its requests are submitted again" in said
    assert provider.batches.calls["create"] == 1
    place.unlink()
    assert finished(folder, provider).counts("generate")["made"] == COUNT


def test_answers_that_are_cut_off_are_fetched_again(folder: Path, provider: ModelServer) -> None:
    waits(folder, provider)
    provider.batches.fails("content", "cut_body")
    assert "llm-0001.output.jsonl was cut off while it came" in stops(folder, provider)
    assert files(folder) == ["llm-0001.batch.json", "llm-0001.jsonl"]
    assert finished(folder, provider).counts("generate")["made"] == COUNT


def test_a_provider_that_lists_no_batches_leaves_the_choice_to_people(folder: Path, provider: ModelServer) -> None:
    provider.batches.fails("create", "http_500")
    stops(folder, provider)
    provider.batches.fails("list", "http_404")
    assert "Look there whether llm-0001.jsonl was submitted, and remove" in stops(folder, provider)


@pytest.mark.parametrize("fault", ["wrong_content_type", "empty_object"])
def test_what_is_no_list_is_not_taken_for_an_empty_one(folder: Path, provider: ModelServer, fault: str) -> None:
    provider.batches.fails("create", "http_500")
    stops(folder, provider)
    provider.batches.fails("list", fault)
    assert "asked about all batches, answered something else" in stops(folder, provider)
    assert note(folder)["batch"] is None


def test_a_note_without_its_requests_keeps_its_number(folder: Path, provider: ModelServer) -> None:
    waits(folder, provider)
    (folder / FOLDER / "llm-0001.jsonl").unlink()
    provider.batches.states.append("in_progress")
    assert "batch_2 (llm-0002.jsonl)" in waits(folder, provider)
    assert note(folder)["batch"] == "batch_1"


def test_a_proxy_is_the_way_there(folder: Path, provider: ModelServer) -> None:
    proxy = provider.url.removesuffix("/v1")
    said = waits(folder, provider, base_url="http://provider.example/v1", proxy=proxy, may_see="internal")
    assert "submitted to http://provider.example/v1" in said
    assert {headers["Host"] for headers in provider.batches.headers} == {"provider.example"}


def test_a_certificate_is_believed_only_when_its_authority_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path]
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with ModelServer(replies=says, tls=context) as server:
        assert "Name who signed it with 'ca_file:'" in stops(folder, server)
        waits(folder, server, ca_file=str(certificate[0]))


def test_files_that_wait_since_before_are_submitted(folder: Path, provider: ModelServer) -> None:
    waits(folder, provider, batch={"folder": FOLDER})
    assert not provider.batches.headers
    waits(folder, provider)
    assert files(folder) == ["llm-0001.batch.json", "llm-0001.jsonl"]


def test_no_text_is_submitted_that_the_provider_may_not_see(
    folder: Path, provider: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also not from a file that was written when it might."""
    waits(folder, provider, batch={"folder": FOLDER})  # all may be seen on this machine
    write_documents(folder, {"public/9.md": "The wheel number 9 is for all to see."})
    sources = [{"path": "documents/[0-9].md"}, {"path": "documents/public", "confidentiality": "public"}]
    batch = {"folder": FOLDER, "submit": True}
    settings = {"model": "parrot", "base_url": provider.url, "api_key_env": VARIABLE, "batch": batch}
    recipe = write_recipe(
        folder,
        methods=[{"qa": {"pairs": 1}}], sources=sources, models={"llm": {**settings, "may_see": "public"}},
    )  # fmt: skip
    with pytest.raises(Waiting):
        run(recipe, until="generate")
    sent = b"".join(provider.batches.files.values())
    assert b"for all to see" in sent
    assert b"turns left" not in sent


def test_only_a_file_of_the_very_same_requests_is_used_again(tmp_path: Path) -> None:
    model = Model.of({"model": "x", "batch": {"folder": str(tmp_path), "submit": True}})
    for name in ("llm-0001.jsonl", "llm-b-0001.jsonl", "llm-0001.output.jsonl"):
        (tmp_path / name).write_bytes(name.encode())
    submitting = Submitting("llm", model)
    assert submitting.left_behind(b"llm-0001.jsonl") == tmp_path / "llm-0001.jsonl"
    for content in (b"LLM-0001.jsonl", b"llm-b-0001.jsonl", b"llm-0001.output.jsonl"):
        assert submitting.left_behind(content) is None


def test_a_note_that_is_none_is_refused(folder: Path, provider: ModelServer) -> None:
    waits(folder, provider)
    (folder / FOLDER / "llm-0001.batch.json").write_text('{"batch": ')
    with pytest.raises(WrongRequest, match=r"llm-0001\.batch\.json is no note of a batch"):
        goes(folder, provider)


def test_azure_takes_batches_by_its_newer_path() -> None:
    with pytest.raises(WrongRequest, match="ends in /openai/v1"):
        Model.of({"model": "x", "api_version": "2024-10-21", "batch": {"folder": "b", "submit": True}})
