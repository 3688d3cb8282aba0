"""Grounded: an answer goes on as its source does; what is copied passes, what is made up does not."""

import itertools
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins, run
from factory.corpus import Row
from factory.records import Text
from filters._grounding import Source, grounded, known
from filters.grounded import Grounded
from tests.corpora import write_documents, write_recipe
from tests.filters.sourced import made_from, measured, reasons, sft, verdicts
from tests.laws.strategies import STRANGE, plain

KILN = (
    "The Orlo kiln reaches 1,250 degrees in about three hours. Keep its lid closed until the dial shows less than "
    "sixty degrees. The relief valve opens at 2.5 bar; it was introduced in 1998 by Ines Weber."
)


def answered(answer: str, *, question: str = "How do I use the kiln?", **options: Any) -> str | None:
    [reason] = reasons(
        Grounded(**options), made_from(sft("r", question, answer), KILN, headings=["Handbook of Fernweir"])
    )
    return reason


@pytest.mark.parametrize(
    "answer",
    [
        KILN,
        "Keep its lid closed until the dial shows less than sixty degrees.",
        "keep its LID closed, until the “dial” shows less than sixty degrees",
        "**Keep its lid closed** until the dial shows less than `sixty degrees`.",
        "1. Keep its lid closed.\n2. The relief valve opens at 2.5 bar.\n",
        "ntil the dial sho",
        "The Orlo kiln of Fernweir reaches 1250 degrees in about three hours.",
        "It reaches 1,250 degrees in about three hours.",
        "",
        "—",
    ],
)
def test_what_the_source_says_is_kept(answer: str) -> None:
    assert answered(answer) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Paint the kiln green before every winter.", "grounded.unsupported_sentence"),
        ("Keep its lid closed. Nobody ever cleans that with vinegar.", "grounded.unsupported_sentence"),
        ("Berlin.", "grounded.unsupported_sentence"),
        ("Keep its lid closed until the dial shows less than 75 degrees.", "grounded.number_not_in_source"),
        ("The relief valve opens at 25 bar.", "grounded.number_not_in_source"),
        ("It was introduced in 1989 by Ines Weber.", "grounded.number_not_in_source"),
    ],
)
def test_what_the_source_does_not_say_is_rejected(answer: str, reason: str) -> None:
    assert answered(answer) == reason


def test_names_are_looked_at_where_that_is_asked_for() -> None:
    said = "The relief valve opens at 2.5 bar; it was introduced in 1998 by Ines Keller."
    assert answered(said) is None
    assert answered(said, names="reject") == "grounded.name_not_in_source"
    assert answered(said, names="reject", question="Did Ines Keller or Ines Weber do it?") is None


def test_numbers_of_the_question_may_be_said_again() -> None:
    said = "Keep its lid closed until the dial of model 77 shows less than sixty degrees."
    assert answered(said) == "grounded.number_not_in_source"
    assert answered(said, question="What about model 77?") is None
    assert answered(said, numbers="ignore") is None


def test_the_evidence_is_the_place_of_the_worst_sentence_and_no_text() -> None:
    answer = "Keep its lid closed. Nobody ever cleans that with vinegar."
    [verdict] = verdicts(Grounded(), made_from(sft("r", "Why?", answer), KILN))
    evidence = json.loads(verdict["evidence"])
    assert answer[evidence["start"] : evidence["end"]] == "Nobody ever cleans that with vinegar."
    assert (evidence["field"], evidence["sentences"]) == ("messages[1].content", 2)
    assert evidence["support"] < evidence["mean"] == 0.5
    assert "vinegar" not in verdict["evidence"]


def test_a_row_can_be_held_to_what_it_cites() -> None:
    row = made_from(sft("r", "Why?", "The relief valve opens at 2.5 bar."), KILN, cited=["Keep its lid closed"])
    assert reasons(Grounded(), row) == [None]
    assert reasons(Grounded(against="cited"), row) == ["grounded.unsupported_sentence"]


@pytest.mark.parametrize("against", ["passages", "cited"])
def test_a_row_without_a_source_is_not_looked_at(against: Any) -> None:
    [verdict] = verdicts(Grounded(against=against), sft("r", "Why?", "Berlin."))
    assert (verdict["outcome"], verdict["reason"]) == ("keep", None)
    assert verdict["evidence"] == '{"not_looked_at": "no_source"}'


def test_a_row_that_only_cites_is_held_to_that() -> None:
    row = made_from(sft("r", "Why?", "Berlin."), cited=["Keep its lid closed"])
    assert reasons(Grounded(), row) == ["grounded.unsupported_sentence"]


def test_the_chosen_answer_of_a_pair_is_looked_at_and_the_rejected_one_is_not() -> None:
    def pair(chosen: str, rejected: str) -> Row:
        strings = [Text("prompt[0].content", "user", "How hot?"), Text("chosen[0].content", "assistant", chosen),
                   Text("rejected[0].content", "assistant", rejected)]  # fmt: skip
        return made_from(Row(0, "p", strings, {"kind": "preference", "language": "en"}), KILN)

    right, wrong = "The Orlo kiln reaches 1,250 degrees.", "Any kiln melts steel within 9 minutes."
    assert reasons(Grounded(), pair(right, wrong)) == [None]
    assert reasons(Grounded(), pair(wrong, right)) == ["grounded.unsupported_sentence"]


