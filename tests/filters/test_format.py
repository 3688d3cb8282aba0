"""The form of records: each check strikes where it should, and on what only looks like it no check does."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory import plugins
from factory.corpus import Row, batch_of
from factory.errors import WrongRequest
from factory.records import texts
from filters import _faults
from filters.format import CHECKS, REASONS, Format

ANSWER = "Wait until the dial shows sixty degrees, then lift the lid with both hands."
CUT = "First wait until the dial shows sixty degrees, and then put on the gloves that hang beside the"


def row_of(kind: str, data: dict[str, Any], id_: str = "r") -> Row:
    return Row(0, id_, texts(kind, data), {"kind": kind})


def sft(*turns: tuple[str, str]) -> Row:
    return row_of("sft", {"messages": [{"role": role, "content": content} for role, content in turns]})


def said(row: Row, **options: Any) -> tuple[str, str | None, dict[str, Any] | None]:
    filter_ = Format(**options)
    [verdict] = filter_.decide(filter_.measure(batch_of([row], "record"))).rows
    return verdict["outcome"], verdict["reason"], json.loads(verdict["evidence"] or "null")


def answered(text: str) -> Row:
    return sft(("user", "How do I open the kiln?"), ("assistant", text))


@pytest.mark.parametrize(
    ("check", "row"),
    [
        ("no_messages", sft()),
        ("unknown_role", sft(("human", "Open it?"), ("assistant", ANSWER))),
        ("no_answer", sft(("user", "Open it?"))),
        ("empty_answer", answered(" \n")),
        ("empty_question", sft(("user", ""), ("assistant", ANSWER))),
        ("system_not_first", sft(("user", "Open it?"), ("system", "Be brief."), ("assistant", ANSWER))),
        ("answer_first", sft(("assistant", "Hello!"), ("user", "Open it?"), ("assistant", ANSWER))),
        ("two_in_a_row", sft(("user", "Open it?"), ("user", "Please."), ("assistant", ANSWER))),
        ("template_token", answered(f"{ANSWER}<|im_end|>")),
        ("placeholder_answer", answered("<nooutput> This cannot be done in text.")),
        ("placeholder_answer", answered("No output.")),
        ("placeholder_answer", answered(" nan ")),
        ("placeholder_input", sft(("user", "Open it?\n\nNoinput"), ("assistant", ANSWER))),
        ("placeholder_input", sft(("user", "Open it?\n\n<no input required>"), ("assistant", ANSWER))),
        ("placeholder_input", sft(("user", "Open it?\n\nN/A"), ("assistant", ANSWER))),
        ("leaked_prompt", answered(f"### Response:\n{ANSWER}")),
        ("open_fence", answered("Run this:\n```sh\nopen kiln\n")),
        ("open_json", answered('{"steps": ["wait", "lift')),
        ("unfinished", answered(CUT)),
    ],
)
def test_each_check_strikes(check: str, row: Row) -> None:
    outcome, reason, _ = said(row)
    assert reason == REASONS[check]
    assert outcome == ("reject" if check in Format().rejects else "keep")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Is there a tool for it?", "None."),
        ("Which valve is it?", "N/A"),
        ("What does the form say?\n\nName: none, input: no", ANSWER),
        ("What is None in Python?", "No output is printed until the lid is shut, since nothing is flushed before."),
        ("Say it.\n\nNo input is needed to open the kiln, is it?", ANSWER),
        ("Who wrote the manual?", "Nan did."),
    ],
)
def test_a_word_for_nothing_may_be_an_answer(question: str, answer: str) -> None:
    assert said(sft(("user", question), ("assistant", answer)))[1] not in (
        "format.placeholder_answer", "format.placeholder_input",
    )  # fmt: skip


def test_a_pair_and_a_completion_are_conversations_with_their_prompt() -> None:
    prompt, answer = [{"role": "user", "content": "Open it?"}], [{"role": "assistant", "content": ANSWER}]
    again = [{"role": "user", "content": "And?"}]
    assert said(row_of("preference", {"prompt": prompt, "chosen": answer, "rejected": answer}))[0] == "keep"
    turned = row_of("preference", {"prompt": prompt, "chosen": answer, "rejected": again})
    assert said(turned)[:2] == ("reject", "format.no_answer")
    assert said(row_of("feedback", {"prompt": prompt, "completion": answer, "label": True}))[1] is None
    cut = [{"role": "assistant", "content": CUT}]
    assert said(row_of("preference", {"prompt": prompt, "chosen": answer, "rejected": cut}))[1] is None
    assert said(row_of("preference", {"prompt": prompt, "chosen": cut, "rejected": answer}))[1] == "format.unfinished"


def test_of_a_document_only_template_tokens_are_looked_for() -> None:
    assert said(row_of("text", {"text": f"### Response:\n{CUT}"}))[1] is None
    assert said(row_of("text", {"text": "Ends <|endoftext|> here."})) == (
        "reject", "format.template_token", {"field": "text", "start": 5},
    )  # fmt: skip


def test_the_evidence_names_the_place_and_what_else_struck() -> None:
    row = sft(("user", "[INST] Open it?"), ("assistant", ""))
    assert said(row) == ("reject", "format.empty_answer", {"also": ["template_token"]})
    assert said(row, rejects=["template_token"]) == (
        "reject", "format.template_token", {"field": "messages[0].content", "start": 0, "also": ["empty_answer"]},
    )  # fmt: skip


def test_a_quote_in_meta_is_not_looked_at() -> None:
    strings = [*answered(ANSWER).strings, *row_of("text", {"text": "<|im_end|>"}).strings]
    strings[-1] = strings[-1]._replace(role="quote", field="quotes[0].text")
    assert said(Row(0, "r", strings, {"kind": "sft"}))[1] is None


def test_a_check_that_there_is_not_is_refused() -> None:
    with pytest.raises(WrongRequest, match="option 'rejects' is not right"):
        plugins.filter_("format", {"rejects": ["unfinnished"]})
    assert plugins.filter_("format", {"rejects": []}).measuring == {}


@pytest.mark.parametrize(
    "token",
    [
        "<|im_start|>",
        "<|eot_id|>",
        "<|endoftext|>",
        "<｜User｜>",
        "[INST]",
        "[/INST]",
        "<<SYS>>",
        "<start_of_turn>",
        "<eos>",
    ],
)
def test_a_token_of_a_template_is_found_anywhere(token: str) -> None:
    found = _faults.template_mark(f"It is {token} hot.")
    assert found is not None
    assert found.start() + len(found.group().lstrip()) - len(token) == 6


@pytest.mark.parametrize(
    "text",
    [
        "a <s>struck</s> word",
        "a | b |> c",
        "[NAME], dear",
        "if a <b> c",
        "x = [INSTALL]",
        "<|",
        "f <|> g",
        "</s> is EOS",
    ],
)
def test_what_is_no_token_of_a_template(text: str) -> None:
    assert _faults.template_mark(text) is None


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("```\na\n```", False),
        ("```py\na", True),
        ("~~~\n```\n~~~", False),
        ("````\n```\n````", False),
        ("````\n```\n", True),
        ("```\na\n``` b\n", True),
        ("`a` and ``` in a line", False),
        ("```inline``` code", False),
        ("    ```\nindented", False),
        ("", False),
    ],
)
def test_whether_a_fence_is_open(text: str, is_open: bool) -> None:
    assert _faults.open_fence(text) == is_open


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ('{"a": [1, 2', True),
        ('{"a": "b', True),
        ('[{"a": 1},', True),
        ('{"a": 1}', False),
        ('{"a": "}"}', False),
        ('{"a": 1} and more', False),
        ("{not json", False),
        ("[1] says so", False),
        ("[see above", False),
        ('{"a": oops', False),
        ("{" * 5000, False),
        ('[{"a":' * 5000, False),
    ],
)
def test_whether_json_is_open(text: str, is_open: bool) -> None:
    assert _faults.open_json(text) == is_open


@pytest.mark.parametrize(
    "text",
    [
        ANSWER,
        "Sixty degrees",
        ANSWER + "\n\n- the lid of the kiln and its gloves",
        ANSWER + "\n\n| a table | of two columns | and more of it",
        ANSWER + " Read more at https://example.org/kiln",
        ANSWER + " We love our kilns in this town #kiln",
        ANSWER + " It sums up to 12 + 30 = 42",
        ANSWER + " 🔥",
        "Over the hills and far away\nthe kilns burn bright\nnobody would dare to say\nwho lit them in the night",
        "请等到刻度盘显示六十度，然后用双手打开窑盖。",
        "กรุณารอจนกว่าหน้าปัดจะแสดง หกสิบองศา แล้วจึงเปิดฝาเตาเผา ด้วยมือ ทั้งสองข้าง อย่าง ระมัดระวัง มาก ที่สุด เท่า ที่ ทำได้",
        "Bitte warten Sie, bis die Anzeige sechzig Grad zeigt, und öffnen Sie dann den „Deckel“",
    ],
)
def test_what_is_finished(text: str) -> None:
    assert not _faults.unfinished(text)


@pytest.mark.parametrize(
    "text", [CUT, ANSWER + " After that it is best to put on a pair of gloves,", f"{ANSWER}\n\n{CUT}"]
)
def test_what_is_not(text: str) -> None:
    assert _faults.unfinished(text)


@given(cut=st.integers(0, 9), roles=st.lists(st.sampled_from(["user", "assistant", "system", "x"]), max_size=4),
       parts=st.lists(st.text(max_size=60), min_size=4, max_size=4))  # fmt: skip
def test_any_row_has_one_verdict_wherever_batches_are_cut(cut: int, roles: list[str], parts: list[str]) -> None:
    rows = [sft(*zip(roles, parts, strict=False)), answered(parts[0]), row_of("text", {"text": parts[1]})]
    filter_ = Format()
    whole = filter_.decide(filter_.measure(batch_of(rows, "record"))).rows
    pieces = [filter_.decide(filter_.measure(batch_of(part, "record"))).rows for part in (rows[:cut], rows[cut:])]
    assert pieces[0] + pieces[1] == whole
    assert all(row["reason"] is None or row["reason"].removeprefix("format.") in CHECKS for row in whole)


BAIT = [
    "<|" * 200_000,
    "`" * 500_000,
    "```\n" * 100_000,
    '{"' * 200_000,
    "[[" * 200_000,
    "a, " * 300_000,
    "\n" * 500_000,
]


@pytest.mark.parametrize("bait", BAIT, ids=lambda bait: repr(bait[:4]))
def test_bait_does_not_stall(bait: str) -> None:
    assert said(answered(bait))[0] in ("keep", "reject")
