"""Shapes of foreign datasets: each is named by looking, turned into records, and written back through edits."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import records
from factory.edits import Edit, EditMap
from factory.errors import BadItem, WrongRequest
from factory.shapes import SHAPES, UnknownShape, looked_at, write_back

Row = dict[str, Any]
PICTURE = [{"type": "image_url", "image_url": {"url": "x.png"}}]
TREE = {
    "message_tree_id": "t",
    "tree_state": "ready_for_export",
    "prompt": {
        "text": "How do I soft-boil an egg?",
        "role": "prompter",
        "replies": [
            {"text": "Boil it hard.", "role": "assistant", "rank": 1, "replies": []},
            {
                "text": "Six minutes.",
                "role": "assistant",
                "rank": 0,
                "replies": [
                    {
                        "text": "And then?",
                        "role": "prompter",
                        "replies": [{"text": "Cold water.", "role": "assistant", "rank": None, "replies": []}],
                    }
                ],
            },
            {"text": "Removed.", "role": "assistant", "rank": 2, "deleted": True, "replies": []},
        ],
    },
}


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def turns(*contents: str) -> list[dict[str, str]]:
    return [said("assistant" if nth % 2 else "user", content) for nth, content in enumerate(contents)]


def sft(*contents: str, context: str | None = None, tools: str | None = None) -> tuple[str, Row]:
    return "sft", {"messages": turns(*contents), "context": context, "tools": tools}


def pair(prompt: list[Row], chosen: list[Row], rejected: list[Row]) -> tuple[str, Row]:
    return "preference", {"prompt": prompt, "chosen": chosen, "rejected": rejected}


def ranked(prompt: list[Row], texts: list[str], ranks: list[int]) -> tuple[str, Row]:
    completions = [[said("assistant", text)] for text in texts]
    return "ranking", {"prompt": prompt, "completions": completions, "ranks": ranks}


HIDES = "?aeioy+"
ANSWER = [said("assistant", "4")]
WRONG = [said("assistant", "5")]
ASKED = [said("user", "2 + 2?")]
HUMAN = "\n\nHuman: 2 + 2?\n\nAssistant: "
CASES: list[tuple[str, Row, list[tuple[str, Row]]]] = [
    ("alpaca", {"instruction": "Add.", "input": "2 + 2", "output": "4", "id": 7}, [sft("Add.\n\n2 + 2", "4")]),
    ("alpaca", {"instruction": "Add.", "input": " ", "output": "4"}, [sft("Add.", "4")]),
    (
        "alpaca",
        {"instruction": "2 + 2?", "output": "4", "history": [["Hi", "Hello"]]},
        [sft("Hi", "Hello", "2 + 2?", "4")],
    ),
    (
        "instruction_context_response",
        {"instruction": "Add.", "context": "2 + 2", "response": "4", "category": "math"},
        [sft("Add.", "4", context="2 + 2")],
    ),
    ("messages", {"messages": turns("Hi", "Hello")}, [sft("Hi", "Hello")]),
    ("messages", {"messages": json.dumps(turns("Hi", "Hello"))}, [sft("Hi", "Hello")]),
    (
        "messages",
        {
            "messages": [said("user", "Hi"), {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}],
            "tools": [{"name": "look"}],
        },
        [sft("Hi", '[{"id": "1"}]', tools='[{"name": "look"}]')],
    ),
    (
        "messages",
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, said("assistant", "Hello")]},
        [sft("Hi", "Hello")],
    ),
    (
        "sharegpt",
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
        [sft("Hi", "Hello")],
    ),
    ("sharegpt", {"conversations": {"from": ["human", "gpt"], "value": ["Hi", "Hello"]}}, [sft("Hi", "Hello")]),
    (
        "sharegpt_preference",
        {
            "conversations": [{"from": "human", "value": "2 + 2?"}],
            "chosen": {"from": "gpt", "value": "4"},
            "rejected": {"from": "gpt", "value": "5"},
        },
        [pair(ASKED, ANSWER, WRONG)],
    ),
    (
        "alpaca_preference",
        {"instruction": "2 + 2?", "input": "", "chosen": "4", "rejected": "5"},
        [pair(ASKED, ANSWER, WRONG)],
    ),
    (
        "kto_conversations",
        {"messages": turns("2 + 2?", "4"), "label": True},
        [("feedback", {"prompt": ASKED, "completion": ANSWER, "label": True})],
    ),
    (
        "unpaired_preference",
        {"prompt": "2 + 2?", "completion": "5", "label": False},
        [("feedback", {"prompt": ASKED, "completion": WRONG, "label": False})],
    ),
    (
        "unpaired_preference",
        {"instruction": "2 + 2?", "output": "5", "kto_tag": "false"},
        [("feedback", {"prompt": ASKED, "completion": WRONG, "label": False})],
    ),
    ("prompt_completion", {"prompt": "2 + 2?", "completion": "4"}, [sft("2 + 2?", "4")]),
    ("prompt_completion", {"prompt": ASKED, "completion": ANSWER}, [sft("2 + 2?", "4")]),
    ("preference_explicit", {"prompt": "2 + 2?", "chosen": "4", "rejected": "5"}, [pair(ASKED, ANSWER, WRONG)]),
    ("preference_explicit", {"prompt": ASKED, "chosen": ANSWER, "rejected": WRONG}, [pair(ASKED, ANSWER, WRONG)]),
    (
        "preference_explicit",
        {"prompt": "2 + 2?", "chosen": ASKED + ANSWER, "rejected": ASKED + WRONG},
        [pair(ASKED, ANSWER, WRONG)],
    ),
    ("preference_implicit", {"chosen": ASKED + ANSWER, "rejected": ASKED + WRONG}, [pair(ASKED, ANSWER, WRONG)]),
    (
        "preference_implicit",
        {"chosen": "The sky is blue.", "rejected": "The sky is green."},
        [pair([said("user", "The sky is")], [said("assistant", " blue.")], [said("assistant", " green.")])],
    ),
    ("hh_transcripts", {"chosen": f"{HUMAN}4", "rejected": f"{HUMAN}5"}, [pair(ASKED, ANSWER, WRONG)]),
    ("transcripts", {"text": f"{HUMAN}4"}, [sft("2 + 2?", "4")]),
    ("transcripts", {"text": "### Human: 2 + 2?\n### Assistant: 4"}, [sft("2 + 2?", "4")]),
    (
        "ranking",
        {"prompt": "2 + 2?", "completions": ["4", "5", "6"], "ranks": [0, 2, 1]},
        [ranked(ASKED, ["4", "5", "6"], [0, 2, 1])],
    ),
    (
        "ranking",
        {
            "instruction": "2 + 2?",
            "completions": [{"response": "4", "overall_score": 9.5}, {"response": "5", "overall_score": 1}],
        },
        [ranked(ASKED, ["4", "5"], [0, 1])],
    ),
    (
        "ranking",
        {"context": ["2 + 2?"], "replies": [{"text": "5", "rank": 3}, {"text": "4", "rank": 1}]},
        [ranked(ASKED, ["5", "4"], [1, 0])],
    ),
    (
        "comparison",
        {"instruction": "2 + 2?", "output_1": "5", "output_2": "4", "better": 2},
        [ranked(ASKED, ["5", "4"], [1, 0])],
    ),
    (
        "comparison",
        {"prompt": "2 + 2?", "answer_x": "4", "answer_y": "5", "winner": "tie"},
        [ranked(ASKED, ["4", "5"], [0, 0])],
    ),
    (
        "comparison",
        {"prompt": "2 + 2?", "response_0": "5", "response_1": "4", "better_response_id": 1},
        [ranked(ASKED, ["5", "4"], [1, 0])],
    ),
    (
        "openassistant_trees",
        TREE,
        [
            sft("How do I soft-boil an egg?", "Six minutes.", "And then?", "Cold water."),
            ranked([said("user", "How do I soft-boil an egg?")], ["Six minutes.", "Boil it hard."], [0, 1]),
        ],
    ),
    (
        "self_instruct_seeds",
        {"instruction": "Add.", "instances": [{"input": "", "output": "4"}, {"input": "3 + 3", "output": "6"}]},
        [sft("Add.", "4"), sft("Add.\n\n3 + 3", "6")],
    ),
    ("multiple_choice", {"question": "2 + 2?", "choices": ["3", "4"], "answer": 1}, [sft("2 + 2?\nA. 3\nB. 4", "4")]),
    (
        "multiple_choice",
        {"question": "2 + 2?", "choices": {"text": ["3", "4"], "label": ["1", "2"]}, "answerKey": "2"},
        [sft("2 + 2?\nA. 3\nB. 4", "4")],
    ),
    (
        "question_context_answer",
        {"question": "2 + 2?", "context": "Sums.", "answers": {"text": ["4", "four"], "answer_start": [0, 0]}},
        [sft("2 + 2?", "4", context="Sums.")],
    ),
    ("question_answer", {"Question": "2 + 2?", "Best Answer": "4", "Source": "x"}, [sft("2 + 2?", "4")]),
    ("question_answer", {"question": "2 + 2?", "answer": 4}, [sft("2 + 2?", "4")]),
    ("prompt_answer", {"query": "2 + 2?", "response": "4"}, [sft("2 + 2?", "4")]),
    ("labelled_texts", {"text": "Fine.", "label": "good"}, [("labels", {"text": "Fine.", "label": "good"})]),
    ("labelled_texts", {"sentence": "Fine.", "label": 1}, [("labels", {"text": "Fine.", "label": "1"})]),
    (
        "labelled_pairs",
        {"premise": "It rains.", "hypothesis": "It is wet.", "label": 0},
        [("labels", {"text": "It rains.\nIt is wet.", "label": "0"})],
    ),
    ("prompts", {"key": 1, "prompt": "Write a poem.", "tags": ["x"]}, [sft("Write a poem.")]),
    ("text", {"text": "A kiln.", "id": "x", "score": 0.5}, [("text", {"text": "A kiln."})]),
]


@pytest.mark.parametrize(("name", "row", "expected"), CASES, ids=[name for name, *_ in CASES])
def test_a_row_is_named_by_looking_and_becomes_records(name: str, row: Row, expected: list[tuple[str, Row]]) -> None:
    converter = looked_at([row], place="x.jsonl")
    assert converter.shape.name == name
    assert converter.records(row) == expected
    for kind, data in expected:
        assert {column for column, _ in records.COLUMNS[kind]} == set(data)


def test_every_shape_has_a_case() -> None:
    assert {name for name, *_ in CASES} == {shape.name for shape in SHAPES}


def test_it_says_what_it_found_in_words_with_the_columns_it_read_and_left() -> None:
    alpaca = looked_at([{"id": 1, "instruction": "Add.", "input": "", "output": "4"}], place="x.jsonl")
    assert alpaca.words == "Alpaca (instruction, input, output)"
    assert alpaca.unused == ["id"]
    chat = looked_at([{"prompt": ASKED, "completion": ANSWER}], place="x.jsonl")
    assert chat.words == "TRL prompt and completion, conversational (prompt, completion)"


def test_class_names_of_the_file_are_the_labels() -> None:
    converter = looked_at([{"text": "Fine.", "label": 1}], class_names={"label": ["bad", "good"]}, place="x.parquet")
    assert converter.records({"text": "Poor.", "label": 0})[0][1]["label"] == "bad"
    assert converter.records({"text": "Odd.", "label": -1})[0][1]["label"] == "-1"  # the hub's word for none


# --- rows that do not fit ----------------------------------------------------------------------------------------


def refused(rows: list[Row], row: Row) -> BadItem:
    with pytest.raises(BadItem) as caught:
        looked_at(rows, place="x.jsonl").records(row)
    return caught.value


def test_a_row_of_another_shape_is_refused_alone_and_counted() -> None:
    rows = [{"instruction": "Add.", "output": "4"}] * 3
    converter = looked_at([*rows, {"text": "A kiln."}], place="x.jsonl")
    with pytest.raises(BadItem) as caught:
        converter.records({"text": "A kiln."})
    assert caught.value.reason == "ingest.other_shape"
    assert "plain texts" in caught.value.detail
    assert "Alpaca" in caught.value.detail
    assert converter.others == {"plain texts": 1}


@pytest.mark.parametrize(
    ("good", "bad", "why"),
    [
        ({"instruction": "Add.", "output": "4"}, {"instruction": "Add.", "output": None}, "'output' is null"),
        ({"text": "A kiln."}, {"text": None}, "'text' holds null, not text"),
        ({"text": "A kiln."}, {"body_": 3}, "there is no column 'text'"),
        (
            {"messages": turns("Hi", "Hello")},
            {"messages": [{"role": "narrator", "content": "x"}]},
            "has a role that is none of",
        ),
        ({"messages": turns("Hi", "Hello")}, {"messages": []}, "'messages' holds nothing, not messages"),
        (
            {"messages": turns("Hi", "Hello")},
            {"messages": [{"role": "user", "content": PICTURE}]},
            "a part that is no text",
        ),
        (
            {"messages": turns("Hi", "Hello"), "label": True},
            {"messages": turns("Hi", "Hello", "So?"), "label": True},
            "does not end with an answer",
        ),
        (
            {"question": "?", "choices": ["a", "b"], "answer": 1},
            {"question": "?", "choices": ["a", "b"], "answer": 5},
            "none of the choices",
        ),
        (
            {"prompt": "?", "completions": ["a", "b"], "ranks": [0, 1]},
            {"prompt": "?", "completions": ["a", "b"], "ranks": [0]},
            "not as many ranks or scores as answers",
        ),
    ],
)
def test_a_row_that_lacks_something_is_refused_with_what_it_lacks(good: Row, bad: Row, why: str) -> None:
    error = refused([good], bad)
    assert error.reason in ("ingest.not_of_shape", "ingest.other_shape")
    assert why in error.detail


def test_no_message_quotes_a_row() -> None:
    secret = "hunter2 hunter2 hunter2"  # noqa: S105 # none
    for bad in (
        {"instruction": secret, "output": [[secret]]},
        {"instruction": 3, "output": {"x": secret}},
        {"x": secret},
    ):
        assert "hunter2" not in str(refused([{"instruction": "Add.", "output": "4"}], bad))
    with pytest.raises(UnknownShape) as caught:
        looked_at([{"x": secret, "y": {"z": secret}}], place="x.jsonl")
    assert "hunter2" not in str(caught.value)


def test_an_unknown_shape_lists_the_columns_and_says_how_to_map_them() -> None:
    with pytest.raises(UnknownShape) as caught:
        looked_at([{"id": 7, "raw": {"task": "Add.", "says": "The sum is four."}, "ok": True}], place="x.jsonl")
    said_ = str(caught.value)
    assert said_.startswith("x.jsonl: the rows are of no shape that is known.")
    assert "id (number), raw.task (text), raw.says (text), ok (true or false)" in said_
    assert "--map 'raw.says=text'" in said_


def test_of_rows_that_hold_a_known_shape_twice_the_command_for_the_first_is_said() -> None:
    """Raw and revised beside each other: which of them is meant nobody can tell; how to say it anybody can."""
    pair = {"instruction": "Add.", "input": "", "output": "4"}
    with pytest.raises(
        UnknownShape, match=r"--map raw\.instruction=instruction --map raw\.input=input --map raw\.output="
    ):
        looked_at([{"id": 7, "raw": pair, "revised": pair}], place="x.jsonl")


def test_prompts_beside_texts_that_may_be_answers_are_not_taken_for_prompts_alone() -> None:
    with pytest.raises(UnknownShape):
        looked_at([{"question": "Why?", "verdict": "because it is so and for no other reason at all"}], place="x.jsonl")


def test_answers_1_and_2_with_a_0_among_the_labels_are_not_guessed() -> None:
    rows = [{"prompt": "?", "response 1": "a", "response 2": "b", "label": label} for label in (1, 0, 2)]
    with pytest.raises(UnknownShape, match="--map 'label=winner_from_0'"):
        looked_at(rows, place="x.jsonl")
    first = looked_at(rows, mapping={"winner_from_0": "label"}, place="x.jsonl")
    assert [first.records(row)[0][1]["ranks"] for row in rows] == [[1, 0], [0, 1], [0, 0]]
    second = looked_at(rows, mapping={"winner_from_1": "label"}, place="x.jsonl")
    assert [second.records(row)[0][1]["ranks"] for row in rows] == [[0, 1], [0, 0], [1, 0]]


def test_a_column_is_mapped_also_inside_an_object() -> None:
    row = {"raw": {"task": "Add.", "says": "4"}, "output": "not this"}
    converter = looked_at([row], mapping={"instruction": "raw.task", "output": "raw.says"}, place="x.jsonl")
    assert converter.records(row) == [sft("Add.", "4")]
    with pytest.raises(WrongRequest, match="no column 'body' to read as text"):
        looked_at([row], mapping={"text": "body"}, place="x.jsonl")


# --- the way back ------------------------------------------------------------------------------------------------


def hidden(text: str) -> EditMap:
    """What a filter would do that hides some characters, wherever they stand."""
    return EditMap(tuple(Edit(at, at + 1, "x", "¤¤") for at, letter in enumerate(text) if letter in HIDES))


def with_hidden(row: Row) -> Row | None:
    """A row with some characters hidden in its records, and put back into the row."""
    edits = []
    for kind, data in looked_at([row], place="x.jsonl").records(row):
        edits += [(text.text, hidden(text.text)) for text in records.texts(kind, data) if is_of_the_row(text)]
    return write_back(row, edits)


def is_of_the_row(text: records.Text) -> bool:
    return bool(getattr(text.text, "parts", ()))


@pytest.mark.parametrize(
    ("name", "row"), [(name, row) for name, row, _ in CASES if not isinstance(row.get("conversations"), dict)]
)
def test_an_edit_of_a_record_is_an_edit_of_its_row(name: str, row: Row) -> None:
    before = json.dumps(row, ensure_ascii=False)
    row = json.loads(before)  # no list of it stands in two places
    written = with_hidden(row)
    assert written is not None
    assert json.dumps(row, ensure_ascii=False) == before  # the row itself is left alone
    after = looked_at([written], place="x.jsonl")
    assert after.shape.name == name
    old, new = looked_at([row], place="x.jsonl").records(row), after.records(written)
    assert [hiding(kind, data) for kind, data in old] == [list(records.texts(kind, data)) for kind, data in new]


def hiding(kind: str, data: Row) -> list[records.Text]:
    """The texts of a record as the edits leave them."""
    return [
        text._replace(text=hidden(text.text).apply(text.text)) if is_of_the_row(text) else text
        for text in records.texts(kind, data)
    ]


@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), min_size=2, max_size=2
    ),
    data=st.data(),
)
def test_edits_of_a_joined_text_are_put_into_the_strings_that_they_touch(texts: list[str], data: st.DataObject) -> None:
    row = {"instruction": texts[0], "input": texts[1], "output": "ok"}
    joined = looked_at([row], place="x.jsonl").records(row)[0][1]["messages"][0]["content"]
    start = data.draw(st.integers(0, len(joined) - 1))
    end = data.draw(st.integers(start + 1, len(joined)))
    written = write_back(row, [(joined, EditMap((Edit(start, end, "x", "<X>"),)))])
    first, between = len(texts[0]), 2 if texts[1].strip() else 0
    if not between:
        assert written == {**row, "instruction": texts[0][:start] + "<X>" + texts[0][end:]}
        return
    if start >= first and end <= first + between:
        assert written is None  # only what stands between the two: no string of the row has it
        return
    left, right = texts[0][:start] + texts[0][min(end, first) :], texts[1]
    assert written is not None
    whole = written["instruction"] + written["input"]
    assert whole.count("<X>") >= 1
    assert len(whole) - len("<X>") == first + len(right) - _covered(start, end, first, len(right))
    assert left is not None


def _covered(start: int, end: int, first: int, second: int) -> int:
    """How many characters of the two strings lie in an edit of both with two characters between them."""
    of_first = max(0, min(end, first) - min(start, first))
    of_second = max(0, min(end, first + 2 + second) - max(start, first + 2))
    return of_first + of_second


def test_lists_that_a_csv_holds_as_json_are_written_back_as_json() -> None:
    row = {"messages": json.dumps(turns("Hi", "Hello"))}
    written = with_hidden(row)
    assert written is not None
    assert json.loads(written["messages"]) == turns("H¤¤", "H¤¤ll¤¤")


def test_what_no_string_of_the_row_holds_has_no_way_back() -> None:
    row = {"messages": [said("user", "Hi"), {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}]}
    [(_, data)] = looked_at([row], place="x.jsonl").records(row)
    call = data["messages"][1]["content"]
    assert write_back(row, [(call, EditMap((Edit(0, 1, "x", "!"),)))]) is None


def test_a_nul_and_half_a_character_become_u_fffd_one_for_one() -> None:
    row = {"text": "a\0b\ud800c"}
    assert looked_at([row], place="x.jsonl").records(row) == [("text", {"text": "a\ufffdb\ufffdc"})]


@given(
    row=st.dictionaries(
        st.sampled_from(
            [
                "instruction",
                "output",
                "messages",
                "chosen",
                "rejected",
                "prompt",
                "text",
                "label",
                "completions",
                "ranks",
                "choices",
                "conversations",
                "instances",
            ]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["role", "content", "from", "value", "text"]), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=5,
    )
)
def test_no_row_makes_it_fail(row: Row) -> None:
    try:
        converter = looked_at([row], place="x.jsonl")
    except UnknownShape:
        return
    for kind, data in converter.records(row):
        assert {column for column, _ in records.COLUMNS[kind]} == set(data)