def test_a_text_row_goes_on_from_one_passage_to_the_next() -> None:
    halves = KILN[:70], KILN[70:]
    text = Row(0, "t", [Text("text", "text", KILN)], {"kind": "text", "language": None})
    assert reasons(Grounded(min_support=1.0), made_from(text, *halves)) == [None]


def test_scripts_without_spaces_are_compared_by_characters() -> None:
    source = "系统在启动后检查所有传感器。压力过低时泵会停止。"
    kept = made_from(sft("r", "泵什么时候停止？", "压力过低时泵会停止。"), source)
    lost = made_from(sft("r", "泵什么时候停止？", "水是一种无色的液体，人们每天都要喝。"), source)
    assert reasons(Grounded(), kept, lost) == [None, "grounded.unsupported_sentence"]


def test_what_was_scrubbed_after_the_answer_was_made_does_not_count_against_it() -> None:
    row = made_from(sft("r", "Who?", "Write to <EMAIL>."), "Write to ines@example.com.")
    assert reasons(Grounded(), row) == [None]


def test_support_is_by_hand() -> None:
    source = Source(["the cat sat on the mat"])
    assert source.support([["the", "cat", "sat", "down"]]) == [pytest.approx((3 - 1) / 4)]
    assert source.support([["cat", "mat", "dog"], ["on", "the", "mat"]]) == [pytest.approx((2 - 2) / 3), 1.0]
    assert Source([]).support([["cat"]]) == [0.0]


def test_a_bound_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="min_support must be from 0 to 1"):
        Grounded(min_support=1.5)


def test_another_threshold_measures_nothing() -> None:
    options = {"min_support": 0.9, "against": "cited", "numbers": "ignore", "names": "reject"}
    assert plugins.filter_("grounded", options).measuring == plugins.filter_("grounded").measuring == {}


def test_rows_that_quote_their_passages_are_kept_in_a_run(tmp_path: Path) -> None:
    kilns = {
        f"{nth}.md": f"# Kiln {nth}\n\n## Is kiln {nth} hot?\n\nKiln {nth} is at 1,2{nth}0 degrees. Ask "
        f"k{nth}@example.com.\n\nA lid is the part of kiln {nth} that keeps it warm. {nth} tiles fit.\n"
        for nth in range(3)
    }
    strict = [
        {"grounded": {"min_support": 1.0, "names": "reject"}},
        {"cited": {"plugin": "grounded", "against": "cited"}},
    ]
    write_documents(tmp_path, kilns)
    done = run(write_recipe(tmp_path, passages=["pii"], records=strict, target=99), until="generate", workers=1)
    its = done.counts("filter.records")["filters"]
    assert its["grounded"]["kept"] == its["grounded"]["read"] > 3
    assert its["grounded"]["not_looked_at"] == 0
    assert its["cited"]["not_looked_at"] == 3, "text rows cite nothing"
    assert its["cited"]["rejected"] == 0


# --- laws


def prose() -> st.SearchStrategy[str]:
    said = st.one_of(plain(), st.sampled_from(STRANGE), st.text(max_size=30))
    return st.lists(said, min_size=1, max_size=5).map(" ".join)


@given(source=prose(), data=st.data())
def test_a_verbatim_quote_is_never_rejected(source: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(source)))
    quote = source[start : data.draw(st.integers(start, len(source)))]
    strict = Grounded(min_support=1.0, names="reject")
    assert reasons(strict, made_from(sft("r", "What is it?", quote), source)) == [None]
    assert reasons(
        Grounded(against="cited", min_support=1.0), made_from(sft("r", "?", quote), source, cited=[source])
    ) == [None]


@given(sources=st.lists(prose(), min_size=1, max_size=4), answer=st.text(max_size=60), cut=st.integers(0, 4))
def test_batch_cuts_and_order_change_nothing(sources: list[str], answer: str, cut: int) -> None:
    rows = [made_from(sft(str(n), "Why?", answer + source[:20]), source) for n, source in enumerate(sources)]
    whole = pa.Table.from_batches([measured(Grounded(), rows)]).to_pylist()
    pieces = [measured(Grounded(), piece) for piece in (rows[:cut], rows[cut:]) if piece]
    assert pa.Table.from_batches(pieces).to_pylist() == whole
    assert measured(Grounded(), rows[::-1]).to_pylist() == whole[::-1]


@given(answer=st.text(), source=st.text(), asked=st.text(max_size=20))
def test_any_text_has_sentences_inside_of_it_and_a_support_between_0_and_1(
    answer: str, source: str, asked: str
) -> None:
    found = grounded(answer, Source([source]), known([asked]))
    assert all(0 <= one.support <= 1 and 0 <= one.start < one.end <= len(answer) for one in found)
    assert all(left.end <= right.start for left, right in itertools.pairwise(found))


@pytest.mark.slow
@pytest.mark.parametrize(
    "bait",
    ["a " * 150_000, "." * 300_000, "1," * 150_000, "\n" * 300_000, "A. " * 100_000, "系" * 200_000, "<A" * 150_000],
)
def test_long_baits_do_not_stall(bait: str) -> None:
    [verdict] = verdicts(Grounded(), made_from(sft("r", bait, bait), bait))  # quadratic time would be hours
    assert verdict["outcome"] == "keep"
