"""A value of the unedited source is found in a row however it is written there; features hold no value."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins, run
from factory.corpus import Row
from factory.origins import Origin, check_places
from factory.records import Text
from filters._leaks import said_again
from filters.pii_leak import PiiLeak
from tests.corpora import rows, strings, write_documents, write_recipe
from tests.factory.installing import Package, on_the_path
from tests.filters.sourced import measured, reasons, sft, verdicts
from tests.laws.strategies import planted

SOURCE = "Write to Ines.Weber@example.com or call +49 30 901820 44; her desk is 10.20.30.40. Card 4111 1111 1111 1111."


def leaking(answer: str, source: str = SOURCE, *, question: str = "Whom do I ask?") -> Row:
    row = sft("r", question, answer)
    row.origins = {"raw_sourced": Origin(passages=(source,))}
    return row


@pytest.mark.parametrize(
    "answer",
    [
        "Ask ines.weber@example.com.",
        "Ask INES.WEBER@EXAMPLE.COM, please.",
        "Ask ines.weber at example dot com.",
        "Ask ines.weber (at) example [dot] com",
        "Call 030 90182044.",
        "Call +493090182044!",
        "Call 0049 (0)30/9018-2044.",
        "Call ０３０ ９０１８２０４４.",
        "Use 4111-1111-1111-1111.",
        "Use 4111111111111111.",
        "It is at 10.20.30[.]40",
    ],
)
def test_a_value_is_found_however_it_is_written(answer: str) -> None:
    assert reasons(PiiLeak(), leaking(answer)) == ["pii.leaked_from_source"]


@pytest.mark.parametrize(
    "answer",
    [
        "Ask the service desk.",
        "Write to Ines at example.org.",
        "Call 030 90182045.",
        "Call 030 901820449.",
        "Use card 4111.",
        "Write to <EMAIL>.",
        "",
    ],
)
def test_another_value_is_none_of_the_source(answer: str) -> None:
    assert reasons(PiiLeak(), leaking(answer)) == [None]


def test_every_string_of_a_row_is_looked_at() -> None:
    asked = leaking("Yes.", question="Is ines.weber@example.com right?")
    strings_of_pair = [Text("prompt[0].content", "user", "Who?"), Text("chosen[0].content", "assistant", "The desk."),
                       Text("rejected[0].content", "assistant", "030 90182044")]  # fmt: skip
    pair = Row(0, "p", strings_of_pair, {"kind": "preference", "language": "en"})
    pair.origins = asked.origins
    assert reasons(PiiLeak(), asked, pair) == ["pii.leaked_from_source"] * 2


def test_the_evidence_counts_kinds_and_features_hold_places() -> None:
    row = leaking("Ask ines.weber@example.com or call 030 90182044.")
    [verdict] = verdicts(PiiLeak(), row)
    assert json.loads(verdict["evidence"]) == {"email": 1, "phone": 1}
    features = measured(PiiLeak(), [row])
    check_places("pii_leak", pa.Table.from_batches([features]))
    [found] = [one for one in features.to_pylist()[0]["findings"] if one["kind"] == "email"]
    assert row.strings[1].text[found["start"] : found["end"]] == "ines.weber@example.com"
    assert found["field"] == "messages[1].content"
    assert not [text for text in strings(features.to_pylist()) if "weber" in text.lower() or "9018" in text]


def test_what_may_stay_may_be_said() -> None:
    row = leaking("Ask ines.weber@example.com.")
    assert reasons(PiiLeak(allow=["@example.com"]), row) == [None]
    assert reasons(PiiLeak(types=["phone"]), row) == [None]
    assert reasons(PiiLeak(exclude=["email"]), row) == [None]
    [flagged] = verdicts(PiiLeak(action="flag"), row)
    assert (flagged["outcome"], flagged["reason"]) == ("keep", "pii.leaked_from_source")


def test_another_threshold_measures_nothing() -> None:
    made = plugins.filter_("pii_leak", {"threshold": 0.9, "action": "flag"})
    assert made.measuring == plugins.filter_("pii_leak").measuring
    assert not {"threshold", "action"} & made.measuring.keys()


def test_a_row_without_a_source_is_not_looked_at() -> None:
    [verdict] = verdicts(PiiLeak(), sft("r", "Who?", "ines.weber@example.com"))
    assert (verdict["outcome"], verdict["evidence"]) == ("keep", '{"not_looked_at": "no_source"}')


@pytest.mark.parametrize(
    ("options", "said"), [({"types": ["mail"]}, "unknown type 'mail'"), ({"threshold": 0}, "threshold")]
)
def test_options_that_look_for_nothing_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        PiiLeak(**options)  # type: ignore[arg-type] # wrong on purpose


@pytest.mark.parametrize("said", ["Ines Weber", "Weber, Ines", "INES\nWEBER", "weber ines"])
def test_a_name_is_found_in_either_order(said: str) -> None:
    assert list(said_again(f"Ask {said} first.", "Ines Weber", "person")) == [(4, 4 + len(said))]
    assert not list(said_again("Ask Ines Keller or Otto Weber.", "Ines Weber", "person"))


@pytest.mark.parametrize("said", ["I. Weber", "I.Weber", "Weber, I.", "WEBER I."])
def test_a_name_is_found_with_initials(said: str) -> None:
    assert list(said_again(f"Ask {said} first.", "Ines Weber", "person")) == [(4, 4 + len(said))]
    assert list(said_again("Ask I. M. Weber.", "Ines Maria Weber", "person"))
    assert not list(said_again("Ask O. Weber or I. Keller, Weber Ltd.", "Ines Weber", "person"))


DAYS = ["23 May 1980", "1980-05-23", "23.05.1980", "05/23/1980", "23/5/80", "May 23rd, 1980", "23. Mai 1980",
        "23 de mayo de 1980", "23 mai 1980"]  # fmt: skip


@pytest.mark.parametrize("said", DAYS)
def test_a_day_is_found_however_it_is_written(said: str) -> None:
    for value in DAYS:
        assert list(said_again(f"born {said}.", value, "date_of_birth")) == [(5, 5 + len(said))]
    assert not list(said_again(f"born {said}.", "24 May 1980", "date_of_birth"))
    assert not list(said_again(f"born {said}.", "23 May 1981", "date_of_birth"))


@given(value=st.text(alphabet="0123456789./- mayi", max_size=12))
def test_any_date_of_birth_is_searched(value: str) -> None:
    list(said_again(f"born {value} and 23 May 1980", value, "date_of_birth"))


@pytest.mark.parametrize(
    ("said", "value", "kind", "found"),
    [
        ("badge 4711", "4711", "employee_id", True),
        ("at 47.11 bar", "4711", "employee_id", False),
        ("MRN 00-12-34-56", "00123456", "medical_record", True),
        ("at 12 Mill Lane,\nLeeds", "12 Mill Lane, Leeds", "address", True),
        ("at 12 Mill Road, Leeds", "12 Mill Lane, Leeds", "address", False),
        ("ask iweber2", "iweber", "username", False),
        ("call 5986", "451-5986", "phone", False),
        ("call 4515986", "451-5986", "phone", True),
    ],
)
def test_a_value_is_found_whole_and_no_part_of_another(said: str, value: str, kind: str, found: bool) -> None:
    assert bool(list(said_again(said, value, kind))) == found


@given(planted(), st.text(max_size=20), st.text(max_size=20))
def test_what_the_source_says_is_found_in_a_copy_of_it(drawn: tuple[str, str], before: str, behind: str) -> None:
    sentence, _ = drawn
    [findings] = measured(PiiLeak(), [leaking(sentence, sentence)])["findings"].to_pylist()
    around = f"{before} {sentence} {behind}"
    [again] = measured(PiiLeak(), [leaking(around, sentence)])["findings"].to_pylist()
    assert {one["kind"] for one in findings} <= {one["kind"] for one in again}
    assert bool(findings) == (reasons(PiiLeak(), leaking(sentence, sentence)) != [None])


@given(text=st.text(), value=st.text(), kind=st.sampled_from(["phone", "email", "ip", "iban", "person", "address"]))
def test_any_text_and_value_is_searched(text: str, value: str, kind: str) -> None:
    for start, end in said_again(text, value, kind):
        assert 0 <= start <= end <= len(text)


@given(st.lists(planted(), min_size=1, max_size=5), st.integers(0, 5))
def test_batch_cuts_and_order_change_nothing(drawn: list[tuple[str, str]], cut: int) -> None:
    made = [leaking(f"It is {value}.", sentence) for sentence, value in drawn]
    whole = measured(PiiLeak(), made).to_pylist()
    pieces = [measured(PiiLeak(), piece).to_pylist() for piece in (made[:cut], made[cut:]) if piece]
    assert [row for piece in pieces for row in piece] == whole
    assert measured(PiiLeak(), made[::-1]).to_pylist() == whole[::-1]


LEAKY = """
from factory.passages import Passage
from factory.records import sft

async def leaky(passage: Passage):
    yield sft(passage, "Whom do I ask?", "Ask ines dot weber: 030 90182044.")
    yield sft(passage, "Is the kiln hot?", "It is.")
"""


def test_a_value_that_a_model_says_although_its_passage_was_scrubbed_is_nowhere_but_in_the_record(
    tmp_path: Path,
) -> None:
    with on_the_path(tmp_path / "site") as site:
        Package(site, "stranger").declares("generators", "leaky", LEAKY)
        write_documents(tmp_path, {"kiln.md": f"# Kiln\n\nThe kiln is hot. {SOURCE}"})
        recipe = write_recipe(tmp_path, passages=["pii"], methods=["leaky"], records=["pii_leak"])
        done = run(recipe, until="export", workers=1)
    its = done.counts("filter.records")["filters"]["pii_leak"]
    assert its["reasons"] == {"pii.leaked_from_source": 1}
    assert its["kept"] == 1
    for folder in ("features", "verdicts", "dataset", "rejected"):
        said = "\n".join(strings(rows(done.path / folder)))
        assert not any(value in said for value in ("90182044", "901820 44", "Weber", "weber", "4111"))
