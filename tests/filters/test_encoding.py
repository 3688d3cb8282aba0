"""Encoding: what was decoded wrongly is repaired where it stands, what is right is left, what is lost is rejected."""

import json
from itertools import pairwise
from typing import Any

import ftfy
import pyarrow as pa
import pytest
from ftfy.badness import badness
from hypothesis import example, given, settings
from hypothesis import strategies as st

from factory import plugins
from factory.edits import Edit, EditMap
from factory.errors import WrongRequest
from filters.encoding import CONTROL, LOST, Encoding
from tests.laws.strategies import STRANGE

RIGHT = [
    "Plain words, and a tab\tand\r\nlines.",
    "naïve café élan – “quotes”, l’été, Ærø, Žižek",
    "Größe: 20 °C ± 5 %",
    "привет, мир",
    "系统在启动后检查所有传感器。",
    "تتوقف المضخة عندما ينخفض الضغط",
    "Press 🚰 then 👩🏽‍🔧",
]
GERMAN = "Schön grüßt die Möwe: „Ich weiß, es ist fünf Grad.“ – so Björk’s Müll"


def judged(texts: dict[str, str], **options: Any) -> dict[str, Any]:
    """The verdict on a row of these fields."""
    columns = {
        "id": ["r"] * len(texts),
        "field": list(texts),
        "role": ["text"] * len(texts),
        "text": list(texts.values()),
    }
    filter_ = Encoding(**options)
    [row] = filter_.decide(filter_.measure(pa.record_batch(columns))).rows
    return dict(row)


def repaired(text: str, **options: Any) -> str:
    row = judged({"text": text}, **options)
    edits = (Edit(edit["start"], edit["end"], edit["kind"], edit["replacement"]) for edit in row["edits"] or ())
    return EditMap(tuple(edits)).apply(text)


@pytest.mark.parametrize("text", RIGHT)
def test_text_that_is_right_is_left(text: str) -> None:
    assert judged({"text": text}) == {"id": "r", "outcome": "keep", "reason": None, "edits": None, "evidence": None}


@pytest.mark.parametrize("wrong", ["latin-1", "cp1252", "cp1250", "iso-8859-2"])
def test_what_was_decoded_wrongly_is_repaired(wrong: str) -> None:
    text = "Die Möwe grüßt schön, und es ist fünf Grad."
    assert repaired(text.encode().decode(wrong)) == text


def test_only_the_wrong_characters_are_touched() -> None:
    text = "The cafÃ© opens at nine, and it is naÃ¯ve to come at eight."
    row = judged({"text": text})
    assert (row["outcome"], row["reason"], json.loads(row["evidence"])) == ("edit", "encoding.mojibake", {"places": 2})
    assert [text[edit["start"] : edit["end"]] for edit in row["edits"]] == ["Ã©", "Ã¯"]
    assert repaired(text) == "The café opens at nine, and it is naïve to come at eight."


def test_control_characters_go_and_line_breaks_stay() -> None:
    assert repaired("\ufeffA\x00 pump\x10\x10 stops.\r\n\tIt \x7fwaits.\x0c") == "A pump stops.\r\n\tIt waits.\x0c"
    assert judged({"text": "A\x00"})["reason"] == "encoding.control"


def test_each_string_of_a_row_is_repaired_in_its_place() -> None:
    row = judged({"messages[0].content": "CafÃ©?", "messages[1].content": "Yes.", "quotes[0].text": "\ufeffYes."})
    assert [(edit["field"], edit["start"], edit["end"]) for edit in row["edits"]] == [
        ("messages[0].content", 3, 5),
        ("quotes[0].text", 0, 1),
    ]


def test_what_is_lost_is_rejected_from_a_share_on() -> None:
    lost = "Gr\ufffd\ufffde und M\ufffdwen"
    row = judged({"text": lost})
    assert (row["outcome"], row["reason"], json.loads(row["evidence"])) == (
        "reject",
        "encoding.broken",
        {"broken": 3, "share": 0.2},
    )
    assert judged({"text": lost + " und so weiter" * 40})["outcome"] == "keep"
    assert judged({"text": lost}, max_broken=None)["outcome"] == "keep"


