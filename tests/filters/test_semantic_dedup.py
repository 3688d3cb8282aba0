"""Rows that say the same in other words: near as vectors and the same in every particular, or both stay."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import plugins
from factory.errors import WrongRequest
from filters import _meanings
from filters._embeddings import alike, embedded
from filters._same_meaning import same, told
from filters.semantic_dedup import SemanticDedup
from tests.filters.rows import rows_of, settled

TEXT = "How can I quickly repair the pump of a big car?"
SAME = "How do I quickly fix the pump of a large car?"
OTHER = "How can I quickly sell the pump of a big car?"
TEXTS = [TEXT, SAME, OTHER, "How can I repair the pump of a big car quickly?", "", "The kiln has two doors.", "7"]


def shown(rows: dict[str, str], language: str | None = "en", licences: dict[str, str] | None = None) -> pa.RecordBatch:
    batch = rows_of(rows, licences)
    return batch.append_column("language", pa.array([language] * len(batch), pa.string()))


def verdicts(
    rows: dict[str, str],
    *,
    cuts: Sequence[int] = (),
    backwards: bool = False,
    language: str | None = "en",
    licences: dict[str, str] | None = None,
    **options: Any,
) -> dict[str, dict[str, Any]]:
    return settled(SemanticDedup(**options), shown(rows, language, licences), rows, cuts=cuts, backwards=backwards)


def kept(rows: dict[str, str], **options: Any) -> set[str]:
    return {id_ for id_, row in verdicts(rows, **options).items() if row["outcome"] == "keep"}


def test_a_row_that_says_the_same_is_rejected_and_names_what_stays() -> None:
    found = verdicts({"a": TEXT, "b": SAME, "c": OTHER})
    assert {id_: row["reason"] for id_, row in found.items()} == {
        "a": None,  # as long as b, and the smaller id
        "b": "semantic_dedup.same_meaning",
        "c": None,
    }
    assert '"kept": "a"' in found["b"]["evidence"]
    assert "pump" not in found["b"]["evidence"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The pump runs at 40 bar.", "The pump runs at 60 bar."),
        ("The pump runs for 1,500 hours.", "The pump runs for 150 hours."),
        ("It takes two hours to fill the tank.", "It takes three hours to fill the tank."),
        ("From 5 to 10 litres are left.", "From 10 to 5 litres are left."),
        ("Ask Anna about the spare key.", "Ask Bernd about the spare key."),
        ("How do I reset the K2 kiln?", "How do I reset the K3 kiln?"),
        ("Open the valve before the test.", "Do not open the valve before the test."),
        ("Open the valve before the test.", "Open the valve after the test."),
        ("The lid must be closed.", "The lid may be closed."),
        ("The pump drives the fan.", "The fan drives the pump."),
        ("Convert miles to kilometres.", "Convert kilometres to miles."),
        ("Is it legal to copy the manual?", "Is it illegal to copy the manual?"),
        ("Which is the short pipe?", "Which is the shortest pipe?"),
        ("Why do some pumps fail?", "Do some pumps fail?"),
        ("The report is due in January.", "The report is due in February."),
        ("Where can I buy a pump?", "Where can I sell a pump?"),
        ("All pumps are tested.", "Some pumps are tested."),
        ("Everything is checked twice with the cover on.", "Everything is checked twice without the cover on."),
    ],
)
def test_rows_that_differ_in_a_particular_both_stay(one: str, other: str) -> None:
    assert kept({"a": one, "b": other}) == {"a", "b"}
    assert not same(told(one, "en"), told(other, "en"), alike, synonym=0.6)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The film begins at 8.", "The movie starts at 8."),
        ("What's the quickest way to buy a house?", "What is the quickest way to purchase a home?"),
        ("It has 12 doors.", "It has twelve doors."),
        ("In 1887 the first tower of the bridge was built.", "The first tower of the bridge was built in 1887."),
        ("Take the photo of the kid.", "Take a picture of the child."),
    ],
)
def test_rows_that_say_the_same_in_other_words_are_one(one: str, other: str) -> None:
    assert same(told(one, "en"), told(other, "en"), alike, synonym=0.6)
    assert len(kept({"a": one, "b": other}, threshold=0.6)) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("如何打开阀门?", "如何关闭阀门?"), ("Öffne das Ventil.", "Schließe das Ventil.")]
)
@pytest.mark.parametrize("language", ["zh", "de", None])
def test_in_other_languages_there_are_no_synonyms(one: str, other: str, language: str | None) -> None:
    assert kept({"a": one, "b": other}, language=language) == {"a", "b"}
    assert len(kept({"a": one, "b": one + "!"}, language=language)) == 1


def test_a_long_word_of_capitals_is_read_once() -> None:
    long = "QUJD" * 500_000 + "x"  # no identifier: whoever tries every end of every beginning never comes back
    assert told(long, "en").words == (long.lower(),)


def test_what_goes_is_confirmed_against_the_row_that_stays() -> None:
    chain = {
        "a": "He began to fix the big car.",
        "b": "He began to repair the big car.",
        "c": "He began to mend the car.",
    }
    found = verdicts(chain)
    for row in found.values():
        if row["outcome"] == "reject":
            stays = row["evidence"].split('"kept": "')[1][0]
            assert found[stays]["outcome"] == "keep"
            assert same(told(chain[row["id"]], "en"), told(chain[stays], "en"), alike, synonym=0.6)


def test_the_row_under_the_strictest_terms_stays_then_the_longest() -> None:
    rows = {"a": TEXT, "b": SAME}
    assert kept(rows, licences={"a": "MIT", "b": "CC-BY-NC-4.0"}) == {"b"}
    longer = {"a": TEXT, "b": SAME.replace("quickly", "really quickly")}
    assert kept(longer) == {"b"}


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_empty_texts_are_nobodys_copies(text: str) -> None:
    assert kept({"a": text, "b": text, "c": TEXT}) == {"a", "b", "c"}


def test_more_copies_than_are_looked_at_at_once_leave_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_meanings, "NEAREST", 2)
    monkeypatch.setattr(_meanings, "MAX_TEXTS", 9)
    monkeypatch.setattr(_meanings, "PENDING", 5)
    assert len(kept({f"{nth:02d}": TEXT for nth in range(40)})) == 1


@settings(max_examples=25, deadline=None)
@given(
    texts=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=12),
    cuts=st.lists(st.integers(0, 12), max_size=3),
    backwards=st.booleans(),
)
def test_where_the_batches_are_cut_and_in_which_order_they_come_does_not_matter(
    texts: list[str], cuts: list[int], backwards: bool
) -> None:
    rows = {f"{n:02d}": text for n, text in enumerate(texts)}
    assert verdicts(rows, cuts=cuts, backwards=backwards) == verdicts(rows)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_has_a_vector_of_its_own_whatever_stands_beside_it(texts: list[str]) -> None:
    together = embedded(texts)
    assert together.shape == (len(texts), 256)
    for nth, text in enumerate(texts):
        assert (embedded([text])[0] == together[nth]).all()
        tells = told(text, "en")
        assert same(tells, tells, alike, synonym=0.6) is bool(tells.words or tells.numbers)


def test_the_thresholds_decide_and_measure_nothing() -> None:
    code = plugins.filter_("semantic_dedup", {"threshold": 0.9, "synonym": 0.7})
    assert code.measuring == {"embedder": "wordllama"}
    assert kept({"a": TEXT, "b": SAME}, synonym=1.0) == {"a", "b"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"threshold": 0.4}, "semantic_dedup: threshold must be from 0.5 to 1."),
        ({"synonym": 0.0}, "semantic_dedup: synonym must be above 0 and at most 1."),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongRequest) as error:
        plugins.filter_("semantic_dedup", options)
    assert str(error.value) == said
