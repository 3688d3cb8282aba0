"""Fakes: the same for the same value through a document, in a form that nobody's value has, and known again."""

import importlib
import json
import pkgutil
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import faker.providers.person
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import features, run
from factory.edits import Edit, EditMap
from factory.errors import WrongRequest
from factory.plugins import KEY, filter_
from filters import _fake_names
from filters._fakes import describe, draw, ours
from filters.pii import Pii

SECRET = bytes(range(32))
LETTER = """Write to Ines.Weber@acme.com or ines.weber@ACME.com, call +44 20 7946 0112 or 020 7946 0112.
Card 4111 1111 1111 1111, Amex 378282246310005, IBAN DE89 3704 0044 0532 0130 00, also GB82 WEST 1234 5698 7654 32.
SSN 536-22-1874, host 8.8.4.4 and 2001:4860::8888, 00:1A:2B:3C:4D:5E, employee EMP-19498, 12 Hoog Street.
username = "mgr_6008"
"""


def verdict(text: str, id_: str = "d1/0001", key: bytes = SECRET, **options: Any) -> Mapping[str, Any]:
    pii = Pii(**({"action": "fake"} | options))
    batch = pa.record_batch({"id": [id_], "field": ["text"], "text": [text]}).replace_schema_metadata({KEY: key})
    [row] = pii.decide(pii.measure(batch)).rows
    return row


def scrub(text: str, id_: str = "d1/0001", key: bytes = SECRET, **options: Any) -> str:
    edits = verdict(text, id_, key, **options)["edits"] or ()
    made = (Edit(e["start"], e["end"], e["kind"], e["replacement"]) for e in edits)
    return EditMap(tuple(made)).apply(text)


def test_a_value_is_the_same_fake_through_a_document_and_another_elsewhere() -> None:
    text = "ines@acme.com wrote to karl@acme.com; INES@acme.com did."
    first, second, third = re.findall(r"\S+@\S+\.org", scrub(text))
    assert first == third != second
    assert scrub(text, "d1/0007") == scrub(text, "d1/0001/qa/0") == scrub(text)
    assert scrub(text, "d2/0001") != scrub(text)
    assert scrub(text, seed=1) != scrub(text)
    assert scrub(text, key=b"another") != scrub(text)


def test_nothing_but_the_kind_is_kept_of_what_has_no_form_that_is_free() -> None:
    assert scrub("employee EMP-19498") == "employee <EMPLOYEE_ID>"


def test_scrubbing_twice_changes_nothing() -> None:
    once = scrub(LETTER)
    assert once != LETTER
    assert scrub(once) == once == scrub(once, key=b"another", seed=3)


@given(st.integers(0, 2**32), st.sampled_from(sorted(LETTER.splitlines())))
def test_whatever_is_drawn_is_known_again(seed: int, line: str) -> None:
    once = scrub(line, seed=seed)
    assert scrub(once, seed=seed + 1) == once


def fake(kind: str, value: str, seed: int = 0) -> str | None:
    return draw(kind, describe(value, kind, SECRET), seed, "d1")


