"""Sources at an address: fetched once, whole or not at all, read as a local copy would be, and no credential kept."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from factory import Run, run
from factory import recipe as recipes
from factory.errors import DeadWorld, WrongRequest
from factory.progress import Progress
from factory.stages.clean import clean
from factory.stages.forget import forget
from factory.views import ledger, verify
from tests.bucket import Bucket, Web
from tests.cli.conftest import COMMAND, factory
from tests.corpora import contents, rows, write_documents, write_recipe
from tests.laws.test_forget import places_of, texts_in

FILES = {
    "LICENSE": "Permission is hereby granted, free of charge, to any person obtaining a copy of this software",
    "boiler.md": "# Boiler\n\nThe boiler is a device that heats the water of the house.\n",
    "more/pump.md": "# Pump\n\nThe pump is a part that moves water through the pipes of the house.\n",
    "more/": "",  # as S3's console marks a folder
    "more/faq.csv": "question,answer\nHow loud is it?,It is as loud as a refrigerator.\nIs it dear?,It is not dear.\n",
    "more/.hidden.md": "A draft.",
    "film.mov": b"\x00\x01",
}
LOCAL = {name: content for name, content in FILES.items() if not name.endswith("/")}


@pytest.fixture
def bucket() -> Iterator[type[Bucket]]:
    with Bucket.filled({f"acme/documents/{name}": content for name, content in FILES.items()}) as made:
        yield made


def recipe(folder: Path, path: str = "bucket://acme/documents", **keys: Any) -> Path:
    source = {"path": path, **keys.pop("source", {})}
    return write_recipe(folder, sources=[source], **{"methods": ["text", "extractive_qa"], **keys})


def reasons(done: Run) -> dict[str, str]:
    return {entry.place: entry.reason for entry in ledger.entries(done, stage="ingest")}


# --- as a local copy


def test_a_folder_gives_what_a_local_copy_of_it_gives(tmp_path: Path, bucket: type[Bucket]) -> None:
    (tmp_path / "here").mkdir()
    write_documents(tmp_path / "here", LOCAL)
    here = run(recipe(tmp_path / "here", "documents"))
    there = run(recipe(tmp_path))
    assert rows(there.path / "documents") == rows(here.path / "documents")
    assert {row["licence"] for row in rows(there.path / "documents")} == {"MIT"}, "found in the file beside"
    assert contents(there.path / "dataset") == contents(here.path / "dataset")
    assert reasons(there) == reasons(here) == {"documents/LICENSE": "ingest.unsupported",
                                               "documents/film.mov": "ingest.unsupported"}  # fmt: skip
    assert not verify.broken(verify.verify(there))
    assert "acme/documents/film.mov" not in bucket.fetched, "no reader takes it"


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("bucket://acme/documents/boiler.md", {"boiler.md"}),
        ("bucket://acme/documents/*.md", {"boiler.md"}),
        ("bucket://acme/documents/**/*.md", {"boiler.md", "more/pump.md"}),
        ("bucket://acme/documents/more/", {"pump.md", "faq.csv"}),
        ("bucket://acme", {"documents/boiler.md", "documents/more/pump.md", "documents/more/faq.csv"}),
    ],
)
def test_files_folders_and_globs(tmp_path: Path, bucket: type[Bucket], path: str, read: set[str]) -> None:
    done = run(recipe(tmp_path, path), until="ingest")
    assert {row["path"] for row in rows(done.path / "documents")} == read


def test_a_bracket_in_a_name_is_no_pattern(tmp_path: Path, bucket: type[Bucket]) -> None:
    bucket.objects["acme/[draft].md"] = b"The draft is a text that is not finished."
    done = run(recipe(tmp_path, "bucket://acme/[draft].md"), until="ingest")
    assert [row["path"] for row in rows(done.path / "documents")] == ["[draft].md"]


def test_rows_at_an_address_are_records_too(tmp_path: Path, bucket: type[Bucket]) -> None:
    lines = [json.dumps({"prompt": f"What is {nth}?", "completion": f"It is {nth} and no more."}) for nth in range(3)]
    bucket.objects = {"acme/rows/a.jsonl": "\n".join(lines).encode(), "acme/rows/notes.md": b"# Notes"}
    done = run(recipe(tmp_path, "bucket://acme/rows", source={"as": "records"}, methods=[]))
    assert done.counts("read")["records"] == 3
    assert bucket.fetched == ["acme/rows/a.jsonl"]


def test_the_memory_of_fsspec_is_an_address(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe("/manuals/more/pump.md", b"The pump is a part that moves water.")
    try:
        for path in ("memory://manuals", "memory://manuals/**/*.md", "memory://manuals/more/pump.md"):
            folder = tmp_path / re.sub(r"\W", "_", path)
            folder.mkdir()
            done = run(recipe(folder, path), until="ingest")
            assert len(rows(done.path / "documents")) == 1
    finally:
        memory.rm("/manuals", recursive=True)


@pytest.mark.parametrize("path", ["documents", "documents/**/*.md", "documents/boiler.md"])
def test_file_is_a_way_to_write_a_path_and_nothing_is_copied(tmp_path: Path, path: str) -> None:
    write_documents(tmp_path, LOCAL)
    plain = rows(run(recipe(tmp_path, path), until="ingest").path / "documents")
    done = run(recipe(tmp_path, f"file://{tmp_path}/{path}", run="other"), until="ingest")
    assert rows(done.path / "documents") == plain
    assert not (done.path / "cache/fetched").exists()


# --- fetched once


def test_what_did_not_change_is_not_fetched_again(tmp_path: Path, bucket: type[Bucket]) -> None:
    file = recipe(tmp_path)
    run(file)
    assert len(bucket.fetched) == 4
    bucket.fetched.clear()
    assert run(file).did == []
    assert bucket.fetched == []
    bucket.objects["acme/documents/boiler.md"] = b"# Boiler\n\nThe boiler is a device that was changed.\n"
    del bucket.objects["acme/documents/more/pump.md"]
    again = run(file)
    assert bucket.fetched == ["acme/documents/boiler.md"]
    assert {row["path"] for row in rows(again.path / "documents")} == {"boiler.md", "more/faq.csv"}
    assert places_of("moves water through", again.path) == [], "its copy is gone, too"


def test_where_nothing_tells_of_a_change_all_is_fetched_again(tmp_path: Path, bucket: type[Bucket]) -> None:
    bucket.tells = False
    file = recipe(tmp_path)
    run(file)
    bucket.fetched.clear()
    assert run(file).did == [], "the bytes are the same"
    assert len(bucket.fetched) == 4


def test_a_damaged_note_or_copy_is_fetched_again(tmp_path: Path, bucket: type[Bucket]) -> None:
    done = run(recipe(tmp_path))
    [note] = done.path.glob("cache/fetched/*/had.jsonl")
    for damage in (
        b"",
        b"\xff{",
        b'[1]\n{"path": [], "size": 1, "mark": ""}\n{"mark": 1}\nnull\n',
        note.read_bytes()[:90],
    ):
        note.write_bytes(damage)
        assert run(recipe(tmp_path)).did == []
    [copy] = done.path.glob("cache/fetched/*/files/boiler.md")
    copy.write_bytes(b"cut")
    bucket.fetched.clear()
    assert run(recipe(tmp_path)).did == []
    assert bucket.fetched == ["acme/documents/boiler.md"]


def test_the_copies_of_a_source_that_is_out_of_the_recipe_go(tmp_path: Path, bucket: type[Bucket]) -> None:
    run(recipe(tmp_path))
    done = run(recipe(tmp_path, "bucket://acme/documents/boiler.md"))
    assert [file.name for file in done.path.glob("cache/fetched/*/files/**/*.*")] == ["boiler.md"]


def test_stopped_by_a_dead_place_it_goes_on_with_the_next_file(tmp_path: Path, bucket: type[Bucket]) -> None:
    class Dies(dict[str, bytes]):
        def __getitem__(self, name: str) -> bytes:
            if len(bucket.fetched) == 3:
                bucket.faults = {"": ConnectionResetError("s3cret")}
                raise bucket.faults[""]
            return super().__getitem__(name)

    whole, bucket.objects = bucket.objects, Dies(bucket.objects)
    with pytest.raises(DeadWorld, match=r"bucket://acme/documents does not answer \(ConnectionResetError\)") as error:
        run(recipe(tmp_path))
    assert "s3cret" not in str(error.value)
    had = bucket.fetched[:2]
    bucket.objects, bucket.faults = whole, {}
    bucket.fetched.clear()
    done = run(recipe(tmp_path))
    assert len(bucket.fetched) == 2
    assert not {*had} & {*bucket.fetched}
    assert len(rows(done.path / "documents")) == 4
    assert not list(done.path.glob("cache/fetched/*/parts/*"))


class Tired(Progress):
    """Wants no more after the first file."""

    def advance(self, items: int = 1) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_does_not_wait_for_a_file_that_never_ends(tmp_path: Path, bucket: type[Bucket]) -> None:
    bucket.endless = {"acme/documents/more/faq.csv", "acme/documents/more/pump.md"}
    with pytest.raises(KeyboardInterrupt):
        run(recipe(tmp_path), progress=Tired())
    assert not list((tmp_path / "run").glob("cache/fetched/*/parts/*"))
    bucket.endless = set()
    assert len(rows(run(recipe(tmp_path), until="ingest").path / "documents")) == 4


def test_killed_in_the_middle_it_goes_on_with_the_next_file(tmp_path: Path) -> None:
    with Web({"/a.md": TEXT, "/b.md": TEXT.upper()}) as web:
        web.silent = "/b.md"
        sources = [{"path": f"{web.url}/a.md"}, {"path": f"{web.url}/b.md"}]
        file = write_recipe(tmp_path, sources=sources, methods=["text"])
        with subprocess.Popen([COMMAND, "run", str(file)], stderr=subprocess.DEVNULL) as process:
            while web.fetched.count("/b.md") < 1:
                assert process.poll() is None
                time.sleep(0.01)
            time.sleep(0.1)  # its beginning is written
            process.kill()
        web.silent = ""
        web.fetched.clear()
        done = run(file, until="ingest")
        assert web.fetched == ["/b.md"]
        assert len(rows(done.path / "documents")) == 2
        assert not list(done.path.glob("cache/fetched/*/parts/*"))


# --- what goes wrong


def test_a_file_that_fails_alone_is_a_rejection_and_is_asked_for_again(tmp_path: Path, bucket: type[Bucket]) -> None:
    bucket.faults = {
        "acme/documents/boiler.md": PermissionError("s3cret"), "acme/documents/more/pump.md": RuntimeError("s3cret")
    }  # fmt: skip
    bucket.cut = {"acme/documents/more/faq.csv": 30}
    bucket.objects["acme/documents/plain.md"] = b"The plain text is one that is there."
    done = run(recipe(tmp_path))
    lost = {place: reason for place, reason in reasons(done).items() if reason == "ingest.not_fetched"}
    assert set(lost) == {"documents/boiler.md", "documents/more/pump.md", "documents/more/faq.csv"}
    assert places_of("s3cret", done.path) == []
    assert run(recipe(tmp_path)).did == []
    bucket.faults, bucket.cut = {}, {}
    assert len(rows(run(recipe(tmp_path), retry="ingest.not_fetched").path / "documents")) == 5
    assert not verify.broken(verify.verify(done))


@pytest.mark.parametrize("name", ["acme/documents//a.md", f"acme/documents/{'a' * 300}.md"])
def test_a_name_that_no_file_can_have_costs_only_itself(tmp_path: Path, bucket: type[Bucket], name: str) -> None:
    bucket.objects[name] = b"The text of an object with an odd name."
    done = run(recipe(tmp_path), until="ingest")
    assert "ingest.bad_name" in reasons(done).values()
    assert len(rows(done.path / "documents")) == 4


def test_a_file_where_another_one_needs_a_folder_is_the_one_that_is_lost(tmp_path: Path, bucket: type[Bucket]) -> None:
    bucket.objects["acme/documents/boiler.md/a.md"] = b"The text of an object with an odd name."
    done = run(recipe(tmp_path), until="ingest")
    assert reasons(done)["documents/boiler.md"] == "ingest.bad_name"
    assert "boiler.md/a.md" in {row["path"] for row in rows(done.path / "documents")}


def test_a_name_that_cannot_be_stored_is_replaced(tmp_path: Path, bucket: type[Bucket]) -> None:
    bucket.objects = {"acme/documents/a\0b\udcff.md": b"The text of an object with an odd name."}
    done = run(recipe(tmp_path), until="ingest")
    assert [row["path"] for row in rows(done.path / "documents")] == ["a\ufffdb\ufffd.md"]


def test_credentials_that_end_in_the_middle_stop_it(tmp_path: Path, bucket: type[Bucket]) -> None:
    bucket.faults = {"acme/documents/boiler.md": PermissionError()}
    bucket.ends = {"acme/documents/boiler.md"}
    with pytest.raises(WrongRequest, match="may not be read"):
        run(recipe(tmp_path))


def test_a_name_cannot_lead_out_of_the_copies(tmp_path: Path, bucket: type[Bucket]) -> None:
    for name in ("../../../../out.md", "more/../../../../../../out.md", "/out.md"):
        bucket.objects[f"acme/documents/{name}"] = b"The text that wants to get out."
    done = run(recipe(tmp_path), until="ingest")
    assert not list(tmp_path.rglob("out.md"))
    assert places_of("wants to get out", tmp_path) == []
    assert len(rows(done.path / "documents")) == 4


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (PermissionError("s3cret"), WrongRequest, "may not be read (PermissionError)"),
        (type("NoCredentialsError", (Exception,), {})("s3cret"), WrongRequest, "may not be read (NoCredentialsError)"),
        (OSError("Forbidden: s3cret"), WrongRequest, "may not be read (OSError)"),
        (FileNotFoundError("s3cret"), WrongRequest, "is not there"),
        (TypeError("s3cret"), WrongRequest, "See whether address and 'storage:' are right"),
        (TimeoutError("s3cret"), DeadWorld, "does not answer (TimeoutError)"),
        (RuntimeError("s3cret"), DeadWorld, "does not answer (RuntimeError)"),
    ],
)
def test_a_place_that_cannot_be_listed_ends_in_one_line(
    tmp_path: Path, bucket: type[Bucket], fault: Exception, kind: type[Exception], said: str
) -> None:
    bucket.faults = {"": fault}
    with pytest.raises(kind, match=re.escape(said)) as error:
        run(recipe(tmp_path))
    assert "bucket://acme/documents" in str(error.value)
    assert "s3cret" not in str(error.value)
    assert error.value.__suppress_context__, "a traceback would quote it"


def test_a_pattern_that_matches_nothing_is_refused(tmp_path: Path, bucket: type[Bucket]) -> None:
    with pytest.raises(WrongRequest, match=r"names no file"):
        run(recipe(tmp_path, "bucket://acme/documents/*.docx"))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("s3://bucket/folder/", "s3:// is read by a package that is not installed: pip install s3fs"),
        ("gs://bucket/folder/", "gs:// is read by a package that is not installed: pip install gcsfs"),
        ("nosuch://bucket", "nosuch:// is no address that fsspec reads"),
    ],
)
def test_an_address_that_nothing_reads_is_refused_before_any_work(tmp_path: Path, path: str, said: str) -> None:
    for package in ("s3fs", "gcsfs"):
        if said.endswith(package):
            try:
                __import__(package)
            except ImportError:
                continue
            pytest.skip(f"{package} is installed")
    with pytest.raises(WrongRequest) as error:
        run(recipe(tmp_path, path))
    assert said in str(error.value)
    assert str(error.value).startswith(f"{tmp_path / 'recipe.yaml'}:3: ")
    assert not (tmp_path / "run").exists()


# --- options


def test_options_of_the_filesystem_reach_it(tmp_path: Path, bucket: type[Bucket]) -> None:
    done = run(recipe(tmp_path, source={"storage": {"anon": True, "endpoint_url": "http://localhost:9000"}}))
    assert bucket.options == [{"anon": True, "endpoint_url": "http://localhost:9000"}]
    assert run(done.path / "recipe.yaml").did == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"path": "bucket://acme", "storage": {"secret": "s3cret"}}, "'secret' may hold a secret"),
        ({"path": "documents", "storage": {"anon": True}}, "'storage:' is for a source that is an address"),
        ({"path": "bucket://acme?s3cret=1"}, "only addresses of the web have a query"),
    ],
)
def test_what_is_wrong_with_a_source_is_said_with_its_line_and_without_its_secret(
    tmp_path: Path, bucket: type[Bucket], source: dict[str, Any], said: str
) -> None:
    with pytest.raises(WrongRequest) as error:
        recipes.load(str(write_recipe(tmp_path, sources=[source])))
    assert said in str(error.value)
    assert "s3cret" not in str(error.value)


# --- the web, and credentials

TEXT = "The valve is a part that stops the water when it is turned to the right."


def test_a_file_of_the_web(tmp_path: Path) -> None:
    with Web({"/a/My File.md": TEXT}) as web:
        file = recipe(tmp_path, f"{web.url}/a/My%20File.md")
        done = run(file)
        [document] = rows(done.path / "documents")
        assert (document["source"], document["path"], document["text"]) == ("My File.md", "My File.md", TEXT)
        web.fetched.clear()
        assert run(file).did == []
        assert web.fetched == []
        web.files["/a/My File.md"] = b"The valve is a part that was changed since."
        assert "ingest" in run(file).did
        web.etags = False
        assert run(file).did == []
        assert web.fetched.count("/a/My%20File.md") >= 2


def test_a_page_without_an_ending_is_read_as_what_the_server_says_it_is(tmp_path: Path) -> None:
    with Web({"/pump": f"<html><body><main><p>{TEXT}</p></main></body></html>"}, {"/pump": "text/html"}) as web:
        done = run(recipe(tmp_path, f"{web.url}/pump"), until="ingest")
        [document] = rows(done.path / "documents")
        assert (document["path"], document["media_type"]) == ("pump.html", "text/html")


def test_a_body_that_is_cut_is_a_rejection(tmp_path: Path) -> None:
    with Web({"/a.md": TEXT}) as web:
        web.cut = 10
        done = run(recipe(tmp_path, f"{web.url}/a.md"), until="ingest")
        assert reasons(done) == {"a.md": "ingest.not_fetched"}


def test_a_web_server_that_has_it_not_refuses_or_is_gone(tmp_path: Path) -> None:
    with Web({"/a.md": TEXT}) as web:
        with pytest.raises(WrongRequest, match="is not there"):
            run(recipe(tmp_path, f"{web.url}/b.md"))
        web.password = "s3cret"  # noqa: S105 # of a server that the test starts
        with pytest.raises(WrongRequest, match=r"may not be read \(HTTP 401\)"):
            run(recipe(tmp_path, f"{web.url}/a.md"))
    with pytest.raises(DeadWorld, match="does not answer"):
        run(recipe(tmp_path, f"{web.url}/a.md"))


@pytest.mark.parametrize("how", ["password", "signature"])
def test_credentials_in_an_address_are_used_and_written_nowhere(tmp_path: Path, how: str) -> None:
    with Web({"/a.md": TEXT, "/b.md": TEXT}) as web:
        setattr(web, how, "s3cret")
        asks = {
            "password": f"http://anna:s3cret@{web.host}/a.md",
            "signature": f"{web.url}/a.md?X-Amz-Signature=s3cret",
        }
        file = recipe(tmp_path, asks[how])
        done = run(file)
        assert len(rows(done.path / "documents")) == 1
        assert [name for name, text in texts_in(done.path) if "s3cret" in text or "anna" in text] == []
        assert f"path: {web.url}/a.md\n" in (done.path / "recipe.yaml").read_text(encoding="utf-8")
        setattr(web, how, "changed")  # expired
        web.fetched.clear()
        assert run(file).did == [], "what was had stays"
        assert run(done.path).did == [], "and the run's own recipe asks for nothing"
        assert (
            "tighter"
            in run(done.path, set=["filter=[{tighter: {plugin: length, min_chars: 9}}]"]).counts("filter.records")[
                "order"
            ]
        )
        assert clean(done.path)
        with pytest.raises(WrongRequest, match=r"may not be read \(HTTP 40[13]\)") as error:
            run(file)
        assert "s3cret" not in str(error.value)


def test_credentials_of_the_environment_reach_a_web_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login anna password s3cret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with Web({"/a.md": TEXT}) as web:
        web.password = "s3cret"  # noqa: S105 # of a server that the test starts
        done = run(recipe(tmp_path, f"{web.url}/a.md"), until="ingest")
    assert len(rows(done.path / "documents")) == 1
    assert places_of("s3cret", done.path) == []


def test_without_the_copy_a_run_says_that_its_recipe_has_the_credentials(tmp_path: Path) -> None:
    with Web({"/a.md": TEXT}) as web:
        web.signature = "s3cret"
        done = run(recipe(tmp_path, f"{web.url}/a.md?X-Amz-Signature=s3cret"))
        for copy in done.path.glob("cache/fetched/*/files/a.md"):
            copy.unlink()
        with pytest.raises(WrongRequest, match="was fetched with credentials, which no run keeps: run its own recipe"):
            run(done.path)


def test_no_message_of_the_command_holds_a_credential(tmp_path: Path) -> None:
    with Web({"/a.md": TEXT}) as web:
        web.signature = "s3cret"
        ended = factory("run", str(recipe(tmp_path, f"{web.url}/a.md?X-Amz-Signature=wr0ng")), cwd=tmp_path)
    assert ended.code == 2
    assert "wr0ng" not in ended.err + ended.out
    assert len(ended.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("seed=http://anna:wr0ng@host/", "--set seed=http://host/: 'seed' is not right"),
        ("x.y=http://host/a.md?sig=wr0ng", "--set x.y=http://host/a.md: unknown key 'x'"),
        ("sources.0.path=http://anna:wr0ng@host/", "'sources.0' is not right: a web server does not list"),
    ],
)
def test_no_message_of_a_set_holds_a_credential(tmp_path: Path, override: str, said: str) -> None:
    with pytest.raises(WrongRequest, match=re.escape(said)) as error:
        recipes.load(str(recipe(tmp_path)), overrides=[override])
    assert "wr0ng" not in str(error.value)


# --- forgetting and cleaning


@pytest.mark.parametrize("name", ["documents/boiler.md", "documents/more/faq.csv:1"])
def test_what_is_forgotten_is_in_no_copy_and_does_not_come_back(
    tmp_path: Path, bucket: type[Bucket], name: str
) -> None:
    words = {"documents/boiler.md": "heats the water", "documents/more/faq.csv:1": "loud as a refrigerator"}[name]
    bucket.objects["acme/documents/again.md"] = bucket.objects["acme/documents/boiler.md"]
    done = run(recipe(tmp_path))
    assert any(place.startswith("cache/fetched/") for place in places_of(words, done.path))
    forget(done.path, [name], yes=True)
    assert places_of(words, done.path) == []
    for _ in range(3):
        again = run(recipe(tmp_path))
        assert places_of(words, again.path) == []
        assert not verify.broken(verify.verify(again))
    assert again.did == []
    assert ledger.by_reason(ledger.entries(again, stage="ingest"))["ingest.forgotten"] == (1 if ":" in name else 2)
    assert len(rows(again.path / "documents")) == 5 - (1 if ":" in name else 2)


def test_cleaning_removes_the_copies_and_the_next_run_fetches_them(tmp_path: Path, bucket: type[Bucket]) -> None:
    done = run(recipe(tmp_path))
    [fetched] = [sort for sort in clean(done.path) if sort.what == "fetched files"]
    assert fetched.size_bytes
    assert not (done.path / "cache/fetched").exists()
    bucket.fetched.clear()
    assert run(recipe(tmp_path)).did == []
    assert len(bucket.fetched) == 4
