"""Near-equal questions: what is the same question and what is not; of the same the better grounded row stays."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory import plugins, run
from factory.corpus import Row, batch_of
from factory.errors import WrongRequest
from factory.records import Text
from filters.question_dedup import QuestionDedup
from tests.corpora import rows as rows_below
from tests.corpora import write_recipe
from tests.filters.rows import settled


def sft(
    id_: str,
    question: str,
    answer: str = "Up to forty tiles.",
    *,
    quotes: Sequence[str] = (),
    context: str | None = None,
    system: str | None = None,
    **meta: Any,
) -> Row:
    """A row of a question and its answer, as a run knows it."""
    messages = ([("system", system)] if system else []) + [("user", question), ("assistant", answer)]
    strings = [Text(f"messages[{nth}].content", role, text) for nth, (role, text) in enumerate(messages)]
    strings += [Text("context", "text", context)] if context else []
    strings += [Text(f"quotes[{nth}].text", "quote", quote) for nth, quote in enumerate(quotes)]
    return Row(0, id_, strings, {"kind": "sft"}, {"language": "en"} | meta)


def verdicts(
    *rows: Row, cuts: Sequence[int] = (), backwards: bool = False, dedup: QuestionDedup | None = None
) -> dict[str, dict[str, Any]]:
    """The verdict on each id; the batches are cut at `cuts` and scanned from the last if `backwards`."""
    code = dedup or QuestionDedup()
    texts = {row.id: row.text for row in rows}
    return settled(code, batch_of(rows, code.sees), texts, cuts=cuts, backwards=backwards)


def kept(*rows: Row, **options: Any) -> set[str]:
    return {id_ for id_, row in verdicts(*rows, **options).items() if row["outcome"] == "keep"}


def are_one(first: str, second: str, **meta: Any) -> bool:
    return len(kept(sft("a", first, **meta), sft("b", second, **meta))) == 1


# --- what is the same question ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("How many tiles does the Kiln K2 fire at once?", "how many tiles can a Kiln K2 fire at once"),
        ("How do I open the lid of the kiln?", "How can you open the lid of the kiln?"),
        ("How do I open the lid of the kiln?", "How to open the lid of the kiln?"),
        ("What is the warranty period of the Kiln K2?", "What's the Warranty Period of the Kiln K-2"),
        ("Which colour is the kiln's lid?", "What colour is the kiln's lid?"),
        ("What are the steps to cool the kiln down?", "What are the steps to cool the kilns down?"),
        ("What exactly is the purpose of the gateway?", "What is the purpose of the gateway?"),
        ("What must I do if the kiln doesn't open its lid?", "What must I do if a kiln does not open its lid?"),
        ("How do I turn on the kiln?", "How do I turn on a kiln?"),
    ],
)
def test_other_small_words_are_the_same_question(first: str, second: str) -> None:
    assert are_one(first, second)


OTHERS = [
    ("How many tiles does the Kiln K2 fire at once?", "How many tiles does the Kiln K3 fire at once?"),
    ("Is Python 3.11 supported by the gateway?", "Is Python 3.12 supported by the gateway?"),
    ("Is Python 3.11 supported by the gateway?", "Is Python 311 supported by the gateway?"),
    ("What does the gauge show at -5 degrees?", "What does the gauge show at 5 degrees?"),
    ("How long is the warranty of Berlin's office?", "How long is the warranty of Vienna's office?"),
    ("What must be done before the lid is opened?", "What must not be done before the lid is opened?"),
    ("Who may open the lid of the kiln?", "Who can't open the lid of the kiln?"),
    ("What must be done before the lid is opened?", "What must be done after the lid is opened?"),
    ("What is the maximum temperature of the kiln?", "What is the minimum temperature of the kiln?"),
    ("How do I install the sensor driver?", "How do I uninstall the sensor driver?"),
    ("How do I turn on the kiln?", "How do I turn off the kiln?"),
    ("How do I convert a table from Python to Java?", "How do I convert a table from Java to Python?"),
    ("Are Czech kilns better than Slovak kilns?", "Are Slovak kilns better than Czech kilns?"),
    ("What is in the blue box of the kiln?", "What is the blue box of the kiln?"),
    ("What does the gateway of the kiln do?", "What is the gateway of the kiln?"),
    ("How is the gateway used?", "How does the gateway use?"),
    ("Can I delete a backup?", "Do I delete a backup?"),
    ("Can I delete a backup?", "Should I delete a backup?"),
    ("How is the kiln cleaned?", "Why is the kiln cleaned?"),
    ("Is the code written in C++?", "Is the code written in C#?"),
    ("Is it true that x < y?", "Is it true that x > y?"),
    ("What is in box A of the kiln?", "What is in the box of the kiln?"),
    ("What is the price of the plan with support?", "What is the price of the plan without support?"),
    ("What do interviewers ask?", "What do interviewees ask?"),
]


@pytest.mark.parametrize("other_words", [False, True])
@pytest.mark.parametrize(("first", "second"), OTHERS)
def test_a_number_a_name_a_negation_or_a_word_that_matters_is_another_question(
    first: str, second: str, other_words: bool
) -> None:
    rows = [sft("a", first), sft("b", second)]
    assert len(kept(*rows, dedup=QuestionDedup(other_words=other_words, cosine=0.5))) == 2


@pytest.mark.parametrize(
    ("language", "first", "second", "same"),
    [
        ("de", "Wie heiß wird der Brennofen K2?", "Wie heiß wird ein Brennofen K2", True),
        ("de", "Wird der Brennofen heiß?", "Wird der Brennofen nicht heiß?", False),
        ("es", "¿Cuál es la temperatura del horno?", "Cuál es una temperatura del horno?", True),
        ("es", "¿Cuándo se abre el horno?", "¿Cuándo no se abre el horno?", False),
        ("fr", "Quelle est l’ouverture du four ?", "Quelle est une ouverture du four ?", True),
        ("fr", "Combien de fours y a-t-il ?", "Combien de tours y a-t-il ?", False),
        ("zh", "窑炉的最高温度是多少？", "窑炉的最高温度是多少", True),
        ("zh", "窑炉的最高温度是多少？", "窑炉的最低温度是多少？", False),
        ("ar", "ما هي درجة حرارة الفرن؟", "ما هي درجة حرارة الفرن", True),
        ("ar", "ما هي درجة حرارة الفرن؟", "ما هي درجة رطوبة الفرن؟", False),
    ],
)
def test_in_other_languages_too(language: str, first: str, second: str, same: bool) -> None:
    assert are_one(first, second, language=language) is same


def test_the_same_task_on_another_text_or_under_another_system_message_is_another_one() -> None:
    ask = "Summarise this text."
    assert len(kept(sft("a", ask, context="On kilns."), sft("b", ask, context="On gauges."), sft("c", ask))) == 3
    assert len(kept(sft("a", ask, context="On kilns."), sft("b", ask, context="On  kilns."))) == 1
    assert len(kept(sft("a", ask, system="Be brief."), sft("b", ask, system="Be long."))) == 2


def test_of_a_conversation_all_that_the_user_says_counts() -> None:
    def talk(id_: str, *said: str) -> Row:
        turns = [turn for text in said for turn in (("user", text), ("assistant", "Well."))]
        strings = [Text(f"messages[{nth}].content", role, text) for nth, (role, text) in enumerate(turns)]
        return Row(0, id_, strings, {"kind": "sft"}, {"language": "en"})

    assert len(kept(talk("a", "How hot is the kiln?", "And why?"), talk("b", "How hot is the gauge?", "And why?"))) == 2
    assert len(kept(talk("a", "How hot is the kiln?", "And why?"), talk("b", "How hot is a kiln?", "And why?"))) == 1


def test_a_row_that_asks_nothing_is_not_looked_at() -> None:
    said = verdicts(sft("a", "…?"), sft("b", "…?"))
    assert [json.loads(row["evidence"]) for row in said.values()] == [{"not_looked_at": "no question"}] * 2


# --- who stays -------------------------------------------------------------------------------------------------------

ASKED, AGAIN = "How many tiles does the Kiln K2 fire at once?", "How many tiles can the Kiln K2 fire at once?"


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"licence": "CC-BY-NC-4.0"}, {"licence": "MIT", "quotes": ["forty tiles", "at once"]}),
        ({"confidentiality": "restricted"}, {"confidentiality": "public", "quotes": ["forty tiles"]}),
        ({"quotes": ["up to", "forty"]}, {"quotes": ["Up to forty tiles."], "answer": "Up to forty tiles." * 9}),
        ({"quotes": ["up to forty tiles"]}, {"quotes": ["forty"], "answer": "Up to forty tiles, always."}),
        ({"answer": "Up to forty tiles at once."}, {"answer": "Forty."}),
    ],
)
def test_the_strictest_then_the_better_grounded_row_stays(better: dict[str, Any], worse: dict[str, Any]) -> None:
    found = verdicts(sft("a", ASKED, **worse), sft("b", AGAIN, **better))
    assert (found["b"]["outcome"], found["a"]["reason"]) == ("keep", "question_dedup.asked_before")
    assert json.loads(found["a"]["evidence"]) == {"kept": "b"}


def test_of_equals_the_smallest_id_stays() -> None:
    assert kept(sft("b", ASKED), sft("a", AGAIN), sft("c", ASKED)) == {"a"}


def test_the_threshold_decides_and_each_row_that_goes_is_near_the_one_that_stays() -> None:
    rows = [sft("a", "What is URL?"), sft("b", "What is a URL?"), sft("c", "Please, what exactly is just the URL?")]
    assert len(kept(*rows, dedup=QuestionDedup(threshold=1.0))) == 3
    assert kept(*rows) == {"a", "c"}
    assert kept(*rows, dedup=QuestionDedup(threshold=0.01)) == {"a"}
    few = batch_of(rows, "record")
    assert QuestionDedup(threshold=0.9).measure(few).equals(QuestionDedup().measure(few))


def test_what_two_rows_far_from_the_best_one_ask_is_compared_too() -> None:
    far = "Please, what exactly is just the URL?"
    rows = [sft("a", "What is URL?", quotes=["a URL"]), sft("b", far), sft("c", far)]
    assert {id_: row["evidence"] for id_, row in verdicts(*rows).items() if row["outcome"] == "reject"} == {
        "c": '{"kept": "b"}'
    }


QUESTIONS = [
    ASKED, AGAIN, "How many tiles does the Kiln K3 fire?", "What is URL?", "What is a URL?", "…",
    "How do I fix the pump of a large car?", "How can I repair the pumps of a big car?", "How do I fix a pump of cars?",
]  # fmt: skip
ROWS = st.lists(
    st.tuples(st.sampled_from(QUESTIONS), st.sampled_from(["Forty.", "Sixty tiles."]), st.integers(0, 2)),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("other_words", [False, True])
@settings(max_examples=50, deadline=None)  # the model is loaded once, by the first
@given(made=ROWS, cuts=st.lists(st.integers(0, 12), max_size=3), backwards=st.booleans(), data=st.data())
def test_where_the_batches_are_cut_and_in_which_order_they_come_does_not_matter(
    made: list[tuple[str, str, int]], cuts: list[int], backwards: bool, data: st.DataObject, other_words: bool
) -> None:
    dedup = QuestionDedup(other_words=other_words)
    rows = [sft(f"{nth:02d}", ask, says, quotes=["tiles"] * n) for nth, (ask, says, n) in enumerate(made)]
    whole = verdicts(*rows, dedup=dedup)
    assert verdicts(*rows, cuts=cuts, backwards=backwards, dedup=dedup) == whole
    assert verdicts(*data.draw(st.permutations(rows)), dedup=dedup) == whole
    gone = {id_: json.loads(row["evidence"])["kept"] for id_, row in whole.items() if row["outcome"] == "reject"}
    assert not set(gone) & set(gone.values())  # what is named as kept stays


@given(made=ROWS)
def test_states_merge_in_any_order_and_grouping(made: list[tuple[str, str, int]]) -> None:
    code = QuestionDedup()
    rows = [sft(f"{nth:02d}", ask, says) for nth, (ask, says, _) in enumerate(made)]
    features = code.measure(batch_of(rows, code.sees))
    third = len(rows) // 3
    bounds = [(0, third), (third, 2 * third), (2 * third, len(rows))]

    def scanned(nth: int) -> Any:
        start, end = bounds[nth]
        return code.scan(features.slice(start, end - start))

    def settled(state: Any) -> dict[str, str]:
        kept_for: dict[str, str] = code.settle(
            state, lambda ids: [(r.id, r.text) for r in rows if r.id in ids]
        ).kept_for
        return kept_for

    left = settled(code.merge(code.merge(scanned(0), scanned(1)), scanned(2)))
    assert left == settled(code.merge(scanned(0), code.merge(scanned(1), scanned(2))))
    assert left == settled(code.merge(scanned(2), code.merge(scanned(1), scanned(0))))


# --- in other words --------------------------------------------------------------------------------------------------

FIX, REPAIR = "How do I quickly fix the pump of a large car?", "How can I quickly repair the pump of a big car?"


def test_other_words_are_found_by_option_and_the_better_grounded_row_stays() -> None:
    rows = [sft("a", FIX, answer="Take the lid off."), sft("b", REPAIR, quotes=["lid"]), sft("c", "How is it fixed?")]
    assert len(kept(*rows)) == 3
    found = verdicts(*rows, dedup=QuestionDedup(other_words=True))
    assert (found["a"]["reason"], found["b"]["outcome"]) == ("question_dedup.asked_in_other_words", "keep")
    assert json.loads(found["a"]["evidence"]) == {"kept": "b", "cosine": pytest.approx(0.9, abs=0.09)}
    assert len(kept(*rows, dedup=QuestionDedup(other_words=True, cosine=1.0))) == 3
    assert len(kept(*rows, dedup=QuestionDedup(other_words=True, synonym=1.0))) == 3


def test_other_words_on_another_text_are_another_task() -> None:
    code = QuestionDedup(other_words=True)
    assert len(kept(sft("a", FIX, context="On pumps."), sft("b", REPAIR, context="On cars."), dedup=code)) == 2
    assert len(kept(sft("a", FIX, context="On pumps."), sft("b", REPAIR, context="On pumps."), dedup=code)) == 1


def test_what_had_the_words_of_a_row_that_goes_names_the_one_that_stays() -> None:
    rows = [sft("a", FIX), sft("b", FIX.replace("the pump", "a pump"), answer="No."), sft("c", REPAIR, quotes=["lid"])]
    found = verdicts(*rows, dedup=QuestionDedup(other_words=True))
    gone = {id_: json.loads(row["evidence"])["kept"] for id_, row in found.items() if row["outcome"] == "reject"}
    assert gone == {"a": "c", "b": "c"}
    assert found["b"]["reason"] == "question_dedup.asked_before"


def test_the_second_sense_only_decides_by_its_thresholds() -> None:
    rows = batch_of([sft("a", FIX), sft("b", "…")], "record")
    assert (
        QuestionDedup(other_words=True, cosine=0.9)
        .measure(rows)
        .equals(QuestionDedup(other_words=True, synonym=0.9).measure(rows))
    )
    assert QuestionDedup().measure(rows).schema.names == ["id", "question", "worth", "spans"]


# --- in a run --------------------------------------------------------------------------------------------------------


def test_rows_and_pairs_of_a_dataset_lose_the_questions_that_were_asked_before(tmp_path: Path) -> None:
    pairs = [{"prompt": ask, "chosen": "Forty tiles.", "rejected": "No."} for ask in (ASKED, AGAIN)]
    chats = [{"prompt": ask, "completion": says} for ask, says in ((ASKED, "Forty."), (AGAIN, "Up to forty tiles."))]
    for name, rows in (("pairs", pairs), ("chats", chats)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    sources = [{"path": f"{name}.jsonl", "as": "records"} for name in ("pairs", "chats")]
    done = run(write_recipe(tmp_path, methods=(), sources=sources, records=["question_dedup"]), until="generate")
    said = {row["id"]: row for row in rows_below(done.path / "verdicts/records")}
    gone = {id_: row for id_, row in said.items() if row["outcome"] == "reject"}
    assert (len(said), len(gone)) == (4, 2)
    assert {row["reason"] for row in gone.values()} == {"question_dedup.asked_before"}
    asked = {row["id"]: row for kind in ("sft", "preference") for row in rows_below(done.path / "records" / kind)}
    longer = [json.loads(row["evidence"])["kept"] for id_, row in gone.items() if "messages" in asked[id_]]
    assert [asked[id_]["messages"][1]["content"] for id_ in longer] == ["Up to forty tiles."]


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ({"threshold": 0}, "threshold must be above 0 and at most 1"),
        ({"threshold": 1.1}, "threshold must be above 0 and at most 1"),
        ({"cosine": 0.4}, "cosine must be from 0.5 to 1"),
        ({"synonym": 0}, "synonym must be above 0 and at most 1"),
    ],
)
def test_a_threshold_that_cannot_work_is_refused(option: dict[str, float], why: str) -> None:
    with pytest.raises(WrongRequest) as error:
        plugins.filter_("question_dedup", option)
    assert str(error.value) == f"question_dedup: {why}."