@pytest.mark.parametrize(("action", "outcome"), [("reject", "reject"), ("flag", "keep")])
def test_rows_may_be_rejected_or_flagged_instead(action: str, outcome: str) -> None:
    for text, reason in (("CafÃ©", "encoding.mojibake"), ("a\x00", "encoding.control"), ("\ufffd", "encoding.broken")):
        row = judged({"text": text}, action=action)
        assert (row["outcome"], row["reason"], row["edits"]) == (outcome, reason, None)


def test_a_bound_below_zero_is_refused() -> None:
    with pytest.raises(WrongRequest, match="encoding: max_broken cannot be -1"):
        plugins.filter_("encoding", {"max_broken": -1.0})


GARBLED = st.one_of(
    st.text(max_size=60),
    st.text("aé Ã©â€™\n\x00\x85\xa0ÂÐ¿\ufffd", max_size=60),
    st.sampled_from([*STRANGE, GERMAN]).map(lambda text: text.encode().decode("latin-1")),
    st.sampled_from([GERMAN]).map(lambda text: text.encode().decode("cp1252", errors="replace")),
)


@given(text=GARBLED)
@example(text="Ã\xa0 Ã\xa0\nÂ ")
@settings(max_examples=300)
def test_the_edits_make_what_ftfy_makes_of_each_line_without_controls(text: str) -> None:
    expected = "".join(line if line.isascii() else ftfy.fix_encoding(line) for line in text.splitlines(keepends=True))
    if "\n".join(text.splitlines()) == text.rstrip("\n"):  # it knows line feeds only
        assert repaired(text, max_broken=None) == CONTROL.sub("", expected)


BAD = ["Ã ", "a Â b", ". Â ", "à²", "вЂ", "ГўВЂВ.a", "Œ ", "Œuvre", "×²", "Ø°Ù°", "β€™", "ā€", "Â", "É°", "é", "“", "”"]
PLAIN = ["a", " ", "is it", "of the pump", "and then it waits for a long time", "\ufffd", "中", "1", "Z\t"]


@given(text=st.lists(st.sampled_from([*BAD, *PLAIN]), max_size=8).map("".join))
@settings(max_examples=500)
def test_broken_is_what_ftfy_finds_bad_in_a_line_that_it_has_repaired(text: str) -> None:
    lost = len(LOST.findall(text))
    batch = pa.record_batch({"id": ["r"], "field": ["text"], "role": ["text"], "text": [text]})
    [row] = Encoding().measure(batch).to_pylist()
    assert row["broken"] == lost + badness(LOST.sub("", ftfy.fix_encoding(text)))


@given(text=GARBLED)
def test_the_edits_fit_the_text(text: str) -> None:
    edits = judged({"text": text}, max_broken=None)["edits"] or []
    assert all(0 <= edit["start"] < edit["end"] <= len(text) for edit in edits)
    assert all(left["end"] <= right["start"] for left, right in pairwise(edits))


@given(texts=st.lists(GARBLED, min_size=1, max_size=4))
def test_a_row_gets_the_same_figures_in_any_batch_and_under_any_bound(texts: list[str]) -> None:
    ids = [str(nth) for nth in range(len(texts))]
    batch = pa.record_batch({"id": ids, "field": ["text"] * len(ids), "role": ["text"] * len(ids), "text": texts})
    whole = Encoding(action="flag", max_broken=0.5).measure(batch).to_pylist()
    assert whole == [row for nth in range(len(ids)) for row in Encoding().measure(batch.slice(nth, 1)).to_pylist()]


@pytest.mark.slow
@pytest.mark.parametrize("bait", ["é", "Ã©", "Ã", "â€™", "\x00", "\ufffd", "Â\xa0", "中"])
def test_half_a_megabyte_of_one_thing_gets_a_verdict(bait: str) -> None:
    assert judged({"text": bait * (500_000 // len(bait))})["outcome"] in ("keep", "edit", "reject")