@given(st.integers(0, 10_000))
def test_the_form_stays_and_check_digits_are_right(seed: int) -> None:
    card = fake("credit_card", "4111-1111-1111-1111", seed) or ""
    assert re.fullmatch(r"4000-00\d\d-\d{4}-\d{4}", card)
    digits = [int(d) for d in card if d.isdigit()]
    assert sum(d if n % 2 else sum(divmod(2 * d, 10)) for n, d in enumerate(digits)) % 10 == 0
    iban = fake("iban", "DE89 3704 0044 0532 0130 00", seed) or ""
    assert re.fullmatch(r"DE\d\d 0000 \d{4} \d{4} \d{4} \d\d", iban)
    plain = iban.replace(" ", "")
    assert int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1
    assert re.fullmatch(r"\+44 00 0\d{3} \d{4}", fake("phone", "+44 20 7946 0112", seed) or "")
    assert re.fullmatch(r"\(000\) \d{3}-\d{4}", fake("phone", "(303) 555-0147 x12", seed) or "")
    assert re.fullmatch(r"[a-z]+\.[a-z]+@example\.org", fake("email", "ines@acme.com", seed) or "")
    assert re.fullmatch(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+", fake("ip", "8.8.4.4", seed) or "")


def test_a_name_keeps_gender_language_case_and_its_parts() -> None:
    full, upper, family = (fake("person", name) or "" for name in ("Ines Schmidt", "INES SCHMIDT", "Schmidt"))
    assert full.upper() == upper
    given, last = full.split()
    assert last == family
    assert given in _fake_names.GIVEN["F"]
    assert last in _fake_names.FAMILY["de"]
    assert (fake("person", "Karl Schmidt") or "").split()[0] in _fake_names.GIVEN["M"]
    assert (fake("person", "K. Schmidt") or "") == f"X. {last}"


def test_no_made_up_word_is_a_name_in_any_list() -> None:
    real: set[str] = set()
    for module in pkgutil.iter_modules(faker.providers.person.__path__):
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        its = (vars(provider)[name] for name in vars(provider) if "first_name" in name or "last_name" in name)
        for names in (names for names in its if isinstance(names, tuple | list | dict)):
            real.update(str(name).casefold() for name in names)
    assert len(real) > 10_000
    for words in (*_fake_names.FAMILY.values(), *_fake_names.GIVEN.values()):
        assert len(set(words)) == len(words)
        assert not {word.casefold() for word in words} & real


def test_what_is_ours_is_found_whole() -> None:
    text = "Jorvina Tarvelwick-Weber, JORVINA TARVELWICK, 12 Kelmarcombe Street, Tarvel."
    assert [text[start:end] for start, end in ours(text)] == [
        "Jorvina", "JORVINA TARVELWICK", "12 Kelmarcombe Street"
    ]  # fmt: skip


KINDS = ["person", "phone", "iban", "credit_card", "email", "ip", "mac", "us_ssn"]


@given(st.text(min_size=1, max_size=30), st.sampled_from(KINDS))
def test_any_value_can_be_described_and_drawn(value: str, kind: str) -> None:
    made = fake(kind, value)
    assert made is None or made


def test_features_hold_neither_value_nor_key() -> None:
    pii = Pii(action="fake")
    batch = pa.record_batch({"id": ["a"], "field": ["text"], "text": [LETTER]}).replace_schema_metadata({KEY: SECRET})
    said = json.dumps(pii.measure(batch).to_pylist(), default=bytes.hex).casefold()
    for value in ("weber", "acme", "7946", "0112", "4111", "3782", "3704", "WEST".casefold(), "1874", "19498", "hoog"):
        assert value not in said
    assert SECRET.hex() not in said


def test_each_kind_may_have_its_own_action() -> None:
    text = "ines@acme.com, 020 7946 0112"
    assert scrub(text, action="placeholder", actions={"email": "mask"}) == "•••••••••••••, <PHONE>"
    assert verdict(text, action="placeholder", actions={"phone": "reject"})["outcome"] == "reject"
    assert scrub(text, action="placeholder", actions={"phone": "flag"}) == "<EMAIL>, 020 7946 0112"
    assert verdict(text, action="flag")["outcome"] == "keep"
    with pytest.raises(WrongRequest, match="Did you mean 'email'"):
        filter_("pii", {"actions": {"emial": "fake"}})


def test_what_is_keyed_has_other_features_than_what_is_not() -> None:
    assert not filter_("pii").code.keyed
    assert filter_("pii", {"actions": {"email": "fake"}}).code.keyed
    assert features.stamp(filter_("pii")) == features.stamp(filter_("pii", {"action": "mask"}))


def test_the_key_of_a_run_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Pump\n\nAsk ines@acme.com about the pump in the hall.\n" * 3)
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "run: run\nsources: [{path: docs}]\npassages: {filter: [pii: {action: fake}]}\n"
        "generate: {methods: [text]}\nfilter: [pii: {action: fake}]\n"
    )
    done = run(recipe, until="export", workers=1)
    key = done.path / "fakes.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    first, texts = key.read_bytes(), [row["text"] for row in done.dataset("text")["train"]]
    assert done.counts("filter.records")["filters"]["pii"]["edited"] == 0  # the fakes of the passages stay
    assert len({word for text in texts for word in re.findall(r"\S+@\S+\.org", text)}) == 1
    for file in done.path.rglob("*"):
        if file.is_file() and file.parent.name != "documents":
            assert b"ines@acme" not in file.read_bytes()
            assert file == key or first not in file.read_bytes()
    recipe.write_text(recipe.read_text().replace("methods: [text]", "methods: [text, extractive_qa]"))
    again = run(recipe, until="export", workers=1)
    assert key.read_bytes() == first
    assert [row["text"] for row in again.dataset("text")["train"]] == texts
