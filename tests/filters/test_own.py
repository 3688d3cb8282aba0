"""Kinds of one's own in `pii` and `pii_leak`: presidio's files, installed recognisers, and what is refused."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factory import plugins
from factory.errors import WrongRequest
from filters.pii import Pii
from filters.pii_leak import PiiLeak
from tests.docs.blocks import ROOT, blocks
from tests.factory.installing import Package, on_the_path
from tests.filters.sourced import made_from, sft, verdicts
from tests.filters.test_pii import scrub, verdict

FILE = r"""
recognizers:
  - name: customers
    supported_entity: CUSTOMER
    patterns: [{name: five digits, regex: '\bK-?[0-9]{5}\b', score: 0.3}]
    context: [customer, client]
  - name: plants
    supported_languages: [{language: de}, {language: en}]
    supported_entity: PLANT
    deny_list: [Tarnwick North, Werk Süd]
  - {name: desks, supported_language: de, supported_entity: PHONE_NUMBER, deny_list: [Apparat 17]}
  - InAadhaarRecognizer
"""
SEVERAL = """
from presidio_analyzer import EntityRecognizer, RecognizerResult


class Shifts(EntityRecognizer):
    def load(self):
        self.words = ("early shift", "late shift")

    def analyze(self, text, entities, nlp_artifacts):
        lemmas = nlp_artifacts.lemmas  # presidio's recognisers may ask for tokens
        assert len(lemmas) == len(nlp_artifacts.tokens_indices)
        return [RecognizerResult("SHIFT", at, at + len(w), 0.8) for w in self.words if (at := text.find(w)) >= 0]


def shifts():
    return [Shifts(["SHIFT"]), Shifts(["SHIFT"], supported_language="pl")]
"""
PAGE = ROOT / "docs/howto/add-your-own-recogniser.md"
[LOCKERS] = [block.text.replace("Lockers", "lockers") for block in blocks(PAGE) if block.file == "acme_pii/lockers.py"]
REMOTE = """
from presidio_analyzer import RemoteRecognizer


class remote(RemoteRecognizer):
    def __init__(self):
        super().__init__(["PERSON"], name="remote", supported_language="en", version="1")

    def load(self): ...
    def analyze(self, text, entities, nlp_artifacts): return []
    def get_supported_entities(self): return ["PERSON"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "recognisers.yaml"
    made.write_text(FILE, encoding="utf-8")
    return made


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Package]:
    with on_the_path(tmp_path / "site") as site:
        yield Package(site, "acme")


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("Customer K-20417 wrote.", "Customer <CUSTOMER> wrote."),
        ("Part K-20417 broke.", "Part K-20417 broke."),
        ("Customer K-２０４１７ wrote.", "Customer <CUSTOMER> wrote."),
        ("From Tarnwick North to Werk Süd.", "From <PLANT> to <PLANT>."),
        ("Bitte Apparat 17 wählen, oder 020 7946 0112.", "Bitte <PHONE> wählen, oder <PHONE>."),
        ("Aadhaar 234123412346", "Aadhaar <IN_AADHAAR>"),
    ],
)
def test_a_file_of_presidios_is_read_as_presidio_reads_it(file: Path, text: str, scrubbed: str) -> None:
    assert scrub(Pii(recogniser_files=[file]), text) == scrubbed


def test_its_kinds_are_like_the_others(file: Path) -> None:
    pii = Pii(recogniser_files=[file], types=["email"], actions={"plant": "reject"}, allow=["/K-200.*/"])
    assert pii.own.kinds == ("customer", "in_aadhaar", "phone", "plant")
    row = verdict(pii, "Tarnwick North, client K-20417, client K-20011")
    assert (row["outcome"], row["reason"]) == ("reject", "pii.several")
    assert json.loads(row["evidence"]) == {"customer": 1, "plant": 1}


def test_a_leak_of_ones_own_kind_is_found_however_it_is_written(file: Path) -> None:
    leak = PiiLeak(recogniser_files=[file], patterns={"ticket": "TCK-[0-9]{6}"})
    source = "customer K-20417 of ticket TCK-481516"
    answers = ("It was K 20417.", "See tck 481516.", "It was somebody else.")
    found = verdicts(leak, *(made_from(sft(answer, "Who?", answer), source) for answer in answers))
    assert [row["outcome"] for row in found] == ["reject", "reject", "keep"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("a: [", r"recognisers.yaml:1: not YAML"),
        ("customers: 3", "there is no list 'recognizers:'"),
        ("recognizers: []", "there is no list 'recognizers:'"),
        ("recognizers: [3]", "neither a name nor a mapping"),
        ("recognizers: [{name: a, supported_entity: A, patterns: [{name: a, regex: '(', score: 1}]}]", "Invalid regex"),
        ("recognizers: [{name: a, deny_list: [a]}]", "supported_entity: Field required"),
        ("recognizers: [{name: a, supported_languages: 3, deny_list: [a]}]", "makes no recognisers of it"),
        ("recognizers: [EmilRecognizer]", "'EmilRecognizer' not found"),
        ("recognizers: [GLiNERRecognizer]", "'GLiNERRecognizer' is none of .* the option 'ner'"),
        ("recognizers: [{name: a, class_name: AzureAILanguageRecognizer}]", "neither a model nor a service"),
        ("recognizers: [{name: a, supported_entity: Mein Typ, deny_list: [a]}]", "'Mein Typ' is no name for a kind"),
    ],
)
def test_a_file_that_cannot_work_is_refused(file: Path, said: str, message: str) -> None:
    file.write_text(said, encoding="utf-8")
    with pytest.raises((WrongRequest, ValueError), match=message):
        Pii(recogniser_files=[file])


def test_what_a_file_lists_stands_in_no_message(file: Path) -> None:
    file.write_text("recognizers: [{name: staff, deny_list: [Ines Kolbe], deny_list_score: {x: Ines Kolbe}}]")
    with pytest.raises(WrongRequest) as refused:
        Pii(recogniser_files=[file])
    assert "Kolbe" not in str(refused.value)


def test_a_recogniser_of_an_installed_package_is_named(package: Package) -> None:
    package.declares("recognisers", "lockers", LOCKERS)
    package.declares("recognisers", "shifts", SEVERAL)
    pii = Pii(recognisers=["lockers", "shifts"])
    assert pii.own.kinds == ("locker", "shift")
    assert scrub(pii, "L1236, L1237 and the early shift") == "<LOCKER>, L1237 and the <SHIFT>"


@pytest.mark.parametrize(
    ("name", "source", "message"),
    [
        ("other", "other = 3", "is no EntityRecognizer of presidio"),
        ("remote", REMOTE, "sends text to a service, and pii sends none"),
        ("missing", "import nowhere_to_be_found", "cannot be loaded"),
    ],
)
def test_what_a_package_declares_that_cannot_work_is_refused(
    package: Package, name: str, source: str, message: str
) -> None:
    package.declares("recognisers", name, source)
    with pytest.raises(WrongRequest, match=message):
        Pii(recognisers=[name])


def test_an_unknown_recogniser_is_refused_with_the_near_name(package: Package) -> None:
    package.declares("recognisers", "lockers", LOCKERS)
    with pytest.raises(WrongRequest, match=r"Unknown recogniser 'locker'. Did you mean 'lockers'"):
        Pii(recognisers=["locker"])


def test_what_changed_measures_again(package: Package, file: Path, tmp_path: Path) -> None:
    def measures() -> str:
        options = {"recogniser_files": ["recognisers.yaml"], "recognisers": ["lockers"]}
        return plugins.filter_("pii", options, folder=tmp_path).measures

    package.declares("recognisers", "lockers", LOCKERS)
    before = measures()
    assert measures() == before
    file.write_text(FILE.replace("[0-9]{5}", "[0-9]{6}"), encoding="utf-8")
    assert measures() != before
    before = measures()
    plugins.source_digest.cache_clear()
    (tmp_path / "site/acme_lockers.py").write_text(LOCKERS.replace("{4}", "{5}"))
    assert measures() != before


def test_presidios_own_find_addresses_without_a_network(file: Path) -> None:
    file.write_text("recognizers: [EmailRecognizer, UrlRecognizer]", encoding="utf-8")
    code = f"""
import socket, sys
from pathlib import Path
def refuse(*args, **kwargs): raise AssertionError("network")
socket.getaddrinfo = socket.socket.connect = socket.create_connection = refuse
from filters._own import Own
found = Own({{}}, [Path({str(file)!r})], []).find("at https://acme.com or ask jane@acme.com")
print(*sorted({{one.kind for one in found}}))
print([name for name in ("torch", "transformers", "gliner") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["email url", "[]"]


PARTS = ["K-20417", "K20417", "customer ", "Tarnwick North", "Werk Süd", "Apparat 17", "jane@example.com", "SSN ",
         "TCK-481516", "020 7946 0112", "536221874", "•", "<CUSTOMER>", " ", "\n", "-", "7", "é", "\u200b"]  # fmt: skip
texts = st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=2)), max_size=9).map("".join)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts, action=st.sampled_from(["placeholder", "mask"]))
def test_scrubbing_twice_changes_nothing(tmp_path_factory: pytest.TempPathFactory, text: str, action: Any) -> None:
    pii = _made(tmp_path_factory, action)
    once = scrub(pii, text)
    assert scrub(pii, once) == once


_MADE: dict[str, Pii] = {}


def _made(folder: pytest.TempPathFactory, action: Any) -> Pii:
    """One an action: an engine takes time to make."""
    if action not in _MADE:
        file = folder.mktemp("own") / "recognisers.yaml"
        file.write_text(FILE, encoding="utf-8")
        _MADE[action] = Pii(action=action, recogniser_files=[file], patterns={"ticket": "TCK-[0-9]{6}"})
    return _MADE[action]
